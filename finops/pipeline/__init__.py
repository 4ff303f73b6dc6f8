"""The refresh: its steps in order, what is due, and the work on one run."""

from .due import due_steps, tick
from .execute import execute_run
from .report import StepReport
from .steps import PIPELINE

__all__ = ["PIPELINE", "StepReport", "due_steps", "execute_run", "tick"]
