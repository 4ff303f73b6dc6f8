from .explorer import explorer, forget, save
from .pages import (
    PERIODS,
    account_remove,
    checks,
    instance,
    instance_columns,
    instance_runtime,
    instances,
    overview,
    team_settings,
)

__all__ = [
    "PERIODS",
    "account_remove",
    "checks",
    "explorer",
    "forget",
    "instance",
    "instance_columns",
    "instance_runtime",
    "instances",
    "overview",
    "save",
    "team_settings",
]
