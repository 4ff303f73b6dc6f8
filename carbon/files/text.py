"""Numbers and hours out of a block of text, all rows at once: eight bytes in a word, worked on as one integer.

What does not have the plain form is left to the caller, who reads it row by row.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_PADDING: Final = 1024  # more than the longest key: a word may be read from behind the end
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text.ljust(8, b"\0"), "little"))


def _every_byte(value: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([value] * 8), "little"))


_KEEP = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)  # the first n bytes of a word
_DOTS, _ZEROS = _every_byte(ord(".")), _every_byte(ord("0"))
_ONES, _HIGH_BITS = _every_byte(0x01), _every_byte(0x80)
_POWERS_OF_TEN = 10.0 ** np.arange(25)
_WORD = 8  # bytes
_LONGEST = 3 * _WORD


class Text:
    """A block of characters, to be read eight at a time from any position."""

    def __init__(self, chars: npt.NDArray[np.uint8], *, zeros_at: Positions) -> None:
        """Copy `chars`, with zero bytes at some positions and behind the end."""
        self._size = len(chars)
        self._chars = np.empty(self._size + _PADDING, np.uint8)
        self._chars[: self._size] = chars
        self._chars[self._size :] = 0
        self._chars[zeros_at] = 0
        self._words: Words = np.ndarray((self._size + _PADDING - 7,), np.dtype("<u8"), self._chars, strides=(1,))

    def piece(self, start: int, end: int) -> bytes:
        """The characters from `start` to before `end`."""
        return self._chars[start:end].tobytes()

    def words(self, starts: Positions) -> Words:
        """The eight bytes from each position on."""
        return self._words[starts]

    def key_words(self, starts: Positions, lengths: Positions) -> list[Words]:
        """Each row's text as words, zeros behind its end; as many words as the longest needs."""
        shortest, longest = int(lengths.min(initial=0)), int(lengths.max(initial=1))
        words = []
        for offset in range(0, longest, _WORD):
            word = self.words(starts + offset)
            if shortest < offset + _WORD:
                word &= _KEEP[np.clip(lengths - offset, 0, _WORD)]
            words.append(word)
        return words


def plain_decimals(text: Text, starts: Positions, lengths: Positions) -> tuple[npt.NDArray[np.float64], Mask]:
    """Numbers of digits and at most one dot; and which texts are not so (the empty ones among them).

    Up to eight characters give just what `float()` gives; longer ones, whose dot is among the first eight, up to
    the last bit.
    """
    length = np.minimum(lengths, _WORD).astype(np.uint64)
    word: Words = text.words(starts) & _KEEP[length]
    # The lowest high bit that stays set marks the first dot (a zero byte, once dots are taken from the text).
    no_dots = word ^ _DOTS
    marks = (no_dots - _ONES) & ~no_dots & _HIGH_BITS
    first_mark = marks & (~marks + np.uint64(1))
    before_dot: Words = (first_mark >> np.uint64(7)) - np.uint64(1)  # all bits where there is no dot
    has_dot = first_mark != 0
    count = length - has_dot.astype(np.uint64)
    number, wrong = _digits((word & before_dot) | ((word >> np.uint64(8)) & ~before_dot), count)
    wrong |= count == 0
    decimals = np.maximum(count.astype(np.int64) - (np.bitwise_count(before_dot) >> 3), 0)
    values = number / _POWERS_OF_TEN[decimals]
    long = np.flatnonzero(lengths > _WORD)
    for offset in (_WORD, 2 * _WORD) if long.size else ():
        more = np.clip(lengths[long] - offset, 0, _WORD)
        number, more_wrong = _digits(text.words(starts[long] + offset), more.astype(np.uint64))
        decimals[long] += more
        values[long] += number / _POWERS_OF_TEN[decimals[long]]
        wrong[long] |= more_wrong | ~has_dot[long] | (lengths[long] > _LONGEST)
    return values, wrong


def _digits(word: Words, count: Words) -> tuple[Words, Mask]:
    """The number that the first `count` characters of each word stand for, and which words are not all digits."""
    # To the word's upper end, where the last digit of a number of eight stands; zeros lead.
    values = (word ^ _ZEROS) << (np.uint64(64) - (count << np.uint64(3)))
    wrong = ((values + _every_byte(0x76)) | values) & _HIGH_BITS != 0
    return _eight_digits(values), wrong


def _eight_digits(values: Words) -> Words:
    """The number that eight bytes from 0 to 9 stand for, first digit first: pairs, then fours, then all."""
    pairs = values * np.uint64(10) + (values >> np.uint64(8))
    every_second = np.uint64(0x000000FF000000FF)
    upper = (pairs & every_second) * np.uint64(100 + (1_000_000 << 32))
    lower = ((pairs >> np.uint64(16)) & every_second) * np.uint64(1 + (10_000 << 32))
    return (upper + lower) >> np.uint64(32)


# How far each byte may be above its model: added to it, a greater one reaches the high bit.
_DATE, _DATE_ROOM = _word(b"0000-00-"), _word(bytes([0x76, 0x76, 0x76, 0x76, 0x7F, 0x7E, 0x76, 0x7F]))
_HOUR, _HOUR_ROOM = _word(b"00T00:00"), _word(bytes([0x7C, 0x76, 0x7F, 0x7D, 0x76, 0x7F, 0x7A, 0x76]))
_SECONDS, _SECONDS_ROOM = _word(b":00:00"), _word(bytes([0x7F, 0x7A, 0x76, 0x7F, 0x7A, 0x76, 0x7F, 0x7F]))
_UTC_OFFSET = _word(b"+00:00")
_MONTHS = np.arange(f"{FIRST_YEAR}-01", f"{LAST_YEAR + 1}-02", dtype="datetime64[M]")
_FIRST_DAY_OF = _MONTHS.astype("datetime64[D]").astype(np.int64)
_DAYS_IN = np.diff(_FIRST_DAY_OF)
_BYTE = np.uint64(0xFF)
_MONTHS_A_YEAR, _HOURS_A_DAY = 12, 24


def plain_hours(text: Text, starts: Positions, lengths: Positions) -> tuple[Positions, Mask]:
    """Hours since 1970 of texts like 2026-03-01T05:00:00 with Z, +00:00 or nothing behind; and which are not so."""
    date = text.words(starts) ^ _DATE
    hour = text.words(starts + 8) ^ _HOUR
    rest = text.words(starts + 13)
    seconds = (rest ^ _SECONDS) & _KEEP[6]
    beyond = (date + _DATE_ROOM) | date | (hour + _HOUR_ROOM) | hour | (seconds + _SECONDS_ROOM)
    behind = lengths - len("2026-03-01T05:00:00")
    in_utc = (behind == 1) & ((rest >> np.uint64(48)) & _BYTE == ord("Z"))
    if not in_utc.all():
        ending = text.words(starts + len("2026-03-01T05:00:00")) & _KEEP[6]
        in_utc |= (behind == 0) | ((behind == len("+00:00")) & (ending == _UTC_OFFSET))
    wrong = (beyond & _HIGH_BITS != 0) | ~in_utc
    pairs = date * np.uint64(10) + (date >> np.uint64(8))
    year = (pairs & _BYTE) * np.uint64(100) + ((pairs >> np.uint64(16)) & _BYTE)
    month = (pairs >> np.uint64(40)) & _BYTE
    of_all_months = (year.astype(np.int64) - FIRST_YEAR) * _MONTHS_A_YEAR + month.astype(np.int64) - 1
    wrong |= (of_all_months < 0) | (of_all_months >= len(_DAYS_IN)) | (month < 1) | (month > _MONTHS_A_YEAR)
    of_all_months[wrong] = 0
    pairs = hour * np.uint64(10) + (hour >> np.uint64(8))
    day = (pairs & _BYTE).astype(np.int64)
    hour_of_day = ((pairs >> np.uint64(24)) & _BYTE).astype(np.int64)
    wrong |= (day < 1) | (day > _DAYS_IN[of_all_months]) | (hour_of_day >= _HOURS_A_DAY)
    return (_FIRST_DAY_OF[of_all_months] + day - 1) * _HOURS_A_DAY + hour_of_day, wrong
