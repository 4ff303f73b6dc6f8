"""How often AWS lets one ask: a token bucket per account, region and operation, with AWS's own figures."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from finops.sandbox.aws.errors import AwsError


@dataclass(frozen=True, slots=True)
class Quota:
    """A bucket of `capacity` requests that fills up again at so many a second, and how AWS says it is empty."""

    capacity: float
    per_second: float
    code: str = "ThrottlingException"
    message: str = "Rate exceeded"
    status: int = 400


_EC2_FULL = "Request limit exceeded."
# Sources: Amazon EC2 API throttling; CloudTrail quotas; CloudWatch quotas. AWS publishes no figure for Cost Explorer
# (its staff suggested about 10 a second) and none for the price list: that one is the sandbox's own.
QUOTAS: dict[tuple[str, str], Quota] = {
    ("cloudtrail", "LookupEvents"): Quota(2, 2),
    ("ec2", "DescribeInstances"): Quota(100, 20, "RequestLimitExceeded", _EC2_FULL, 503),
    ("ec2", "DescribeInstances, all at once"): Quota(50, 10, "RequestLimitExceeded", _EC2_FULL, 503),
    ("ec2", "DescribeRegions"): Quota(100, 20, "RequestLimitExceeded", _EC2_FULL, 503),
    ("cloudwatch", "GetMetricData"): Quota(50, 50, "ThrottlingException"),
    ("ce", "GetCostAndUsage"): Quota(10, 10, "LimitExceededException", "Rate exceeded: you exceeded the limit."),
    ("pricing", "GetProducts"): Quota(20, 10),
}


class TokenBucket:
    """Lets `capacity` through at once and then `per_second`."""

    def __init__(self, quota: Quota, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._quota = quota
        self._seconds = seconds
        self._tokens = quota.capacity
        self._filled_at = seconds()
        self._lock = Lock()

    def take(self) -> bool:
        """Take one if there is one."""
        with self._lock:
            now = self._seconds()
            refilled = self._tokens + (now - self._filled_at) * self._quota.per_second
            self._tokens, self._filled_at = min(self._quota.capacity, refilled), now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


class Throttle:
    """All buckets of the endpoint."""

    def __init__(self, *, is_on: bool = True, seconds: Callable[[], float] = time.monotonic) -> None:
        self.is_on = is_on
        self._seconds = seconds
        self._buckets: dict[tuple[str, str, str, str], TokenBucket] = {}
        self._lock = Lock()

    def check(self, service: str, operation: str, account_id: str, region: str, parameters: Mapping[str, Any]) -> None:
        """Raise the service's own throttling error where the bucket is empty."""
        if not self.is_on:
            return
        if service == "ec2" and operation == "DescribeInstances":
            is_bounded = {"Filters", "InstanceIds", "MaxResults", "NextToken"} & set(parameters)
            operation = operation if is_bounded else "DescribeInstances, all at once"
        quota = QUOTAS.get((service, operation))
        if quota is None:
            return
        with self._lock:
            key = service, operation, account_id, region
            bucket = self._buckets.setdefault(key, TokenBucket(quota, seconds=self._seconds))
        if not bucket.take():
            raise AwsError(quota.code, quota.message, quota.status)
