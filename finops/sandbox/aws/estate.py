"""RDS, S3, Lambda and EC2's disks and addresses: what each of their lists tells."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from finops.sandbox.aws.endpoint import Caller, Handlers, Parameters
from finops.sandbox.aws.errors import AwsError
from finops.sandbox.aws.pages import BadTokenError, Position, position_of, token_for
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.chance import hex_from, number_from
from finops.sandbox.scenario.estate.things import Thing

Describe = Callable[[Thing, datetime], dict[str, Any]]


class Estate:
    """Answers for what is no machine."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    def handlers(self) -> Handlers:
        """What it answers."""
        return {
            ("rds", "DescribeDBInstances"): self.describe_db_instances,
            ("rds", "DescribeDBClusters"): self.describe_db_clusters,
            ("s3", "ListBuckets"): self.list_buckets,
            ("lambda", "ListFunctions"): self.list_functions,
            ("ec2", "DescribeVolumes"): self.describe_volumes,
            ("ec2", "DescribeSnapshots"): self.describe_snapshots,
            ("ec2", "DescribeAddresses"): self.describe_addresses,
        }

    def describe_db_instances(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A page of 20 to 100 databases."""
        size = _size(parameters, "MaxRecords", default=100, smallest=20, largest=100)
        found = self._scenario.things(caller.account_id, "rds_instance", caller.region)
        return _page(found, _database, "DBInstances", caller, parameters, size, token="Marker")  # noqa: S106 (a key's name)

    def describe_db_clusters(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A page of 20 to 100 clusters."""
        size = _size(parameters, "MaxRecords", default=100, smallest=20, largest=100)
        found = self._scenario.things(caller.account_id, "rds_cluster", caller.region)
        return _page(found, _cluster, "DBClusters", caller, parameters, size, token="Marker")  # noqa: S106 (a key's name)

    def list_buckets(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """The buckets of all regions; with where they are where the question is for a page."""
        is_paged = "MaxBuckets" in parameters or "ContinuationToken" in parameters
        size = _size(parameters, "MaxBuckets", default=10_000, smallest=1, largest=10_000)
        found = self._scenario.things(caller.account_id, "s3_bucket")

        def describe(thing: Thing, _: datetime) -> dict[str, Any]:
            told = {"Name": thing.identifier, "CreationDate": thing.created_at}
            return told | ({"BucketRegion": thing.region} if is_paged else {})

        return _page(found, describe, "Buckets", caller, parameters, size, token="ContinuationToken")  # noqa: S106 (a key's name)

    def list_functions(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A page of at most 50 functions, whatever is asked for."""
        size = min(50, _size(parameters, "MaxItems", default=50, smallest=1, largest=10_000))
        found = self._scenario.things(caller.account_id, "lambda_function", caller.region)
        return _page(
            found, _function, "Functions", caller, parameters, size,
            token="Marker", told_as="NextMarker",  # noqa: S106 (a key's name)
        )  # fmt: skip

    def describe_volumes(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A page of disks; those of machines and those on nothing."""
        size = _size(parameters, "MaxResults", default=1000, smallest=5, largest=1000)
        found = self._scenario.things(caller.account_id, "ebs_volume", caller.region)
        return _page(found, _volume, "Volumes", caller, parameters, size)

    def describe_snapshots(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A page of the account's own snapshots; of everybody's public ones there are too many to play."""
        if parameters.get("OwnerIds") != ["self"]:
            raise AwsError("InvalidParameterValue", "The sandbox knows the caller's own snapshots alone.")
        size = _size(parameters, "MaxResults", default=1000, smallest=5, largest=1000)
        found = self._scenario.things(caller.account_id, "ebs_snapshot", caller.region)
        return _page(found, _snapshot, "Snapshots", caller, parameters, size)

    def describe_addresses(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:  # noqa: ARG002 (as all handlers)
        """All addresses at once: EC2 does not page them."""
        found = self._scenario.things(caller.account_id, "elastic_ip", caller.region)
        return {"Addresses": [_address(thing, caller.now) for thing in found]}


def _size(parameters: Parameters, name: str, *, default: int, smallest: int, largest: int) -> int:
    size: int = parameters.get(name, default)
    if not smallest <= size <= largest:
        raise AwsError("InvalidParameterValue", f"{name} must be from {smallest} to {largest}, not {size}.")
    return size


def _page(  # noqa: PLR0917 (one place pages them all)
    found: list[Thing],
    describe: Describe,
    key: str,
    caller: Caller,
    parameters: Parameters,
    size: int,
    *,
    token: str = "NextToken",  # noqa: S107 (a key's name)
    told_as: str = "",
) -> dict[str, Any]:
    try:
        position = position_of(parameters.get(token) or None, parameters, now=caller.now)
    except BadTokenError as error:
        raise AwsError("InvalidParameterValue", f"The {token} is not valid for this request.") from error
    end = position.offset + size
    page: dict[str, Any] = {key: [describe(thing, position.as_of) for thing in found[position.offset : end]]}
    if end < len(found):
        page[told_as or token] = token_for(Position(end, position.as_of), parameters)
    return page


def _tags(thing: Thing) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in thing.tags.items()]


def _database(thing: Thing, _: datetime) -> dict[str, Any]:
    return {
        **thing.told,
        "DBInstanceIdentifier": thing.identifier,
        "DBInstanceArn": f"arn:aws:rds:{thing.region}:{thing.account_id}:db:{thing.identifier}",
        "DbiResourceId": "db-" + hex_from("database", thing.account_id, thing.identifier, digits=26).upper(),
        "InstanceCreateTime": thing.created_at,
        "PubliclyAccessible": False,
        "StorageEncrypted": True,
        "TagList": _tags(thing),
    }


def _cluster(thing: Thing, _: datetime) -> dict[str, Any]:
    told = {key: value for key, value in thing.told.items() if key != "members"}
    members = [
        {"DBInstanceIdentifier": member, "IsClusterWriter": not number, "DBClusterParameterGroupStatus": "in-sync"}
        for number, member in enumerate(thing.told["members"])
    ]
    return {
        **told,
        "DBClusterIdentifier": thing.identifier,
        "DBClusterArn": f"arn:aws:rds:{thing.region}:{thing.account_id}:cluster:{thing.identifier}",
        "ClusterCreateTime": thing.created_at,
        "DBClusterMembers": members,
        "TagList": _tags(thing),
    }


def _function(thing: Thing, _: datetime) -> dict[str, Any]:
    return {
        **thing.told,
        "FunctionName": thing.identifier,
        "FunctionArn": f"arn:aws:lambda:{thing.region}:{thing.account_id}:function:{thing.identifier}",
        "Role": f"arn:aws:iam::{thing.account_id}:role/{thing.identifier}",
        "Handler": "main.handle",
        "CodeSize": 200_000 + thing.number % 4_000_000,
        "Description": "",
        "LastModified": f"{thing.created_at:%Y-%m-%dT%H:%M:%S.000+0000}",
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Architectures": ["arm64" if thing.number % 2 else "x86_64"],
        "Environment": {"Variables": {"TABLE": thing.identifier, "API_TOKEN": "not a token"}},
        "EphemeralStorage": {"Size": 512},
    }


def _volume(thing: Thing, _: datetime) -> dict[str, Any]:
    told = {key: value for key, value in thing.told.items() if key != "InstanceId"}
    on = thing.told.get("InstanceId")
    attachments = [
        {
            "AttachTime": thing.created_at,
            "Device": "/dev/xvda",
            "InstanceId": on,
            "State": "attached",
            "VolumeId": thing.identifier,
            "DeleteOnTermination": True,
        }
    ]
    return {
        **told,
        "VolumeId": thing.identifier,
        "State": "in-use" if on else "available",
        "CreateTime": thing.created_at,
        "Encrypted": True,
        "SnapshotId": "",
        "MultiAttachEnabled": False,
        "Attachments": attachments if on else [],
        "Tags": _tags(thing),
    }


def _snapshot(thing: Thing, _: datetime) -> dict[str, Any]:
    return {
        **thing.told,
        "SnapshotId": thing.identifier,
        "OwnerId": thing.account_id,
        "State": "completed",
        "StartTime": thing.created_at,
        "Progress": "100%",
        "Description": f"Made by hand: {thing.tags['Name']}",
        "Encrypted": True,
        "StorageTier": "standard",
        "Tags": _tags(thing),
    }


def _address(thing: Thing, _: datetime) -> dict[str, Any]:
    # Addresses of a range that is kept for documents: TEST-NET-3.
    told = {
        "PublicIp": f"203.0.113.{number_from(thing.identifier) % 254 + 1}",
        "AllocationId": thing.identifier,
        "Domain": "vpc",
        "NetworkBorderGroup": thing.region,
        "Tags": _tags(thing),
    }
    interface = thing.told.get("NetworkInterfaceId")
    if interface is None:
        return told
    association = "eipassoc-" + hex_from("association", thing.identifier, digits=17)
    return told | {"NetworkInterfaceId": interface, "AssociationId": association, "PrivateIpAddress": "10.0.4.17"}
