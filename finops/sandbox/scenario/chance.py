"""Chance that repeats: the same seed and the same words give the same numbers, on every machine."""

import random
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_TOP_53_BITS = np.uint64(11)


def number_from(*words: object) -> int:
    """A 64-bit number that depends on `words` alone."""
    text = "/".join(str(word) for word in words)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def hex_from(*words: object, digits: int) -> str:
    """So many hexadecimal digits that depend on `words` alone."""
    text = "/".join(str(word) for word in words)
    return blake2b(text.encode(), digest_size=32).hexdigest()[:digits]


def share_from(*words: object) -> float:
    """A number from 0 (included) to 1 (not included) that depends on `words` alone."""
    return (number_from(*words) >> 11) / 2**53


def dice(*words: object) -> random.Random:
    """A generator whose rolls depend on `words` alone."""
    return random.Random("/".join(str(word) for word in words))  # noqa: S311 (nothing secret hangs on it)


def uniform(seed: int, index: NDArray[np.int64]) -> Floats:
    """For each number of `index` a value from 0 to 1, scattered as if by chance.

    The value of an index does not depend on the others, so any stretch of a series may be asked alone
    and agrees with every other stretch (SplitMix64, S. Vigna, public domain algorithm).
    """
    with np.errstate(over="ignore"):
        state = np.uint64(seed & 0xFFFFFFFFFFFFFFFF) + (index.astype(np.uint64) + np.uint64(1)) * _GOLDEN
        state = (state ^ (state >> _SHIFTS[0])) * _MIX_1
        state = (state ^ (state >> _SHIFTS[1])) * _MIX_2
        state ^= state >> _SHIFTS[2]
    return (state >> _TOP_53_BITS).astype(np.float64) / 2**53


def bell(seed: int, index: NDArray[np.int64]) -> Floats:
    """Like `uniform`, but around 0, mostly within ±1, with a standard deviation of about 0.58."""
    rolls = [uniform(number_from(seed, turn), index) for turn in range(4)]
    return np.asarray(sum(rolls), dtype=np.float64) - 2.0
