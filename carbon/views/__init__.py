from .documents import about_data, glossary, methodology
from .grid import grid, zone
from .when_and_where import when_and_where

__all__ = ["about_data", "glossary", "grid", "methodology", "when_and_where", "zone"]
