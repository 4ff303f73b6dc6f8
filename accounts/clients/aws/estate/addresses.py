"""EC2's Elastic IP addresses."""

from accounts.clients.aws.session import AwsSession, Operation
from accounts.estimators.resource_kinds import ResourceKind

from .description import ResourceDescription, Told, described, kept, known, name_of, tags_of

DESCRIBE_ADDRESSES = Operation("aws_eip", "ec2", "DescribeAddresses", "Addresses")


def addresses(aws: AwsSession, *, region: str) -> list[ResourceDescription]:
    """Every Elastic IP address of `region`. EC2 tells all of them at once."""
    page = aws.call(DESCRIBE_ADDRESSES, region=region)
    return described([page], DESCRIBE_ADDRESSES, lambda told: _address(told, region))


def _address(told: Told, region: str) -> ResourceDescription:
    tags = tags_of(told.get("Tags"))
    on = told.get("InstanceId") or told.get("NetworkInterfaceId") or told.get("AssociationId") or ""
    return ResourceDescription(
        kind=ResourceKind.ELASTIC_IP,
        region=region,
        resource_id=told.get("AllocationId") or told["PublicIp"],
        name=name_of(tags, told["PublicIp"]),
        state="associated" if on else "not associated",  # our words: EC2 has none for it
        attached_to=on,
        facts=known(
            public_ip=told["PublicIp"],
            private_ip=told.get("PrivateIpAddress"),
            network_interface=told.get("NetworkInterfaceId"),
        ),
        tags=tags,
        raw=kept(told),
    )
