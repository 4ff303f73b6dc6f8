"""CloudWatch: GetMetricData for what EC2, RDS, Lambda and S3 measure by themselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finops.core.periods import Period, start_of_hour
from finops.sandbox.aws.endpoint import Caller, Handlers, Parameters
from finops.sandbox.aws.errors import AwsError
from finops.sandbox.aws.metrics_of_things import Things
from finops.sandbox.aws.pages import BadTokenError, Position, position_of, token_for
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.chance import Floats
from finops.sandbox.scenario.fleet import SimulatedInstance
from finops.sandbox.scenario.utilization import hourly_cpu, running_minutes

_MOST_QUERIES, _MOST_POINTS = 500, 100_800
_BEYOND_ANY_POINT = 1_000_000  # a place in the answer is a query's number times this, plus a point's
_MEASURED_AFTER = timedelta(minutes=3)
_KEPT = timedelta(days=455)
_HOUR_SECONDS = 3600
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_STATISTICS = {"Average", "Maximum", "Minimum", "SampleCount", "Sum"}
# In a minute; the simulation's own figures.
_BYTES_PER_PERCENT = {
    "NetworkIn": 180_000.0,
    "NetworkOut": 260_000.0,
    "EBSReadBytes": 40_000.0,
    "EBSWriteBytes": 90_000.0,
}
_NOTHING_COMES_IN = {"forgotten": 0.01}  # groups of machines that nobody speaks to: a share of the above

Point = tuple[float, float]  # seconds since 1970 and value


class CloudWatch:
    """The metrics of running instances."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._machines: dict[tuple[str, str], dict[str, SimulatedInstance]] = {}
        self._things = Things(scenario)

    def handlers(self) -> Handlers:
        """What it answers."""
        return {("cloudwatch", "GetMetricData"): self.get_metric_data}

    def get_metric_data(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A page of at most 100,800 points; a query whose points are cut there says PartialData."""
        queries = parameters["MetricDataQueries"]
        _check(queries, parameters, now=caller.now)
        try:
            position = position_of(parameters.get("NextToken"), parameters, now=caller.now)
        except BadTokenError as error:
            raise AwsError("InvalidNextToken", "The token is not valid for this request.") from error
        size = min(parameters.get("MaxDatapoints", _MOST_POINTS), _MOST_POINTS)
        is_ascending = parameters.get("ScanBy") == "TimestampAscending"
        first, begins = divmod(position.offset, _BEYOND_ANY_POINT)
        results, taken = [], 0
        for number, query in enumerate(queries):
            if number < first or not query.get("ReturnData", True):
                continue
            points = self._points(query["MetricStat"], parameters, caller, position.as_of)
            told = (points if is_ascending else points[::-1])[begins : begins + size - taken]
            taken += len(told)
            is_complete = begins + len(told) == len(points)
            results.append(_result(query, told, is_complete=is_complete))
            if not is_complete:
                after = Position(number * _BEYOND_ANY_POINT + begins + len(told), position.as_of)
                return {"MetricDataResults": results, "Messages": [], "NextToken": token_for(after, parameters)}
            begins = 0
        return {"MetricDataResults": results, "Messages": []}

    def _points(
        self, wanted: Mapping[str, Any], parameters: Parameters, caller: Caller, as_of: datetime
    ) -> list[Point]:
        metric = wanted["Metric"]
        dimensions = {item["Name"]: item["Value"] for item in metric.get("Dimensions", [])}
        if metric.get("Namespace") != "AWS/EC2":
            return self._things.points(wanted, dimensions, parameters, caller, as_of - _MEASURED_AFTER)
        instance = self._instances(caller).get(dimensions.get("InstanceId", ""))
        is_known = metric.get("MetricName") in {"CPUUtilization", *_BYTES_PER_PERCENT}
        if instance is None or len(dimensions) != 1 or not is_known:
            return []
        seconds = wanted["Period"]
        start = _floor(max(parameters["StartTime"], caller.now - _KEPT), seconds)
        end = min(parameters["EndTime"], as_of - _MEASURED_AFTER)
        if end <= start:
            return []
        step = min(seconds, _HOUR_SECONDS)
        hours = hourly_cpu(instance, Period(start_of_hour(start), end))
        parts = _HOUR_SECONDS // step
        slots = _Slots(
            hours.start.timestamp() + np.arange(len(hours.average) * parts) * float(step),
            np.repeat(hours.average, parts),
            np.repeat(hours.maximum, parts),
            hours.minutes
            if parts == 1
            else running_minutes(
                instance, Period(hours.start, end), slots=len(hours.average) * parts, slot_minutes=step // 60
            ),
        ).between(start, parameters["EndTime"])
        scale = _BYTES_PER_PERCENT.get(metric["MetricName"], 1.0)
        if scale != 1.0:
            scale *= _NOTHING_COMES_IN.get(instance.group.name, 1.0)
        return slots.values(wanted["Stat"], scale, seconds)

    def _instances(self, caller: Caller) -> Mapping[str, SimulatedInstance]:
        place = caller.account_id, caller.region
        if place not in self._machines:
            self._machines[place] = {item.instance_id: item for item in self._scenario.machines(*place)}
        return self._machines[place]


def _check(queries: list[dict[str, Any]], parameters: Parameters, *, now: datetime) -> None:
    if len(queries) > _MOST_QUERIES:
        message = f"The collection MetricDataQueries must not have a size greater than {_MOST_QUERIES}."
        raise AwsError("ValidationError", message)
    if parameters["StartTime"] >= parameters["EndTime"]:
        raise AwsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    ids = [query["Id"] for query in queries]
    if len(set(ids)) < len(ids):
        raise AwsError("ValidationError", "The value for Id must be unique within the request.")
    age = now - parameters["StartTime"]
    coarsest = 60 if age <= timedelta(days=15) else 300 if age <= timedelta(days=63) else 3600
    for query in queries:
        if not _ID.fullmatch(query["Id"]):
            raise AwsError("ValidationError", f"The Id {query['Id']} must start with a lowercase letter.")
        if "MetricStat" not in query:
            raise AwsError("ValidationError", "The sandbox knows metrics only, no expressions.")
        period, statistic = query["MetricStat"]["Period"], query["MetricStat"]["Stat"]
        if period % coarsest or period < coarsest:
            message = f"Period must be a multiple of {coarsest} for data of that age, not {period}."
            raise AwsError("ValidationError", message)
        if statistic not in _STATISTICS:
            raise AwsError("ValidationError", f"The sandbox does not know the statistic {statistic}.")


def _floor(instant: datetime, seconds: int) -> datetime:
    """The start of the period that `instant` lies in; periods are counted from 1970."""
    return datetime.fromtimestamp(instant.timestamp() // seconds * seconds, tz=UTC)


@dataclass(frozen=True, slots=True)
class _Slots:
    """What was measured in slots of an hour or less: when each begins, and in how many minutes of it."""

    times: Floats
    average: Floats
    maximum: Floats
    minutes: Floats

    def between(self, start: datetime, end: datetime) -> "_Slots":
        """The slots that begin in the time asked for and in which the machine ran."""
        keep = (self.minutes > 0) & (self.times >= start.timestamp()) & (self.times < end.timestamp())
        return _Slots(self.times[keep], self.average[keep], self.maximum[keep], self.minutes[keep])

    def values(self, statistic: str, scale: float, seconds: int) -> list[Point]:
        """The points of a statistic, in periods of so many seconds, one slot or more each; oldest first."""
        by_slot = {
            "Average": self.average * scale,
            "Maximum": self.maximum * scale,
            "Minimum": self.average * scale * 0.6,
            "SampleCount": self.minutes,
            "Sum": self.average * scale * self.minutes,
        }[statistic]
        periods, slot_period = np.unique(self.times // seconds * seconds, return_inverse=True)
        if len(periods) == len(self.times):
            return list(zip(periods.tolist(), by_slot.tolist(), strict=True))
        put_together = [self._whole(statistic, by_slot, slot_period == number) for number in range(len(periods))]
        return list(zip(periods.tolist(), put_together, strict=True))

    def _whole(self, statistic: str, by_slot: Floats, chosen: NDArray[np.bool_]) -> float:
        if statistic == "Average":
            return float(np.average(by_slot[chosen], weights=self.minutes[chosen]))
        values = by_slot[chosen]
        return float({"Maximum": values.max(), "Minimum": values.min()}.get(statistic, values.sum()))


def _result(query: Mapping[str, Any], points: list[Point], *, is_complete: bool) -> dict[str, Any]:
    return {
        "Id": query["Id"],
        "Label": query.get("Label", query["MetricStat"]["Metric"]["MetricName"]),
        "Timestamps": [datetime.fromtimestamp(at, tz=UTC) for at, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete" if is_complete else "PartialData",
    }
