"""EC2's own list: which regions an account has, and which instances are in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from finops.core.upstream.errors import UpstreamMisunderstood

from .session import AwsSession, Operation

DESCRIBE_REGIONS = Operation("aws_ec2", "ec2", "DescribeRegions", "Regions")
DESCRIBE_INSTANCES = Operation("aws_ec2", "ec2", "DescribeInstances", "Reservations")

_LARGEST_PAGE = 1000  # asked without paging, EC2 refills its allowance at half the speed


@dataclass(frozen=True, slots=True)
class InstanceDescription:
    """An instance as EC2 describes it; empty or None where it says nothing.

    `launched_at` is its last start. `first_launched_at` is told by its first network interface, which a
    terminated instance no longer has.
    """

    region: str
    instance_id: str
    name: str
    instance_type: str
    state: str
    launched_at: datetime | None
    first_launched_at: datetime | None
    state_transition_reason: str
    state_reason_code: str
    state_reason_message: str
    platform_details: str
    usage_operation: str
    lifecycle: str
    tenancy: str
    availability_zone: str
    tags: dict[str, str]


def enabled_regions(aws: AwsSession) -> list[str]:
    """The regions the account may use, sorted."""
    answer = aws.call(DESCRIBE_REGIONS, region=aws.home_region)
    try:
        regions = sorted(
            str(region["RegionName"])
            for region in answer["Regions"]
            if region.get("OptInStatus", "opted-in") != "not-opted-in"
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _cannot_be_read(DESCRIBE_REGIONS) from error
    if not regions:
        raise UpstreamMisunderstood("AWS answered that the account has no region.", upstream=DESCRIBE_REGIONS.upstream)
    return regions


def describe_instances(aws: AwsSession, *, region: str) -> list[InstanceDescription]:
    """Every instance of `region` in any state. All of them, or an UpstreamError: never a part."""
    pages = aws.pages(DESCRIBE_INSTANCES, region=region, MaxResults=_LARGEST_PAGE)
    try:
        return [
            _described(instance, region)
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise _cannot_be_read(DESCRIBE_INSTANCES) from error


def _described(told: dict[str, Any], region: str) -> InstanceDescription:
    tags = {tag["Key"]: tag.get("Value", "") for tag in told.get("Tags", ())}
    reason = told.get("StateReason") or {}
    placement = told.get("Placement") or {}
    return InstanceDescription(
        region=region,
        instance_id=told["InstanceId"],
        name=tags.get("Name", ""),
        instance_type=told["InstanceType"],
        state=told["State"]["Name"],
        launched_at=told.get("LaunchTime"),
        first_launched_at=_first_attached_at(told.get("NetworkInterfaces", ())),
        state_transition_reason=told.get("StateTransitionReason", "")[:300],
        state_reason_code=reason.get("Code", "")[:100],
        state_reason_message=reason.get("Message", "")[:500],
        platform_details=told.get("PlatformDetails", "")[:100],
        usage_operation=told.get("UsageOperation", "")[:40],
        lifecycle=told.get("InstanceLifecycle", "on-demand"),
        tenancy=placement.get("Tenancy", "default"),
        availability_zone=placement.get("AvailabilityZone", ""),
        tags=tags,
    )


def _first_attached_at(interfaces: list[dict[str, Any]]) -> datetime | None:
    """When the primary network interface was attached: it stays attached from the first launch on."""
    for interface in interfaces:
        attachment = interface.get("Attachment") or {}
        if attachment.get("DeviceIndex") == 0:
            attached_at: datetime | None = attachment.get("AttachTime")
            return attached_at
    return None


def _cannot_be_read(operation: Operation) -> UpstreamMisunderstood:
    return UpstreamMisunderstood(
        f"AWS answered {operation.name} with something that cannot be read.",
        upstream=operation.upstream,
        fix="If it happens again, look for a proxy that answers in place of AWS.",
    )
