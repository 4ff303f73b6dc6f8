from .answer import Block, Exploration, Kind, Line, explore
from .question import (
    DEFAULT_TOP,
    MOST_TOP,
    NONE,
    Dimension,
    Measure,
    Question,
    why_unanswerable,
)

__all__ = [
    "DEFAULT_TOP",
    "MOST_TOP",
    "NONE",
    "Block",
    "Dimension",
    "Exploration",
    "Kind",
    "Line",
    "Measure",
    "Question",
    "explore",
    "why_unanswerable",
]
