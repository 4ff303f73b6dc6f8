"""What the tables of regions hold of a region beside those of AWS, which the ledger needs more of."""

from typing import NamedTuple


class CloudPlace(NamedTuple):
    """One region. `note` says where sources disagree."""

    key: str
    name: str
    latitude: float
    longitude: float
    zone: str
    note: str = ""
