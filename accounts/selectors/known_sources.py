"""The sources a refresh asks, in its order. A source nobody asked yet has no row, and is shown all the same."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source, as a page names it and as often as it is asked."""

    name: str
    label: str
    gives: str
    cadence: timedelta
    is_shared: bool = False  # asked once for the installation, not for each account


KNOWN_SOURCES: dict[str, KnownSource] = {
    source.name: source
    for source in (
        KnownSource("aws_ec2", "EC2", "instances and their state", timedelta(hours=1)),
        KnownSource("aws_rds", "RDS", "databases", timedelta(hours=1)),
        KnownSource("aws_s3", "S3", "buckets", timedelta(hours=1)),
        KnownSource("aws_lambda", "Lambda", "functions", timedelta(hours=1)),
        KnownSource("aws_ebs", "EBS", "disks and their snapshots", timedelta(hours=1)),
        KnownSource("aws_eip", "Elastic IP", "fixed addresses", timedelta(hours=1)),
        KnownSource("aws_cloudtrail", "CloudTrail", "starts and stops", timedelta(hours=6)),
        KnownSource("aws_cloudwatch", "CloudWatch", "CPU utilization", timedelta(hours=1)),
        KnownSource("aws_metrics", "Metrics", "metrics of all kinds of resources", timedelta(hours=1)),
        KnownSource("aws_pricing", "Price list", "on-demand prices", timedelta(hours=1)),
        KnownSource("aws_cost_explorer", "Cost Explorer", "billed cost", timedelta(hours=24)),
        KnownSource("electricity_maps", "Electricity Maps", "carbon intensity", timedelta(hours=1), is_shared=True),
        KnownSource("grid_forecasts", "Forecasts", "carbon intensity ahead", timedelta(hours=1), is_shared=True),
        KnownSource("boavizta", "Boavizta", "power and embodied carbon", timedelta(hours=1), is_shared=True),
        KnownSource("ledger", "Ledger", "what is derived from all of these", timedelta(hours=1)),
        KnownSource("findings", "Findings", "bottlenecks and what nobody uses", timedelta(hours=1)),
    )
}


def known_source(name: str) -> KnownSource:
    """The source of that name; one that no step asks keeps its own name and counts as daily."""
    return KNOWN_SOURCES.get(name) or KnownSource(name, name, "", timedelta(hours=24))
