"""RDS: database instances, and the clusters that some of them belong to."""

from accounts.clients.aws.session import AwsSession, Operation
from accounts.estimators.resource_kinds import ResourceKind

from .description import ResourceDescription, Told, described, kept, known, name_of, tags_of, words

DESCRIBE_DB_INSTANCES = Operation("aws_rds", "rds", "DescribeDBInstances", "DBInstances")
DESCRIBE_DB_CLUSTERS = Operation("aws_rds", "rds", "DescribeDBClusters", "DBClusters")

_LARGEST_PAGE = 100


def db_instances(aws: AwsSession, *, region: str) -> list[ResourceDescription]:
    """Every database instance of `region`, in any state and of any engine that RDS's API lists."""
    pages = aws.pages(DESCRIBE_DB_INSTANCES, region=region, token="Marker", MaxRecords=_LARGEST_PAGE)  # noqa: S106 (a key's name)
    return described(pages, DESCRIBE_DB_INSTANCES, lambda told: _instance(told, region))


def db_clusters(aws: AwsSession, *, region: str) -> list[ResourceDescription]:
    """Every database cluster of `region`; its instances are listed by `db_instances`."""
    pages = aws.pages(DESCRIBE_DB_CLUSTERS, region=region, token="Marker", MaxRecords=_LARGEST_PAGE)  # noqa: S106 (a key's name)
    return described(pages, DESCRIBE_DB_CLUSTERS, lambda told: _cluster(told, region))


def _instance(told: Told, region: str) -> ResourceDescription:
    tags, identifier = tags_of(told.get("TagList")), told["DBInstanceIdentifier"]
    return ResourceDescription(
        kind=ResourceKind.RDS_INSTANCE,
        region=region,
        resource_id=identifier,
        arn=told.get("DBInstanceArn", ""),
        name=name_of(tags, identifier),
        state=words(told["DBInstanceStatus"]),
        resource_class=words(told["DBInstanceClass"]),
        size_gib=_storage_gib(told),
        attached_to=told.get("DBClusterIdentifier", ""),
        created_at=told.get("InstanceCreateTime"),
        facts=known(
            engine=told.get("Engine"),
            engine_version=told.get("EngineVersion"),
            is_multi_az=told.get("MultiAZ"),
            storage_type=told.get("StorageType"),
            iops=told.get("Iops"),
            most_storage_gib=told.get("MaxAllocatedStorage"),
            availability_zone=told.get("AvailabilityZone"),
            replica_of=told.get("ReadReplicaSourceDBInstanceIdentifier"),
            is_public=told.get("PubliclyAccessible"),
        ),
        tags=tags,
        # Answers recorded before 2020 tell no tags, those of today always do.
        are_tags_known="TagList" in told,
        raw=kept(told),
    )


def _cluster(told: Told, region: str) -> ResourceDescription:
    tags, identifier = tags_of(told.get("TagList")), told["DBClusterIdentifier"]
    return ResourceDescription(
        kind=ResourceKind.RDS_CLUSTER,
        region=region,
        resource_id=identifier,
        arn=told.get("DBClusterArn", ""),
        name=name_of(tags, identifier),
        state=words(told["Status"]),
        resource_class=words(told.get("DBClusterInstanceClass") or told.get("EngineMode")),
        size_gib=_storage_gib(told),
        created_at=told.get("ClusterCreateTime"),
        facts=known(
            engine=told.get("Engine"),
            engine_version=told.get("EngineVersion"),
            is_multi_az=told.get("MultiAZ"),
            members=[member["DBInstanceIdentifier"] for member in told.get("DBClusterMembers", ())],
        ),
        tags=tags,
        are_tags_known="TagList" in told,
        raw=kept(told),
    )


def _storage_gib(told: Told) -> float | None:
    """What is allocated. Aurora's storage grows by itself, and its answers say 1 whatever it holds."""
    gib = told.get("AllocatedStorage")
    return None if gib is None or str(told.get("Engine", "")).startswith("aurora") else float(gib)
