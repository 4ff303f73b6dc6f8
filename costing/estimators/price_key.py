"""What an on-demand price depends on, in the price list's words."""

from dataclasses import dataclass
from typing import Self

# EC2 says "default" where the price list says "Shared".
# Linux without licences. An instance that was gone before the first inventory is known from CloudTrail alone,
# which does not tell the platform; most are this, and where it is assumed the price says so.
ASSUMED_OPERATION = "RunInstances"

_TENANCY_IN_PRICE_LIST = {"default": "Shared", "dedicated": "Dedicated", "host": "Host"}


@dataclass(frozen=True, slots=True, order=True)
class PriceKey:
    """One kind of instance hour. `usage_operation` stands for the platform and its licences, as on the bill."""

    instance_type: str
    region: str
    usage_operation: str
    tenancy: str

    def __str__(self) -> str:
        words = [self.instance_type, self.region, self.usage_operation]
        return " ".join([*words, self.tenancy] if self.tenancy != "Shared" else words)

    @classmethod
    def of_instance(cls, *, instance_type: str, region: str, usage_operation: str, tenancy: str) -> Self:
        """The key for an instance as EC2 describes it. A tenancy EC2 has not told us of stays as it is.

        Without a `usage_operation` it is the key of Linux without licences.
        """
        return cls(
            instance_type, region, usage_operation or ASSUMED_OPERATION, _TENANCY_IN_PRICE_LIST.get(tenancy, tenancy)
        )
