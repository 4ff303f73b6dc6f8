"""Columns of numbers packed into one value: the same bytes on PostgreSQL and SQLite."""

from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import models

# Microseconds since 1970 and microseconds; g/kWh exactly as told.
POINTS = [("starts_at", "<i8"), ("duration", "<i8"), ("gco2e_per_kwh", "<f8")]
# Between these lie 80 of 100 cases, g/kWh.
BAND = [("low", "<f8"), ("high", "<f8")]


class PackedRowsField(models.BinaryField):  # type: ignore[type-arg] # generic for the type checker only
    """A numpy array of rows with the columns `dtype` names, one after another. Reads give a read-only array."""

    def __init__(self, *args: Any, dtype: list[tuple[str, str]], **kwargs: Any) -> None:
        """Remember the columns and their little-endian types."""
        self.dtype = [(name, kind) for name, kind in dtype]
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Keep `dtype` in migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"dtype": self.dtype}

    def from_db_value(self, value: Any, *_: Any) -> npt.NDArray[Any] | None:
        """Bytes from the database as rows."""
        return None if value is None else np.frombuffer(bytes(value), dtype=self.dtype)

    def to_python(self, value: Any) -> Any:
        """Bytes, or anything array-like, as rows."""
        if value is None:
            return None
        if isinstance(value, bytes | memoryview):
            return np.frombuffer(bytes(value), dtype=self.dtype)
        return np.asarray(value, dtype=self.dtype)

    def get_prep_value(self, value: Any) -> Any:
        """The rows as bytes."""
        rows = self.to_python(value)
        return None if rows is None else rows.tobytes()
