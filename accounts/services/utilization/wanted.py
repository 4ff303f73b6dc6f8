"""Which hours of which instances CloudWatch is still to be asked for."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import BigIntegerField, Case, Sum, Value, When

from accounts.clients.aws.utilization import most_instances
from accounts.estimators.runtime.states import transition_date
from accounts.models import CPU_UTILIZATION, AwsAccount, Instance, MetricDay
from finops.core.periods import DAY, HOUR, Period, start_of_day, start_of_hour, utc_day

# CloudWatch may change an hour for a while after it has ended; after that, having no value means there is none.
SETTLES_AFTER = timedelta(hours=3)
_KEPT = timedelta(days=455)
_MAY_RUN = frozenset({"pending", "running", "stopping", "shutting-down"})
_BITS = 60  # days in one sum of powers of two, which has to fit into 63 bits


@dataclass(frozen=True, slots=True)
class Wanted:
    """The hours of one instance that are not stored, or not for good: [start, end), on the hour."""

    pk: int
    region: str
    instance_id: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call asks for: the hours of `period`, of all of them."""

    region: str
    wanted: list[Wanted]
    period: Period


def wanted_hours(*, account: AwsAccount, period: Period, now: datetime) -> list[Wanted]:
    """For each instance that ran in `period`, the hours from the first one that is not settled.

    Whole hours that have ended, of the 455 days CloudWatch keeps. Regions that are not enabled are left out,
    for they do not answer.
    """
    window = Period(
        start_of_hour(max(period.start, now - _KEPT)), start_of_hour(max(min(period.end, now), period.start))
    )
    spans = instance_spans(account, window, now)
    if not spans:
        return []
    days = window.days()
    settled = _settled_days(account, days, now)
    recent = _asked_until(account, [day for day in days if not _may_be_settled(day, now)])
    found = []
    for (pk, region, instance_id), span in spans.items():
        start = _first_missing(span, days, settled.get(pk, 0), recent[pk], now)
        if start is not None:
            found.append(Wanted(pk, region, instance_id, start, span.end))
    return found


def batches(wanted: list[Wanted]) -> Iterator[Batch]:
    """As few calls as CloudWatch's limits allow. Those who want about the same hours go together."""
    by_region: defaultdict[str, list[Wanted]] = defaultdict(list)
    for one in sorted(wanted, key=lambda each: (each.region, each.start, each.pk)):
        by_region[one.region].append(one)
    for region, rest in by_region.items():
        position = 0
        while position < len(rest):
            start = rest[position].start
            # The price is by instance, whatever the hours, so that each instance is asked for all of its own.
            room = most_instances(hours=(max(one.end for one in rest[position:]) - start) // HOUR)
            some = rest[position : position + room]
            yield Batch(region, some, Period(start, max(one.end for one in some)))
            position += len(some)


def instance_spans(account: AwsAccount, window: Period, now: datetime) -> dict[tuple[int, str, str], Period]:
    """The part of `window` in which each instance may have run."""
    instances = Instance.objects.filter(aws_account=account)
    if account.enabled_regions:
        instances = instances.filter(region__in=account.enabled_regions)
    spans = {}
    for pk, region, instance_id, state, launched_at, first_launched_at, reason, gone_at in instances.values_list(
        "pk",
        "region",
        "instance_id",
        "state",
        "launched_at",
        "first_launched_at",
        "state_transition_reason",
        "gone_at",
    ):
        start = start_of_hour(max(window.start, first_launched_at or window.start))
        end = min(window.end, _ran_until(state, launched_at, reason, now), _end_of_hour(gone_at or now))
        if start < end:
            spans[pk, region, instance_id] = Period(start, end)
    return spans


def _ran_until(state: str, launched_at: datetime | None, reason: str, now: datetime) -> datetime:
    if state in _MAY_RUN:
        return now
    stopped_at = transition_date(reason)
    if stopped_at is not None and (launched_at is None or stopped_at >= launched_at):
        return _end_of_hour(stopped_at)
    # Nothing says when it stopped. So that it is not asked about, and paid for, every hour for ever, it is
    # asked about whole days, once each.
    last_settled = start_of_day(utc_day(now - SETTLES_AFTER))
    return now if launched_at is not None and launched_at >= last_settled else last_settled


def _end_of_hour(instant: datetime) -> datetime:
    hour = start_of_hour(instant)
    return hour if hour == instant else hour + HOUR


def _may_be_settled(day: date, now: datetime) -> bool:
    return start_of_day(day + DAY) + SETTLES_AFTER <= now


def _settled_days(account: AwsAccount, days: list[date], now: datetime) -> dict[int, int]:
    """For each instance a bit a day, in the order of `days`: set where it was asked after the day had settled.

    The database does the counting: an account of 10,000 instances has 350,000 such days.
    """
    settled: defaultdict[int, int] = defaultdict(int)
    for first in range(0, len(days), _BITS):
        some = [day for day in days[first : first + _BITS] if _may_be_settled(day, now)]
        if not some:
            break
        bits = Case(
            *(
                When(day=day, retrieved_at__gte=start_of_day(day + DAY) + SETTLES_AFTER, then=Value(1 << position))
                for position, day in enumerate(some)
            ),
            default=Value(0),
            output_field=BigIntegerField(),
        )
        sums = (
            MetricDay.objects.filter(
                instance__aws_account=account, metric=CPU_UTILIZATION, day__gte=some[0], day__lte=some[-1]
            )
            .order_by()
            .values_list("instance_id")
            .annotate(bits=Sum(bits))
        )
        for pk, told in sums:
            settled[pk] |= int(told) << first
    return settled


def _asked_until(account: AwsAccount, days: list[date]) -> defaultdict[int, dict[date, datetime]]:
    """When each instance was last asked about each of the latest days."""
    asked: defaultdict[int, dict[date, datetime]] = defaultdict(dict)
    rows = MetricDay.objects.filter(instance__aws_account=account, metric=CPU_UTILIZATION, day__in=days)
    for pk, day, retrieved_at in rows.values_list("instance_id", "day", "retrieved_at"):
        asked[pk][day] = retrieved_at
    return asked


def _first_missing(
    span: Period, days: list[date], settled: int, recent: dict[date, datetime], now: datetime
) -> datetime | None:
    """The first hour of `span` that is not settled, or None."""
    first = (span.start.date() - days[0]).days
    for position in range(first, len(days)):
        day = days[position]
        start, end = max(span.start, start_of_day(day)), min(span.end, start_of_day(day + DAY))
        if start >= end:
            break
        if _may_be_settled(day, now):
            if not settled >> position & 1:
                return start
            continue
        asked_at = recent.get(day)
        asked_to = start_of_hour(asked_at - SETTLES_AFTER) if asked_at else start
        if asked_to < end:
            return max(asked_to, start)
    return None
