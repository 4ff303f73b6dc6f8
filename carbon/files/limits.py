"""How much of a file is held in memory at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Memory follows from these and not from the rows. A block has fewer rows than either table has places."""

    block_bytes: int = 1 << 20  # its arrays stay in the processor's cache; larger blocks are slower
    groups: int = 1 << 18  # an instance of one type in one region
    days: int = 1 << 18  # of groups
