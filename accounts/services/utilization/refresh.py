"""Asks CloudWatch for the hours that are not stored yet."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from accounts.clients.aws.metric_data import GET_METRIC_DATA, USD_PER_METRIC
from accounts.clients.aws.session import AwsSession
from accounts.clients.aws.utilization import HourlyCpu, hourly_cpu
from accounts.models import AwsAccount, MetricDay
from accounts.services.cloudwatch_budget import budget_left, monthly_budget
from accounts.services.parallel import ask_all
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from accounts.services.touched_days import touch_days
from finops.core.partitions import ensure_month_partitions
from finops.core.periods import DAY, Period
from finops.core.upstream.errors import UpstreamError

from .store import store_batches
from .wanted import Batch, Wanted, batches, wanted_hours

SOURCE = GET_METRIC_DATA.upstream

# So many instance-days are merged and written at once: some 30 MB, and a second.
_ROWS_AT_ONCE = 20_000


def refresh_utilization(
    *,
    account: AwsAccount,
    aws: AwsSession,
    period: Period,
    now: datetime,
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Store the CPU utilization of the whole hours of `period` that are not stored for good; mark changed days.

    Asks only for instances that may have run and, of each, from the first hour that is missing or was asked
    within three hours after it ended. A metric costs $0.00001 each time it is asked: beyond the account's
    monthly budget an instance is asked once a day instead of each time. What was told is written in several
    transactions, so that a long first reading is not lost when it is interrupted. Raises UpstreamError where
    nothing could be read.
    """
    outcome = StepOutcome(source=SOURCE)
    wanted = _within_budget(account, wanted_hours(account=account, period=period, now=now), now, outcome)
    jobs = dict(enumerate(batches(wanted)))
    if not jobs:
        return outcome
    ensure_month_partitions(MetricDay, {day for batch in jobs.values() for day in batch.period.days()})
    reading = _Reading(account, aws, now, writing, outcome)

    def ended(key: int, error: UpstreamError | None) -> None:
        reading.end(jobs[key], error)
        progress(done=reading.done, total=len(jobs), part=jobs[key].region)

    ask_all(
        {key: reading.ask(batch) for key, batch in jobs.items()},
        take=lambda key, cpu: reading.take(jobs[key], cpu),
        ended=ended,
        beat=lambda: progress(done=reading.done, total=len(jobs)),
    )
    reading.finish()
    return outcome


class _Reading:
    """What came so far. Asks from many threads; all else happens in the one that refreshes."""

    def __init__(
        self, account: AwsAccount, aws: AwsSession, now: datetime, writing: Writing, outcome: StepOutcome
    ) -> None:
        self.done = 0
        self._account, self._aws, self._now = account, aws, now
        self._writing, self._outcome = writing, outcome
        self._told: list[tuple[Batch, HourlyCpu]] = []
        self._failed: dict[str, UpstreamError] = {}
        self._rows: Counter[str] = Counter()
        self._answered = 0
        self._incomplete = 0
        self._messages: set[str] = set()

    def ask(self, batch: Batch) -> Iterator[HourlyCpu]:
        """One call. In a region that has refused already none is made."""
        if batch.region in self._failed:
            raise self._failed[batch.region]
        yield hourly_cpu(
            self._aws, region=batch.region, instance_ids=[one.instance_id for one in batch.wanted], period=batch.period
        )

    def take(self, batch: Batch, cpu: HourlyCpu) -> None:
        """Keep an answer, and write all that is kept when it is much."""
        self._told.append((batch, cpu))
        self._answered += 1
        self._rows[batch.region] += int(cpu.is_complete.sum())
        self._incomplete += int((~cpu.is_complete).sum())
        self._messages |= cpu.messages
        self._outcome.refused_values += cpu.refused_values
        if sum(len(b.wanted) * len(b.period.days()) for b, _ in self._told) >= _ROWS_AT_ONCE:
            self._write()

    def end(self, batch: Batch, error: UpstreamError | None) -> None:
        """Note how the call for a batch went."""
        self.done += 1
        self._rows[batch.region] += 0
        if error is not None:
            self._failed.setdefault(batch.region, error)

    def finish(self) -> None:
        """Write the rest, and say how it went."""
        if not self._answered:
            raise next(iter(self._failed.values()))
        self._write()
        for region, rows in sorted(self._rows.items()):
            self._outcome.parts[region] = PartOutcome(rows=rows, error=self._failed.get(region))
            self._outcome.rows_read += rows
        if self._incomplete:
            why = f" ({', '.join(sorted(self._messages))})" if self._messages else ""
            self._outcome.notes.append(
                f"CloudWatch did not tell all of {self._incomplete} instances{why}; they are asked again next time."
            )

    def _write(self) -> None:
        told, self._told = self._told, []
        with self._writing():
            stored = store_batches(told, now=self._now)
            touch_days(account_ids=[self._account.pk], days=stored.changed)
        self._outcome.rows_written += stored.rows


def _within_budget(account: AwsAccount, wanted: list[Wanted], now: datetime, outcome: StepOutcome) -> list[Wanted]:
    """All of them, or those not asked for a day where the month's budget does not reach for more.

    CPU comes before all other metrics: the ledger rests on it, and what it spends is not theirs any more.
    """
    if USD_PER_METRIC * len(wanted) <= budget_left(account=account, sources=[SOURCE], now=now):
        return wanted
    urgent = [one for one in wanted if one.start < now - DAY]
    if len(urgent) < len(wanted):
        outcome.notes.append(
            f"{len(wanted) - len(urgent)} instances were not asked this time: the CloudWatch budget of "
            f"{monthly_budget()} USD a month reaches for one reading a day."
        )
    return urgent
