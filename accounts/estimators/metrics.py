"""What CloudWatch measures of each kind of resource by itself, and what of it we may ask for."""

from dataclasses import dataclass

from .resource_kinds import ResourceKind


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of one kind; `statistics` names the columns its hours are kept in.

    A count has no value for an hour in which nothing happened: once the hour has settled, that is none.
    """

    kind: ResourceKind
    name: str
    label: str
    unit: str
    statistics: tuple[str, ...]
    most: float  # what is more is a mistake
    is_on_at_first: bool = True
    is_daily: bool = False
    is_count: bool = False

    @property
    def hours_between_at_first(self) -> int:
        """How often it is asked where nobody has chosen: a day brings no more than four times a day would."""
        return 24 if self.is_daily else 6


_EC2, _RDS = ResourceKind.EC2_INSTANCE, ResourceKind.RDS_INSTANCE
_LAMBDA, _S3 = ResourceKind.LAMBDA_FUNCTION, ResourceKind.S3_BUCKET
_AVERAGE, _BOTH, _TOTAL = ("average",), ("average", "maximum"), ("total",)
_MUCH = 1e15

METRICS: tuple[Metric, ...] = (
    Metric(_EC2, "NetworkIn", "Network in", "bytes", _TOTAL, _MUCH),
    Metric(_EC2, "NetworkOut", "Network out", "bytes", _TOTAL, _MUCH),
    Metric(_EC2, "EBSReadBytes", "Read from disks", "bytes", _TOTAL, _MUCH, is_on_at_first=False),
    Metric(_EC2, "EBSWriteBytes", "Written to disks", "bytes", _TOTAL, _MUCH, is_on_at_first=False),
    Metric(_RDS, "CPUUtilization", "CPU", "per cent", _BOTH, 100.01),
    Metric(_RDS, "DatabaseConnections", "Connections", "connections", _BOTH, 1e7),
    Metric(_RDS, "FreeStorageSpace", "Free storage", "bytes", _AVERAGE, _MUCH),
    Metric(_RDS, "FreeableMemory", "Freeable memory", "bytes", _AVERAGE, _MUCH),
    Metric(_RDS, "BurstBalance", "Burst balance", "per cent", _AVERAGE, 100.01),
    Metric(_LAMBDA, "Invocations", "Invocations", "calls", _TOTAL, 1e12, is_count=True),
    Metric(_LAMBDA, "Errors", "Errors", "calls", _TOTAL, 1e12, is_count=True),
    Metric(_LAMBDA, "Throttles", "Throttles", "calls", _TOTAL, 1e12, is_count=True),
    Metric(_LAMBDA, "Duration", "Duration", "milliseconds", _BOTH, 1e6),
    Metric(_S3, "BucketSizeBytes", "Size in standard storage", "bytes", _AVERAGE, 1e18, is_daily=True),
    Metric(_S3, "NumberOfObjects", "Objects", "objects", _AVERAGE, 1e15, is_daily=True),
)

METRICS_BY_KEY: dict[tuple[str, str], Metric] = {(metric.kind.value, metric.name): metric for metric in METRICS}


def asked_a_month(*, hours_between: int) -> float:
    """How often something is asked in an average month of 730 hours."""
    if hours_between <= 0:
        raise ValueError(f"Between two askings lies at least an hour, not {hours_between}.")
    return 730 / hours_between
