"""On which terms the product uses what each source says, and where that is written down."""

from typing import NamedTuple


class SourceTerms(NamedTuple):
    """What is asked of a source, and on which terms its answers may be used."""

    asks: str
    terms: str


SOURCE_TERMS = {
    "aws_ec2": SourceTerms(
        "DescribeInstances and DescribeRegions in each enabled region",
        "Your account's own data, under your agreement with AWS.",
    ),
    "aws_rds": SourceTerms(
        "DescribeDBInstances and DescribeDBClusters in each enabled region",
        "Your account's own data, under your agreement with AWS.",
    ),
    "aws_s3": SourceTerms(
        "ListBuckets, once; GetBucketLocation for a bucket whose region that does not tell",
        "Your account's own data, under your agreement with AWS.",
    ),
    "aws_lambda": SourceTerms(
        "ListFunctions in each enabled region; the values of their environments are not kept",
        "Your account's own data, under your agreement with AWS.",
    ),
    "aws_ebs": SourceTerms(
        "DescribeVolumes, and DescribeSnapshots for the account's own, in each enabled region",
        "Your account's own data, under your agreement with AWS.",
    ),
    "aws_eip": SourceTerms(
        "DescribeAddresses in each enabled region",
        "Your account's own data, under your agreement with AWS.",
    ),
    "aws_cloudtrail": SourceTerms(
        "LookupEvents for starts, stops and ends of instances, 90 days back",
        "Your account's own data, under your agreement with AWS.",
    ),
    "aws_cloudwatch": SourceTerms(
        "GetMetricData for CPUUtilization by the hour; AWS charges for it",
        "Your account's own data, under your agreement with AWS.",
    ),
    "aws_metrics": SourceTerms(
        "GetMetricData for the metrics that are switched on, as often as the admin chose; AWS charges for each",
        "Your account's own data, under your agreement with AWS.",
    ),
    "aws_pricing": SourceTerms(
        "GetProducts: one on-demand price for each kind of instance hour",
        "AWS's public price list.",
    ),
    "aws_cost_explorer": SourceTerms(
        "GetCostAndUsage by day, service and record type; AWS charges $0.01 a page",
        "Your account's own data, under your agreement with AWS.",
    ),
    "electricity_maps": SourceTerms(
        "carbon intensity of the last 24 hours, and older hours where the plan has them",
        "Licensed to the holder of the key, for its own use; not to be passed on. Yearly means: ODbL 1.0.",
    ),
    "grid_forecasts": SourceTerms(
        "what each source expects of the hours to come, kept as issued; where none does, our own estimate",
        "Each source's own, below; our own estimate rests on the readings of the zone.",
    ),
    "boavizta": SourceTerms(
        "watts at eight loads and embodied emissions of each instance type",
        "BoaviztAPI is AGPL-3.0 software that runs as a service of its own; its data name their sources.",
    ),
    "ledger": SourceTerms("nothing: it is worked out from all of these", "Yours."),
    "findings": SourceTerms("nothing: they are worked out from metrics and lists", "Yours."),
}

UNDESCRIBED = SourceTerms("", "Terms unknown: ask whoever runs it.")
