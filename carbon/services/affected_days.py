"""Marks every day whose figures rest on something that changed for good: a power curve, a PUE, a region's zone."""

from datetime import datetime, timedelta

from django.db.models import Min, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import Instance, RefreshRun
from accounts.services.touched_days import touch_period
from carbon.models import CloudRegion
from finops.core.periods import Period, start_of_day, utc_day

# Events, and with them runtime, reach no further back than this before an instance was first seen.
_EVENTS_REACH_BACK = timedelta(days=90)


def mark_days_of(instances: QuerySet[Instance], *, now: datetime) -> None:
    """Mark all days of the accounts of `instances`, from the first on which one of these may have run.

    No refresh ever wanted facts of the days before the first run's period, so these have no ledger to derive
    again. Belongs in the transaction that makes the change.
    """
    accounts = (
        instances.order_by()
        .values("aws_account_id")
        .annotate(seen_at=Min("first_seen_at"), launched_at=Min(Coalesce("first_launched_at", "first_seen_at")))
        .order_by("aws_account_id")
    )
    runs = RefreshRun.objects.order_by().values("aws_account_id").annotate(start=Min("period_start"))
    reaches_back_to = dict(runs.values_list("aws_account_id", "start"))
    for account in accounts:
        told = max(account["launched_at"], account["seen_at"] - _EVENTS_REACH_BACK)
        first = start_of_day(utc_day(max(told, reaches_back_to.get(account["aws_account_id"], told))))
        if first <= now:
            touch_period(account_ids=[account["aws_account_id"]], period=Period(first, now))


def mark_days_of_region(region: str, *, now: datetime) -> None:
    """As `mark_days_of`, for all instances in an AWS region."""
    mark_days_of(Instance.objects.filter(region=region), now=now)


def mark_days_of_zone(zone: str, *, now: datetime) -> None:
    """As `mark_days_of`, for all instances in AWS regions that draw on a zone."""
    regions = CloudRegion.objects.filter(provider="aws", zone_id=zone).values("region")
    mark_days_of(Instance.objects.filter(region__in=regions), now=now)
