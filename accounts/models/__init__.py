from .audit_entry import AuditEntry, Door
from .aws_account import AccessKind, AwsAccount
from .instance import Instance
from .instance_event import EventWatermark, InstanceEvent
from .metric_day import CPU_UTILIZATION, MetricDay
from .pace import Pace
from .refresh_run import ACTIVE_STATES, RefreshRun, RunState, TouchedDay
from .source_status import SourceState, SourceStatus
from .team import Membership, PowerModel, Role, Team
from .user import User

__all__ = [
    "ACTIVE_STATES",
    "CPU_UTILIZATION",
    "AccessKind",
    "AuditEntry",
    "AwsAccount",
    "Door",
    "EventWatermark",
    "Instance",
    "InstanceEvent",
    "Membership",
    "MetricDay",
    "Pace",
    "PowerModel",
    "RefreshRun",
    "Role",
    "RunState",
    "SourceState",
    "SourceStatus",
    "Team",
    "TouchedDay",
    "User",
]
