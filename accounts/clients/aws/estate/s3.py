"""S3: the buckets of an account, wherever they are."""

import re

from accounts.clients.aws.session import AwsSession, Operation
from accounts.estimators.resource_kinds import ResourceKind

from .description import ResourceDescription, Told, cannot_be_read, described, kept

LIST_BUCKETS = Operation("aws_s3", "s3", "ListBuckets", "Buckets", permission="ListAllMyBuckets")
GET_BUCKET_LOCATION = Operation("aws_s3", "s3", "GetBucketLocation", "LocationConstraint")

_LARGEST_PAGE = 1000
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]+")


def buckets(aws: AwsSession) -> list[ResourceDescription]:
    """Every bucket of the account. One call tells 1,000 with their regions: S3 adds these where it is paged.

    The region is empty where an answer lacks it; `bucket_region` asks for it.
    """
    pages = aws.pages(
        LIST_BUCKETS,
        region=aws.home_region,
        token="ContinuationToken",  # noqa: S106 (a key's name)
        MaxBuckets=_LARGEST_PAGE,
    )
    return described(pages, LIST_BUCKETS, _bucket)


def bucket_region(aws: AwsSession, *, bucket: str) -> str:
    """The region of one bucket."""
    answer = aws.call(GET_BUCKET_LOCATION, region=aws.home_region, Bucket=bucket)
    # botocore reads any page without a text of its own as us-east-1, which S3 tells by an empty answer.
    content_type = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("content-type", "")
    if "xml" not in content_type:
        raise cannot_be_read(GET_BUCKET_LOCATION)
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html: two regions have older names here.
    region = {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(told := answer["LocationConstraint"], told)
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise cannot_be_read(GET_BUCKET_LOCATION)
    return region


def _bucket(told: Told) -> ResourceDescription:
    name = told["Name"]
    return ResourceDescription(
        kind=ResourceKind.S3_BUCKET,
        region=told.get("BucketRegion", ""),
        resource_id=name,
        arn=told.get("BucketArn", ""),
        name=name,
        created_at=told["CreationDate"],
        are_tags_known=False,  # they cost a call a bucket
        raw=kept(told),
    )
