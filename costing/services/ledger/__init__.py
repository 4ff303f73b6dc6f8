"""The ledger: gather facts, put the arithmetic to them, store days and totals."""

from .derive import SOURCE, derive_days, derive_touched_days, ledger_method
from .windows import add_up_windows

__all__ = ["SOURCE", "add_up_windows", "derive_days", "derive_touched_days", "ledger_method"]
