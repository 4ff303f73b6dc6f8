"""Brings the chosen metrics of an account's resources up to date."""

from .refresh import SOURCE, refresh_metrics

__all__ = ["SOURCE", "refresh_metrics"]
