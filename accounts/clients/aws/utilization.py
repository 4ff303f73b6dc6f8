"""CloudWatch: how busy instances were, hour by hour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from finops.core.periods import HOUR, Period
from finops.core.upstream.errors import UpstreamMisunderstood, UpstreamRejected

from .session import AwsSession, Operation

GET_METRIC_DATA = Operation("aws_cloudwatch", "cloudwatch", "GetMetricData", "MetricDataResults")

# https://aws.amazon.com/cloudwatch/pricing/: up to five statistics of a metric in one request count as one metric.
USD_PER_METRIC = Decimal("0.00001")
_MOST_QUERIES = 500
_MOST_POINTS = 100_800
_PERIOD_SECONDS = 3600
_STATISTICS = ("Average", "Maximum", "SampleCount")
_IDS = ("a", "m", "s")

_MOST_PERCENT = 100.0
_ROUNDING = 0.01  # averages of full minutes come back as 100.00000000000001
_MOST_SAMPLES = 120.0  # EC2 measures once a minute; twice that can only be a mistake

Hours = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HourlyCpu:
    """CPU utilization of many instances: a row an instance, as asked, a column an hour, the first one first.

    Per cent, 0 to 100. `sample_count` is the number of minutes measured. NaN: CloudWatch has no value.
    `is_complete` says of which instances it told all it has; `refused_values` were implausible.
    """

    average: Hours
    maximum: Hours
    sample_count: Hours
    is_complete: npt.NDArray[np.bool_]
    refused_values: int
    messages: frozenset[str]


def most_instances(*, hours: int) -> int:
    """How many instances may be asked in one call for so many hours."""
    return max(1, min(_MOST_QUERIES // len(_STATISTICS), _MOST_POINTS // (len(_STATISTICS) * max(hours, 1))))


def hourly_cpu(aws: AwsSession, *, region: str, instance_ids: Sequence[str], period: Period) -> HourlyCpu:
    """CPU of each instance in each hour of `period`, which begins and ends on the hour.

    One call, whose price is by instance and not by hour: ask for many hours at once.
    """
    hours = period.length // HOUR
    answer = _Answer(instance_ids, period.start, hours)
    pages = aws.pages(
        GET_METRIC_DATA,
        region=region,
        cost_usd=USD_PER_METRIC * len(instance_ids),
        MetricDataQueries=[query for row, one in enumerate(instance_ids) for query in _queries(row, one)],
        StartTime=period.start,
        EndTime=period.end,
        ScanBy="TimestampAscending",
    )
    for page in pages:
        try:
            answer.take(page)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise _cannot_be_read() from error
    return answer.as_hours()


def _queries(row: int, instance_id: str) -> Iterable[dict[str, Any]]:
    metric = {
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "InstanceId", "Value": instance_id}],
    }
    for key, statistic in zip(_IDS, _STATISTICS, strict=True):
        yield {
            "Id": f"{key}{row}",
            # A label of our own is short: else each result repeats the instance and the metric in words.
            "Label": key,
            "MetricStat": {"Metric": metric, "Period": _PERIOD_SECONDS, "Stat": statistic},
        }


class _Answer:
    """What the pages of one call tell, filled into arrays."""

    def __init__(self, instance_ids: Sequence[str], start: datetime, hours: int) -> None:
        shape = (len(instance_ids), hours)
        self._values = {key: np.full(shape, np.nan, dtype=np.float32) for key in _IDS}
        self._series = {f"{key}{row}": (key, row) for key in _IDS for row in range(len(instance_ids))}
        self._status: dict[str, str] = {}
        self._column = {start + n * HOUR: n for n in range(hours)}
        # Instances that ran all the time tell the same hours again and again.
        self._last_times: list[datetime] = []
        self._last_columns: npt.NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._strays = 0
        self._messages: set[str] = set()

    def take(self, page: Mapping[str, Any]) -> None:
        self._messages.update(str(message["Code"])[:60] for message in page.get("Messages", ()))
        for result in page["MetricDataResults"]:
            key, row = self._series[result["Id"]]
            status = self._status[result["Id"]] = result.get("StatusCode", "Complete")
            if status == "Forbidden":
                raise UpstreamRejected(
                    "cloudwatch:GetMetricData is not permitted for this metric.",
                    upstream=GET_METRIC_DATA.upstream,
                    fix="Allow the action cloudwatch:GetMetricData in its IAM policy.",
                )
            times, values = result["Timestamps"], result["Values"]
            if len(times) != len(values):
                raise ValueError("A series has as many times as values.")
            if times:
                self._put(self._values[key][row], times, values)

    def _put(self, hours: Hours, times: list[datetime], values: list[float]) -> None:
        if times != self._last_times:
            column = self._column
            try:
                columns = [column[time] for time in times]
            except KeyError:
                kept = [(column[time], value) for time, value in zip(times, values, strict=True) if time in column]
                self._strays += len(times) - len(kept)
                for position, value in kept:
                    hours[position] = value
                return
            self._last_times, self._last_columns = times, np.array(columns, dtype=np.intp)
        hours[self._last_columns] = values

    def as_hours(self) -> HourlyCpu:
        average, maximum, samples = (self._values[key] for key in _IDS)
        refused = self._strays
        for values, most in ((average, _MOST_PERCENT), (maximum, _MOST_PERCENT), (samples, _MOST_SAMPLES)):
            with np.errstate(invalid="ignore"):
                implausible = (values < 0) | (values > most + _ROUNDING)
            refused += int(implausible.sum())
            values[implausible] = np.nan
            np.minimum(values, most, out=values)
        complete = [
            all(self._status.get(f"{key}{row}") == "Complete" for key in _IDS) for row in range(average.shape[0])
        ]
        return HourlyCpu(average, maximum, samples, np.array(complete, dtype=bool), refused, frozenset(self._messages))


def _cannot_be_read() -> UpstreamMisunderstood:
    return UpstreamMisunderstood(
        "AWS answered GetMetricData with something that cannot be read.", upstream=GET_METRIC_DATA.upstream
    )
