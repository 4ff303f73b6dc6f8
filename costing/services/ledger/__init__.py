"""The ledger: gather facts, put the arithmetic to them, store days and totals."""

from .derive import SOURCE, derive_days, derive_touched_days, ledger_method

__all__ = ["SOURCE", "derive_days", "derive_touched_days", "ledger_method"]
