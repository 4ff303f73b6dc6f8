"""CloudWatch's GetMetricData: many series of numbers in one call, however they are made up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
MOST_QUERIES = 500
MOST_POINTS = 100_800

Slots = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """One statistic of one series; `key` begins with a small letter and is nobody else's in the call."""

    key: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str

    def as_asked(self, seconds: int) -> dict[str, Any]:
        """In CloudWatch's own words."""
        metric = {
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions.items()],
        }
        return {
            "Id": self.key,
            # A label of our own is short: else each result repeats the instance and the metric in words.
            "Label": self.key[0],
            "MetricStat": {"Metric": metric, "Period": seconds, "Stat": self.statistic},
        }


@dataclass(frozen=True, slots=True)
class MetricData:
    """A row a query, as asked; a column an hour (or a slot), the first one first. NaN: CloudWatch has no value.

    `is_complete` says of which queries it told all it has; `strays` are values of no slot that was asked for.
    """

    values: Slots
    is_complete: npt.NDArray[np.bool_]
    strays: int
    messages: frozenset[str]


def most_together(*, queries_each: int, slots: int) -> int:
    """How many things of so many queries each may be asked about in one call, for so many slots."""
    return max(1, min(MOST_QUERIES // queries_each, MOST_POINTS // (queries_each * max(slots, 1))))


def metric_data(
    aws: AwsSession,
    *,
    region: str,
    queries: Sequence[MetricQuery],
    period: Period,
    cost_usd: Decimal,
    slot: timedelta = HOUR,
) -> MetricData:
    """The values of each query in each slot of `period`, which begins and ends on a slot's bound."""
    seconds = int(slot.total_seconds())
    answer = _Answer([query.key for query in queries], period, slot)
    pages = aws.pages(
        GET_METRIC_DATA,
        region=region,
        cost_usd=cost_usd,
        MetricDataQueries=[query.as_asked(seconds) for query in queries],
        StartTime=period.start,
        EndTime=period.end,
        ScanBy="TimestampAscending",
    )
    for page in pages:
        try:
            answer.take(page)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise _cannot_be_read() from error
    return answer.as_told()


class _Answer:
    """What the pages of one call tell, filled into an array."""

    def __init__(self, keys: Sequence[str], period: Period, slot: timedelta) -> None:
        slots = period.length // slot
        self._values = np.full((len(keys), slots), np.nan, dtype=np.float32)
        self._row = {key: row for row, key in enumerate(keys)}
        self._is_complete = np.zeros(len(keys), dtype=bool)
        self._column = {period.start + n * slot: n for n in range(slots)}
        # What was measured all the time tells the same hours again and again.
        self._last_times: list[datetime] = []
        self._last_columns: npt.NDArray[np.intp] = np.empty(0, dtype=np.intp)
        self._strays = 0
        self._messages: set[str] = set()

    def take(self, page: Mapping[str, Any]) -> None:
        self._messages.update(str(message["Code"])[:60] for message in page.get("Messages", ()))
        for result in page["MetricDataResults"]:
            row = self._row[result["Id"]]
            status = result.get("StatusCode", "Complete")
            if status == "Forbidden":
                raise UpstreamRejected(
                    "cloudwatch:GetMetricData is not permitted for this metric.",
                    upstream=GET_METRIC_DATA.upstream,
                    fix="Allow the action cloudwatch:GetMetricData in its IAM policy.",
                )
            self._is_complete[row] = status == "Complete"
            times, values = result["Timestamps"], result["Values"]
            if len(times) != len(values):
                raise ValueError("A series has as many times as values.")
            if times:
                self._put(self._values[row], times, values)

    def _put(self, slots: Slots, times: list[datetime], values: list[float]) -> None:
        if times != self._last_times:
            column = self._column
            try:
                columns = [column[time] for time in times]
            except KeyError:
                kept = [(column[time], value) for time, value in zip(times, values, strict=True) if time in column]
                self._strays += len(times) - len(kept)
                for position, value in kept:
                    slots[position] = value
                return
            self._last_times, self._last_columns = times, np.array(columns, dtype=np.intp)
        slots[self._last_columns] = values

    def as_told(self) -> MetricData:
        return MetricData(self._values, self._is_complete, self._strays, frozenset(self._messages))


def _cannot_be_read() -> UpstreamMisunderstood:
    return UpstreamMisunderstood(
        "AWS answered GetMetricData with something that cannot be read.", upstream=GET_METRIC_DATA.upstream
    )
