"""S3 lists the buckets of all regions at once; mostly it tells where each of them is."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db import transaction

from accounts.clients.aws.estate import ResourceDescription, bucket_region, buckets
from accounts.clients.aws.session import AwsSession
from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import AwsAccount, Resource
from accounts.services.parallel import ask_all, once
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from finops.core.upstream.errors import UpstreamError

from .store import Listing, store_listing

_REGIONS = "regions of buckets"


def refresh_buckets(
    *,
    account: AwsAccount,
    aws: AwsSession,
    now: datetime,
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Ask for the account's buckets and store them. A bucket never moves: its region is asked once at the most.

    Where a region may not be asked for, the bucket stands there without one. Raises UpstreamError where the
    buckets could not be listed. Running it twice with the same `now` changes nothing.
    """
    outcome = StepOutcome(source=ResourceKind.S3_BUCKET.source)
    told = buckets(aws)
    known = dict(
        Resource.objects.filter(aws_account=account, kind=ResourceKind.S3_BUCKET)
        .exclude(region="")
        .values_list("resource_id", "region")
    )
    told = [bucket if bucket.region else replace(bucket, region=known.get(bucket.resource_id, "")) for bucket in told]
    told = _located(told, aws, outcome, progress)
    outcome.parts[ResourceKind.S3_BUCKET.plural] = PartOutcome(rows=len(told))
    outcome.rows_read = len(told)
    progress(done=1, total=1, part=ResourceKind.S3_BUCKET.plural)
    with writing():
        outcome.rows_written = store_listing(
            account=account, listing=Listing(ResourceKind.S3_BUCKET, told, region=None), now=now
        )
    return outcome


def _located(
    told: list[ResourceDescription], aws: AwsSession, outcome: StepOutcome, progress: Progress
) -> list[ResourceDescription]:
    """The buckets with their regions, as far as those may be asked for; one refusal is enough to stop asking."""
    nowhere = [bucket.resource_id for bucket in told if not bucket.region]
    regions: dict[str, str] = {}
    failed: list[UpstreamError] = []

    def ask(name: str) -> str:
        if failed:
            raise failed[0]
        return bucket_region(aws, bucket=name)

    def ended(_: str, error: UpstreamError | None) -> None:
        if error is not None:
            failed.append(error)
        progress(done=len(regions), total=len(nowhere), part=_REGIONS)

    ask_all({name: once(partial(ask, name)) for name in nowhere}, take=regions.__setitem__, ended=ended)
    if failed:
        outcome.parts[_REGIONS] = PartOutcome(rows=len(regions), error=failed[0])
    return [bucket if bucket.region else replace(bucket, region=regions.get(bucket.resource_id, "")) for bucket in told]
