from .documents import about_data, glossary, methodology
from .grid import grid, zone

__all__ = ["about_data", "glossary", "grid", "methodology", "zone"]
