"""Brings the CPU utilization of an account's instances up to date."""

from .refresh import SOURCE, refresh_utilization

__all__ = ["SOURCE", "refresh_utilization"]
