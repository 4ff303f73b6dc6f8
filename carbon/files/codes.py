"""Numbers for keys: the same key gets the same small number, thousands of rows at a time."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int64]
_Number = TypeVar("_Number", bound=np.generic)

_SPREAD = 0x9E3779B97F4A7C15  # odd, its bits without pattern: neighbouring keys land far apart


class CodeTable:
    """Keys of 64-bit words numbered 1, 2, 3 … in the order met: an open-addressing hash table in numpy.

    A key may have any number of words; missing ones count as zero, and no key is all zeros. The table takes all its
    memory when it is made and holds `capacity` keys; the caller sees to it that no more come.
    """

    def __init__(self, capacity: int) -> None:
        """Start with no keys."""
        self.capacity = capacity
        self.count = 0
        self._keys = np.zeros((capacity + 1, 0), np.uint64)  # [code, word]; code 0 is "no key", all zeros
        self._bits = capacity.bit_length() + 1  # two to four slots for each key
        self._code_at = touched(1 << self._bits, np.int32)

    @property
    def keys(self) -> Words:
        """Every key in the order of the codes, [key, word]; not a copy."""
        return self._keys[1 : self.count + 1]

    def clear(self) -> None:
        """Forget all keys; numbers begin at 1 again."""
        self._keys[: self.count + 1] = 0
        self._code_at.fill(0)
        self.count = 0

    def codes(self, words: Sequence[Words]) -> tuple[Codes, Codes]:
        """The code of each row's key, and one row of each key that was new, in the order of the new codes."""
        if len(words) > self._keys.shape[1]:
            wider = touched((self.capacity + 1, len(words)), np.uint64)
            wider[:, : self._keys.shape[1]] = self._keys
            self._keys = wider
        hashes = _hashes(words)
        codes = self._find(words, hashes)
        new_rows = []
        # Two different new keys with one and the same hash are told apart in the next round.
        while (missing := np.flatnonzero(codes == 0)).size:
            rows = missing[np.unique(hashes[missing], return_index=True)[1]]
            rows.sort()
            self._add([word[rows] for word in words], hashes[rows])
            codes[missing] = self._find([word[missing] for word in words], hashes[missing])
            new_rows.append(rows)
        return codes, np.concatenate(new_rows) if new_rows else np.empty(0, np.int64)

    def _find(self, words: Sequence[Words], hashes: Words) -> Codes:
        slots = self._slots(hashes)
        codes = self._code_at[slots].astype(np.int64)
        differs = self._differs(codes, words)
        while (others := np.flatnonzero(differs & (codes != 0))).size:
            slots[others] = self._next(slots[others])
            codes[others] = self._code_at[slots[others]]
            differs[others] = self._differs(codes[others], [word[others] for word in words])
        return codes

    def _differs(self, codes: Codes, words: Sequence[Words]) -> npt.NDArray[np.bool_]:
        keys = self._keys
        differs: npt.NDArray[np.bool_] = keys[:, 0][codes] != words[0]
        for position in range(1, keys.shape[1]):
            differs |= keys[:, position][codes] != (words[position] if position < len(words) else 0)
        return differs

    def _add(self, words: Sequence[Words], hashes: Words) -> None:
        codes = np.arange(self.count + 1, self.count + 1 + len(hashes), dtype=np.int32)
        self.count += len(hashes)
        for position, word in enumerate(words):
            self._keys[codes, position] = word
        slots = self._slots(hashes)
        while codes.size:
            free = self._code_at[slots] == 0
            self._code_at[slots[free]] = codes[free]  # of several in one slot the last stays
            placed = self._code_at[slots] == codes
            codes, slots = codes[~placed], self._next(slots[~placed])

    def _slots(self, hashes: Words) -> Codes:
        return (hashes >> np.uint64(64 - self._bits)).astype(np.int64)

    def _next(self, slots: Codes) -> Codes:
        return (slots + 1) & ((1 << self._bits) - 1)


def touched(shape: int | tuple[int, ...], dtype: type[_Number]) -> npt.NDArray[_Number]:
    """Zeros that take their memory at once, so that it does not creep up as they are written to."""
    array = np.empty(shape, dtype)
    array.fill(0)
    return array


def _hashes(words: Sequence[Words]) -> Words:
    total = words[0] * np.uint64(_SPREAD)
    for position, word in enumerate(words[1:], start=1):
        total += word * np.uint64((_SPREAD * (2 * position + 1)) % (1 << 64))
    total ^= total >> np.uint64(32)
    return total * np.uint64(_SPREAD)
