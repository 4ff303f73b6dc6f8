from .api_token import ApiToken, TokenScope
from .audit_entry import AuditEntry, Door
from .aws_account import HOST_KINDS, AccessKind, AwsAccount
from .heartbeat import Heartbeat, Part
from .instance import Instance
from .instance_event import EventWatermark, InstanceEvent
from .metric_choice import MetricChoice
from .metric_day import CPU_UTILIZATION, MetricDay, ResourceMetricDay
from .pace import Pace
from .refresh_run import ACTIVE_STATES, RefreshRun, RunState, TouchedDay
from .resource import Resource
from .source_status import SourceState, SourceStatus
from .sso_session import SsoSession, SsoState
from .team import Membership, PowerModel, Role, Team
from .user import Reach, User

__all__ = [
    "ACTIVE_STATES",
    "CPU_UTILIZATION",
    "HOST_KINDS",
    "AccessKind",
    "ApiToken",
    "AuditEntry",
    "AwsAccount",
    "Door",
    "EventWatermark",
    "Heartbeat",
    "Instance",
    "InstanceEvent",
    "Membership",
    "MetricChoice",
    "MetricDay",
    "Pace",
    "Part",
    "PowerModel",
    "Reach",
    "RefreshRun",
    "Resource",
    "ResourceMetricDay",
    "Role",
    "RunState",
    "SourceState",
    "SourceStatus",
    "SsoSession",
    "SsoState",
    "Team",
    "TokenScope",
    "TouchedDay",
    "User",
]
