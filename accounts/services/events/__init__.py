"""Reads on in an account's CloudTrail: what to ask, the asking, what is stored, and which days that touches."""

from .refresh import refresh_events

__all__ = ["refresh_events"]
