"""What CloudWatch has measured of databases, functions and buckets."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finops.core.periods import DAY, HOUR, start_of_day, start_of_hour
from finops.sandbox.aws.endpoint import Caller, Parameters
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.estate.habits import hourly_metrics
from finops.sandbox.scenario.estate.things import Thing

# namespace: the dimension that names the thing, its kind
_NAMESPACES = {
    "AWS/RDS": ("DBInstanceIdentifier", "rds_instance"),
    "AWS/Lambda": ("FunctionName", "lambda_function"),
    "AWS/S3": ("BucketName", "s3_bucket"),
}
_STORAGE_TYPES = {"BucketSizeBytes": "StandardStorage", "NumberOfObjects": "AllStorageTypes"}
_TOGETHER: dict[str, Callable[[NDArray[np.float64]], np.float64]] = {
    "Average": np.mean,
    "Maximum": np.max,
    "Sum": np.sum,
}


class Things:
    """Series of what is no machine."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    def points(
        self,
        wanted: Mapping[str, Any],
        dimensions: Mapping[str, str],
        parameters: Parameters,
        caller: Caller,
        known_until: datetime,
    ) -> list[tuple[float, float]]:
        """The points of a query, oldest first; none for what there is not, as CloudWatch answers."""
        metric = wanted["Metric"]
        thing = self._thing(metric, dict(dimensions), caller)
        if thing is None:
            return []
        start = start_of_hour(parameters["StartTime"] + HOUR - timedelta(microseconds=1))
        if thing.kind == "s3_bucket":  # a day's size is told the day after
            known_until = start_of_day(known_until.date())
            start = start_of_day((start + DAY - HOUR).date())
        end = min(parameters["EndTime"], known_until)
        hours = -((start - end) // HOUR)
        if hours <= 0:
            return []
        series = hourly_metrics(
            thing, metric["MetricName"], start=start, hours=hours, origin=self._scenario.window.origin
        )
        values = (series or {}).get(wanted["Stat"])
        if values is None:
            return []
        is_measured = ~np.isnan(values)
        times = (int(start.timestamp()) + 3600 * np.arange(hours))[is_measured]
        return _in_periods(times, values[is_measured], wanted["Period"], wanted["Stat"])

    def _thing(self, metric: Mapping[str, Any], dimensions: dict[str, str], caller: Caller) -> Thing | None:
        name, kind = _NAMESPACES.get(metric.get("Namespace", ""), ("", ""))
        identifier = dimensions.pop(name, "")
        if kind == "s3_bucket" and dimensions.pop("StorageType", "") != _STORAGE_TYPES.get(metric["MetricName"]):
            return None
        if dimensions:
            return None  # another series, with further dimensions
        things = self._scenario.things(caller.account_id, kind, caller.region) if kind else []
        return next((thing for thing in things if thing.identifier == identifier), None)


def _in_periods(
    times: NDArray[np.int64], values: NDArray[np.float64], seconds: int, statistic: str
) -> list[tuple[float, float]]:
    periods, which = np.unique(times // seconds * seconds, return_inverse=True)
    if len(periods) == len(times):
        return list(zip(periods.astype(float).tolist(), values.tolist(), strict=True))
    together = _TOGETHER[statistic]
    return [(float(at), float(together(values[which == number]))) for number, at in enumerate(periods.tolist())]
