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
from .resources import finding_decide, findings, resource, resources

__all__ = [
    "PERIODS",
    "account_remove",
    "checks",
    "explorer",
    "finding_decide",
    "findings",
    "forget",
    "instance",
    "instance_columns",
    "instance_runtime",
    "instances",
    "overview",
    "resource",
    "resources",
    "save",
    "team_settings",
]
