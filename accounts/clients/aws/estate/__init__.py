"""What an account holds beside instances: databases, buckets, functions, disks and addresses."""

from .addresses import DESCRIBE_ADDRESSES, addresses
from .description import ResourceDescription
from .disks import DESCRIBE_SNAPSHOTS, DESCRIBE_VOLUMES, snapshots, volumes
from .functions import LIST_FUNCTIONS, functions
from .rds import DESCRIBE_DB_CLUSTERS, DESCRIBE_DB_INSTANCES, db_clusters, db_instances
from .s3 import GET_BUCKET_LOCATION, LIST_BUCKETS, bucket_region, buckets

__all__ = [
    "DESCRIBE_ADDRESSES",
    "DESCRIBE_DB_CLUSTERS",
    "DESCRIBE_DB_INSTANCES",
    "DESCRIBE_SNAPSHOTS",
    "DESCRIBE_VOLUMES",
    "GET_BUCKET_LOCATION",
    "LIST_BUCKETS",
    "LIST_FUNCTIONS",
    "ResourceDescription",
    "addresses",
    "bucket_region",
    "buckets",
    "db_clusters",
    "db_instances",
    "functions",
    "snapshots",
    "volumes",
]
