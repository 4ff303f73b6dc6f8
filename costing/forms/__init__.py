from .parameters import (
    DEFAULT_DAYS,
    DEFAULT_HOURS,
    ChecksForm,
    ColumnsForm,
    HoursForm,
    InstanceForm,
    InstancesForm,
    ScopeForm,
    SnapshotsForm,
    TotalsForm,
    WindowForm,
)
from .team_settings import TeamSettingsForm

__all__ = [
    "DEFAULT_DAYS",
    "DEFAULT_HOURS",
    "ChecksForm",
    "ColumnsForm",
    "HoursForm",
    "InstanceForm",
    "InstancesForm",
    "ScopeForm",
    "SnapshotsForm",
    "TeamSettingsForm",
    "TotalsForm",
    "WindowForm",
]
