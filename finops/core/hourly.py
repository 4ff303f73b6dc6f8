"""The 24 hours of a day packed into one column: the same bytes on PostgreSQL and SQLite."""

from typing import Any

import numpy as np
import numpy.typing as npt
from django.core.exceptions import ValidationError
from django.db import models

HOURS_PER_DAY = 24

type_codes = ("<f4", "<u2", "u1")


class HourlyField(models.BinaryField):  # type: ignore[type-arg] # generic for the type checker only
    """A numpy array of 24 values, little-endian; hour 0 is the first hour of the UTC day.

    With `dtype="<f4"` a missing hour is NaN. Reads give a read-only array.
    """

    FLOATS = "<f4"

    def __init__(self, *args: Any, dtype: str = FLOATS, **kwargs: Any) -> None:
        """Remember the packed type: float32, uint16 or uint8."""
        if dtype not in type_codes:
            raise ValueError(f"An hourly field packs one of {type_codes}, not {dtype!r}.")
        self.dtype = dtype
        kwargs["max_length"] = HOURS_PER_DAY * np.dtype(dtype).itemsize
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Keep `dtype` in migrations; `max_length` follows from it."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        if self.dtype != self.FLOATS:
            kwargs["dtype"] = self.dtype
        return name, path, args, kwargs

    def from_db_value(self, value: Any, *_: Any) -> npt.NDArray[Any] | None:
        """Bytes from the database as an array of 24."""
        return None if value is None else np.frombuffer(bytes(value), dtype=self.dtype)

    def to_python(self, value: Any) -> Any:
        """Anything array-like of length 24 as an array of the packed type."""
        if value is None:
            return None
        if isinstance(value, bytes | memoryview):
            return np.frombuffer(bytes(value), dtype=self.dtype)
        array = np.asarray(value, dtype=self.dtype)
        if array.shape != (HOURS_PER_DAY,):
            raise ValidationError(f"A day has 24 hours, not an array of shape {array.shape}.")
        return array

    def get_prep_value(self, value: Any) -> Any:
        """The array as bytes."""
        array = self.to_python(value)
        return None if array is None else array.tobytes()
