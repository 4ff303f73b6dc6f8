"""The regions AWS has, as botocore's own files list them. Nobody is asked."""

from functools import cache

from botocore.session import Session

_PARTITIONS = ("aws", "aws-us-gov", "aws-cn")


@cache
def known_regions() -> frozenset[str]:
    """Names of regions in which EC2 runs. A region newer than botocore is missing: update it."""
    return _regions_of("ec2")


@cache
def known_sso_regions() -> frozenset[str]:
    """Names of regions in which IAM Identity Center runs. Its tokens go to no other host."""
    return _regions_of("sso")


def _regions_of(service: str) -> frozenset[str]:
    session = Session()
    return frozenset(
        region
        for partition in _PARTITIONS
        for region in session.get_available_regions(service, partition_name=partition)
    )
