"""Where each part of a ledger hour came from, packed into 16 bits, and the grade that follows from it."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from carbon.estimators.intensity import IntensityQuality

__all__ = [
    "CpuQuality",
    "IntensityQuality",
    "PowerQuality",
    "PriceQuality",
    "RuntimeQuality",
    "pack_quality",
    "quality_of",
]


class RuntimeQuality(IntEnum):
    """How the running seconds of an hour are known."""

    NOT_RUNNING = 0
    EXACT = 1
    BOUNDED = 2
    ASSUMED = 3


class CpuQuality(IntEnum):
    """How the CPU utilization of an hour is known."""

    NONE = 0
    MEASURED = 1
    DEFAULT = 2


class PowerQuality(IntEnum):
    """How the watts of an hour are known."""

    NONE = 0
    CURVE = 1
    SUBSTITUTED = 2


class PriceQuality(IntEnum):
    """How the price of an hour is known."""

    NONE = 0
    LISTED = 1
    PLATFORM_ASSUMED = 2


_SHIFTS = {"runtime": 0, "cpu": 2, "intensity": 4, "power": 7, "price": 9}
_WIDTHS = {"runtime": 2, "cpu": 2, "intensity": 3, "power": 2, "price": 2}

Codes = npt.NDArray[np.integer]


def pack_quality(*, runtime: Codes, cpu: Codes, intensity: Codes, power: Codes, price: Codes) -> npt.NDArray[np.uint16]:
    """Five arrays of codes (broadcast together) as one array of uint16."""
    parts = {"runtime": runtime, "cpu": cpu, "intensity": intensity, "power": power, "price": price}
    packed: npt.NDArray[np.uint16] = np.zeros(np.broadcast_shapes(*(p.shape for p in parts.values())), np.uint16)
    for name, codes in parts.items():
        packed |= np.left_shift(codes.astype(np.uint16), _SHIFTS[name], dtype=np.uint16)
    return packed


def quality_of(part: str, packed: Codes) -> npt.NDArray[np.uint16]:
    """The codes of one part ("runtime", "cpu", "intensity", "power" or "price") out of packed hours."""
    shifted = np.right_shift(packed.astype(np.uint16), _SHIFTS[part], dtype=np.uint16)
    return shifted & np.uint16((1 << _WIDTHS[part]) - 1)
