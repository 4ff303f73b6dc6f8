"""The kinds of things an AWS account holds that we know of, and which source tells of each."""

from enum import StrEnum


class ResourceKind(StrEnum):
    """A kind of resource. EC2 instances are one of them, though they have a table of their own."""

    EC2_INSTANCE = "ec2_instance"
    RDS_INSTANCE = "rds_instance"
    RDS_CLUSTER = "rds_cluster"
    S3_BUCKET = "s3_bucket"
    LAMBDA_FUNCTION = "lambda_function"
    EBS_VOLUME = "ebs_volume"
    EBS_SNAPSHOT = "ebs_snapshot"
    ELASTIC_IP = "elastic_ip"

    @property
    def label(self) -> str:
        """What a page calls one of them."""
        return _LABELS[self]

    @property
    def plural(self) -> str:
        """What a page calls many of them."""
        return f"{_LABELS[self]}es" if self is ResourceKind.ELASTIC_IP else f"{_LABELS[self]}s"

    @property
    def source(self) -> str:
        """The source whose state says whether these could be listed."""
        return _SOURCES[self]


_LABELS = {
    ResourceKind.EC2_INSTANCE: "EC2 instance",
    ResourceKind.RDS_INSTANCE: "RDS instance",
    ResourceKind.RDS_CLUSTER: "RDS cluster",
    ResourceKind.S3_BUCKET: "S3 bucket",
    ResourceKind.LAMBDA_FUNCTION: "Lambda function",
    ResourceKind.EBS_VOLUME: "EBS volume",
    ResourceKind.EBS_SNAPSHOT: "EBS snapshot",
    ResourceKind.ELASTIC_IP: "Elastic IP address",
}
_SOURCES = {
    ResourceKind.EC2_INSTANCE: "aws_ec2",
    ResourceKind.RDS_INSTANCE: "aws_rds",
    ResourceKind.RDS_CLUSTER: "aws_rds",
    ResourceKind.S3_BUCKET: "aws_s3",
    ResourceKind.LAMBDA_FUNCTION: "aws_lambda",
    ResourceKind.EBS_VOLUME: "aws_ebs",
    ResourceKind.EBS_SNAPSHOT: "aws_ebs",
    ResourceKind.ELASTIC_IP: "aws_eip",
}

# What stands in the table of resources; instances have one of their own, with what their runtime is told by.
LISTED_KINDS = tuple(kind for kind in ResourceKind if kind is not ResourceKind.EC2_INSTANCE)
