"""Asks CloudWatch for the chosen metrics of all kinds of resources."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from accounts.clients.aws.metric_data import USD_PER_METRIC
from accounts.clients.aws.metrics import MetricAnswers, ask_metrics
from accounts.clients.aws.session import AwsSession
from accounts.models import AwsAccount, MetricDay, ResourceMetricDay
from accounts.services.cloudwatch_budget import budget_left, monthly_budget
from accounts.services.parallel import ask_all
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from accounts.services.utilization import SOURCE as CPU_SOURCE
from finops.core.partitions import ensure_month_partitions
from finops.core.periods import DAY, Period
from finops.core.upstream.errors import UpstreamError

from .store import Told, days_of, store_metrics
from .wanted import Batch, Wanted, batches, wanted_metrics

SOURCE = "aws_metrics"

# So many series are merged and written at once, of up to some hundred days each.
_SERIES_AT_ONCE = 1000


def refresh_metrics(
    *,
    account: AwsAccount,
    aws: AwsSession,
    period: Period,
    now: datetime,
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Store the chosen metrics of the whole hours of `period` that are not stored for good.

    Each is asked as often as an admin chose, and costs $0.00001 each time, whatever the hours it brings. Beyond
    what CPU leaves of the account's monthly budget it is asked once a day instead. What was told is written in
    several transactions, so that a long first reading is not lost when it is interrupted. Raises UpstreamError
    where nothing could be read.
    """
    outcome = StepOutcome(source=SOURCE)
    wanted = _within_budget(account, wanted_metrics(account=account, period=period, now=now), now, outcome)
    jobs = dict(enumerate(batches(wanted)))
    if not jobs:
        return outcome
    for model in (MetricDay, ResourceMetricDay):
        ensure_month_partitions(model, days_of(wanted))
    reading = _Reading(aws, now, writing, outcome)

    def ended(key: int, error: UpstreamError | None) -> None:
        reading.end(jobs[key], error)
        progress(done=reading.done, total=len(jobs), part=jobs[key].region)

    ask_all(
        {key: reading.ask(batch) for key, batch in jobs.items()},
        take=lambda key, told: reading.take(jobs[key], told),
        ended=ended,
        beat=lambda: progress(done=reading.done, total=len(jobs)),
    )
    reading.finish()
    return outcome


class _Reading:
    """What came so far. Asks from many threads; all else happens in the one that refreshes."""

    def __init__(self, aws: AwsSession, now: datetime, writing: Writing, outcome: StepOutcome) -> None:
        self.done = 0
        self._aws, self._now, self._writing, self._outcome = aws, now, writing, outcome
        self._told: list[Told] = []
        self._failed: dict[str, UpstreamError] = {}
        self._rows: Counter[str] = Counter()
        self._answered = 0
        self._incomplete = 0
        self._messages: set[str] = set()

    def ask(self, batch: Batch) -> Iterator[MetricAnswers]:
        """One call. In a region that has refused already none is made."""
        if batch.region in self._failed:
            raise self._failed[batch.region]
        asked = [(one.metric, one.resource_id) for one in batch.wanted]
        yield ask_metrics(self._aws, region=batch.region, asked=asked, period=batch.period)

    def take(self, batch: Batch, told: MetricAnswers) -> None:
        """Keep an answer, and write all that is kept when it is much."""
        self._answered += 1
        self._outcome.refused_values += told.refused_values
        self._messages |= told.messages
        for one, answer in zip(batch.wanted, told.answers, strict=True):
            self._told.append((one, answer, batch.period.start))
            self._rows[batch.region] += answer.is_complete
            self._incomplete += not answer.is_complete
        if len(self._told) >= _SERIES_AT_ONCE:
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
                f"CloudWatch did not tell all of {self._incomplete} metrics{why}; they are asked again next time."
            )

    def _write(self) -> None:
        told, self._told = self._told, []
        with self._writing():
            self._outcome.rows_written += store_metrics(told, now=self._now)


def _within_budget(account: AwsAccount, wanted: list[Wanted], now: datetime, outcome: StepOutcome) -> list[Wanted]:
    """All of them, or those not asked for a day where what is left of the month's budget does not reach for more."""
    if USD_PER_METRIC * len(wanted) <= budget_left(account=account, sources=[CPU_SOURCE, SOURCE], now=now):
        return wanted
    urgent = [one for one in wanted if one.asked_at is None or one.asked_at < now - DAY]
    if len(urgent) < len(wanted):
        outcome.notes.append(
            f"{len(wanted) - len(urgent)} metrics were not asked this time: the CloudWatch budget of "
            f"{monthly_budget()} USD a month reaches for one reading a day."
        )
    return urgent
