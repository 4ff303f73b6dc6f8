"""Brings the list of what an account holds beside instances up to date."""

from .buckets import refresh_buckets
from .refresh import refresh_addresses, refresh_databases, refresh_disks, refresh_functions

__all__ = ["refresh_addresses", "refresh_buckets", "refresh_databases", "refresh_disks", "refresh_functions"]
