"""Findings: the rules are held against what was measured, and people decide what becomes of what they found."""

from .decide import accept, dismiss, reopen, snooze
from .evaluate import evaluate_findings

__all__ = ["accept", "dismiss", "evaluate_findings", "reopen", "snooze"]
