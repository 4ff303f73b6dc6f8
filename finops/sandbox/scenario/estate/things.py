"""One thing of an account that is no machine, and the truth about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from finops.sandbox.scenario.chance import number_from


@dataclass(frozen=True, slots=True)
class Thing:
    """A database, bucket, function, disk, snapshot or address.

    `told` are AWS's own words about it, as the service that lists it has them. `habit` names what it does, for
    CloudWatch. `planted` is the problem that a careful reader finds in it; `near_miss` what it nearly is and is
    not, so that whoever reports it reports too much.
    """

    kind: str  # rds_instance, rds_cluster, s3_bucket, lambda_function, ebs_volume, ebs_snapshot, elastic_ip
    account_id: str
    region: str
    identifier: str
    created_at: datetime
    told: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    habit: str = ""
    planted: str = ""
    near_miss: str = ""

    @property
    def number(self) -> int:
        """What its chances hang on."""
        return number_from("thing", self.account_id, self.region, self.kind, self.identifier) % 2**31
