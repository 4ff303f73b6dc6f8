"""EBS: the volumes of a region and their snapshots."""

from accounts.clients.aws.session import AwsSession, Operation
from accounts.estimators.resource_kinds import ResourceKind

from .description import ResourceDescription, Told, described, kept, known, name_of, tags_of, words

DESCRIBE_VOLUMES = Operation("aws_ebs", "ec2", "DescribeVolumes", "Volumes")
DESCRIBE_SNAPSHOTS = Operation("aws_ebs", "ec2", "DescribeSnapshots", "Snapshots")

_LARGEST_PAGE = 1000
_NO_LONGER_ON = {"detached", "detaching"}


def volumes(aws: AwsSession, *, region: str) -> list[ResourceDescription]:
    """Every volume of `region`, attached or not."""
    pages = aws.pages(DESCRIBE_VOLUMES, region=region, MaxResults=_LARGEST_PAGE)
    return described(pages, DESCRIBE_VOLUMES, lambda told: _volume(told, region))


def snapshots(aws: AwsSession, *, region: str) -> list[ResourceDescription]:
    """Every snapshot of `region` that the account owns; others may share theirs with it."""
    pages = aws.pages(DESCRIBE_SNAPSHOTS, region=region, MaxResults=_LARGEST_PAGE, OwnerIds=["self"])
    return described(pages, DESCRIBE_SNAPSHOTS, lambda told: _snapshot(told, region))


def _volume(told: Told, region: str) -> ResourceDescription:
    tags, volume_id = tags_of(told.get("Tags")), told["VolumeId"]
    on = [one for one in told.get("Attachments", ()) if one.get("State") not in _NO_LONGER_ON]
    first = on[0] if on else {}
    return ResourceDescription(
        kind=ResourceKind.EBS_VOLUME,
        region=region,
        resource_id=volume_id,
        name=name_of(tags, volume_id),
        state=words(told["State"]),
        resource_class=words(told.get("VolumeType")),
        size_gib=float(told["Size"]),
        attached_to=first.get("InstanceId", ""),
        created_at=told.get("CreateTime"),
        facts=known(
            iops=told.get("Iops"),
            throughput_mib_per_second=told.get("Throughput"),
            is_encrypted=told.get("Encrypted"),
            availability_zone=told.get("AvailabilityZone"),
            device=first.get("Device"),
            attached_at=first.get("AttachTime"),
            also_attached_to=[one.get("InstanceId", "") for one in on[1:]] or None,
            made_from_snapshot=told.get("SnapshotId") or None,
        ),
        tags=tags,
        raw=kept(told),
    )


def _snapshot(told: Told, region: str) -> ResourceDescription:
    tags, snapshot_id = tags_of(told.get("Tags")), told["SnapshotId"]
    return ResourceDescription(
        kind=ResourceKind.EBS_SNAPSHOT,
        region=region,
        resource_id=snapshot_id,
        name=name_of(tags, snapshot_id),
        state=words(told["State"]),
        resource_class=words(told.get("StorageTier")),
        size_gib=float(told["VolumeSize"]),
        attached_to=told.get("VolumeId", ""),
        created_at=told["StartTime"],
        facts=known(
            description=told.get("Description") or None,
            is_encrypted=told.get("Encrypted"),
            stored_bytes=told.get("FullSnapshotSizeInBytes"),
        ),
        tags=tags,
        raw=kept(told),
    )
