"""What the accounts hold beside machines: databases, buckets, functions, disks and addresses."""

from .plan import default_estate
from .things import Thing

__all__ = ["Thing", "default_estate"]
