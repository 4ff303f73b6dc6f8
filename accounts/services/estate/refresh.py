"""Asks every enabled region for its resources of some kinds."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from accounts.clients.aws.estate import (
    ResourceDescription,
    addresses,
    db_clusters,
    db_instances,
    functions,
    snapshots,
    volumes,
)
from accounts.clients.aws.inventory import enabled_regions
from accounts.clients.aws.session import AwsSession
from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import AwsAccount
from accounts.services.parallel import ask_all, once
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, narrowed, no_progress
from finops.core.upstream.errors import Reason, UpstreamError

from .store import Listing, note_unasked, store_listing

Ask = Callable[..., list[ResourceDescription]]


@dataclass(frozen=True, slots=True)
class _Question:
    """One kind in one region."""

    kind: ResourceKind
    region: str

    def __str__(self) -> str:
        return f"{self.kind.plural} in {self.region}"


def refresh_resources(
    *,
    asks: dict[ResourceKind, Ask],
    account: AwsAccount,
    aws: AwsSession,
    now: datetime,
    only_regions: Collection[str] = (),
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Ask every enabled region for its resources of the kinds in `asks`, which are of one source, and store them.

    `only_regions` narrows that to some; the others stay as they were.
    A region counts only as a whole: what it did not tell completely stays as it was, and a resource is gone only
    where its region answered completely without it. One that is gone stays as history. Raises UpstreamError where
    no region answered. Running it twice with the same `now` changes nothing.
    """
    outcome = StepOutcome(source=next(iter(asks)).source)
    regions = narrowed(regions_of(account, aws, outcome), only_regions, outcome)
    questions = [_Question(kind, region) for kind in asks for region in regions]
    told: dict[_Question, list[ResourceDescription]] = {}
    done = 0

    def ended(question: _Question, error: UpstreamError | None) -> None:
        nonlocal done
        done += 1
        rows = len(told.get(question, ()))
        outcome.parts[str(question)] = PartOutcome(rows=rows, error=error)
        outcome.rows_read += rows
        progress(done=done, total=len(questions), part=str(question))

    ask_all(
        {question: once(partial(asks[question.kind], aws, region=question.region)) for question in questions},
        take=told.__setitem__,
        ended=ended,
        beat=lambda: progress(done=done, total=len(questions)),
    )
    if not told and questions:
        raise next(iter(outcome.failed_parts.values()))
    with writing():
        for question, resources in told.items():
            listing = Listing(question.kind, resources, region=question.region)
            outcome.rows_written += store_listing(account=account, listing=listing, now=now)
        note_unasked(account=account, kinds=list(asks), regions=regions, outcome=outcome)
    return outcome


refresh_databases = partial(
    refresh_resources, asks={ResourceKind.RDS_INSTANCE: db_instances, ResourceKind.RDS_CLUSTER: db_clusters}
)
refresh_functions = partial(refresh_resources, asks={ResourceKind.LAMBDA_FUNCTION: functions})
refresh_disks = partial(
    refresh_resources, asks={ResourceKind.EBS_VOLUME: volumes, ResourceKind.EBS_SNAPSHOT: snapshots}
)
refresh_addresses = partial(refresh_resources, asks={ResourceKind.ELASTIC_IP: addresses})


def regions_of(account: AwsAccount, aws: AwsSession, outcome: StepOutcome) -> list[str]:
    """The regions that the inventory found enabled; others are not asked, for they do not answer.

    An account whose regions may not be listed is asked in its home region alone, and says so.
    """
    if account.enabled_regions:
        return list(account.enabled_regions)
    try:
        return enabled_regions(aws)
    except UpstreamError as error:
        if error.reason is not Reason.DENIED:
            raise
        outcome.parts["list of regions"] = PartOutcome(error=error)
        outcome.notes.append(f"The enabled regions may not be listed, so {aws.home_region} alone was asked.")
        return [aws.home_region]
