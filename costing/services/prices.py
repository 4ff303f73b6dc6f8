"""Stores what the account's instance hours cost on demand."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db import transaction

from accounts.clients.aws.session import AwsSession
from accounts.models import AwsAccount, TouchedDay
from accounts.services.parallel import ask_all, once
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from accounts.services.touched_days import touch_days
from costing.clients.aws_prices import AwsPrices, PriceAnswer
from costing.estimators.price_key import PriceKey
from costing.models import DailyTotal, Price
from costing.selectors.price_keys import accounts_priced_by, prices_needed
from finops.core.bulk import upsert
from finops.core.upstream.errors import Reason, UpstreamError

_AT_ONCE = 4
_KEY_COLUMNS = ("instance_type", "region", "usage_operation", "tenancy")
# After one of these the other questions would be answered alike.
_NO_USE_TO_GO_ON = {Reason.LOGIN_NEEDED, Reason.BAD_CREDENTIALS, Reason.DENIED, Reason.NOT_ENABLED}


def refresh_prices(
    *,
    account: AwsAccount,
    aws: AwsSession,
    now: datetime,
    max_age: timedelta = timedelta(days=7),
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Ask for the prices of the account's kinds of instance that are unknown or older than `max_age`.

    Prices are the same for everybody, so one account's answer serves all; where a price changed, the days of
    every account with such an instance are marked to be derived again. Where the price list has no single
    price, the reason is stored in its place. Raises UpstreamError where not one question was answered.
    """
    needed = prices_needed(account)
    due = _not_fresh(needed.keys, since=now - max_age)
    answers, errors = _ask(AwsPrices(aws), due, progress)
    if errors and not answers:
        raise next(iter(errors.values()))
    outcome = StepOutcome(source=AwsPrices.name, rows_read=len(answers))
    outcome.parts = {str(answer.key): PartOutcome(rows=1) for answer in answers}
    outcome.parts |= {str(key): PartOutcome(error=error) for key, error in errors.items()}
    outcome.notes = _notes(answers, unknown_instances=needed.unknown_instances)
    if answers:
        with writing():
            outcome.rows_written = _store(answers, now=now)
    return outcome


def _not_fresh(keys: Sequence[PriceKey], *, since: datetime) -> list[PriceKey]:
    fresh = Price.objects.filter(
        retrieved_at__gt=since,
        region__in={key.region for key in keys},
        instance_type__in={key.instance_type for key in keys},
    ).values_list(*_KEY_COLUMNS)
    known = {PriceKey(*row) for row in fresh}
    return [key for key in keys if key not in known]


def _ask(
    prices: AwsPrices, keys: Sequence[PriceKey], progress: Progress
) -> tuple[list[PriceAnswer], dict[PriceKey, UpstreamError]]:
    answers: list[PriceAnswer] = []
    errors: dict[PriceKey, UpstreamError] = {}
    refusals: list[UpstreamError] = []

    def ask(key: PriceKey) -> PriceAnswer:
        if refusals:
            raise refusals[0]
        try:
            return prices.on_demand_price(key)
        except UpstreamError as error:
            if error.reason in _NO_USE_TO_GO_ON:
                refusals.append(error)
            raise

    def ended(key: PriceKey, error: UpstreamError | None) -> None:
        if error is not None:
            errors[key] = error
        progress(done=len(answers) + len(errors), total=len(keys), part=str(key))

    ask_all(
        {key: once(partial(ask, key)) for key in keys},
        take=lambda _, answer: answers.append(answer),
        ended=ended,
        at_once=_AT_ONCE,
    )
    return sorted(answers, key=lambda answer: answer.key), errors


def _notes(answers: Sequence[PriceAnswer], *, unknown_instances: int) -> list[str]:
    notes = []
    without = [answer for answer in answers if answer.usd_per_hour is None]
    if without:
        first = without[0]
        notes.append(f"{len(without)} of {len(answers)} kinds of instance have no price; {first.key}: {first.reason}")
    if unknown_instances:
        notes.append(
            f"{unknown_instances} instances are known from CloudTrail alone, so their platform and price are not."
        )
    return notes


def _store(answers: Sequence[PriceAnswer], *, now: datetime) -> int:
    changed = _changed(answers)
    written = upsert(
        Price,
        [
            (
                answer.key.instance_type,
                answer.key.region,
                answer.key.usage_operation,
                answer.key.tenancy,
                answer.usd_per_hour,
                answer.reason,
                answer.sku,
                AwsPrices.name,
                now,
            )
            for answer in answers
        ],
        columns=(*_KEY_COLUMNS, "usd_per_hour", "reason", "sku", "source", "retrieved_at"),
        key=_KEY_COLUMNS,
        # A price that is confirmed is fresh again, so its row is written though the price stays.
        unless_equal=("usd_per_hour", "reason", "sku", "retrieved_at"),
    )
    _touch_days_priced_by(changed)
    return written


def _changed(answers: Sequence[PriceAnswer]) -> set[PriceKey]:
    """The keys whose price now differs; from unknown to none is no change."""
    stored: dict[PriceKey, Decimal | None] = {
        PriceKey(*key): usd_per_hour
        for *key, usd_per_hour in Price.objects.filter(
            region__in={answer.key.region for answer in answers},
            instance_type__in={answer.key.instance_type for answer in answers},
        ).values_list(*_KEY_COLUMNS, "usd_per_hour")
    }
    return {answer.key for answer in answers if stored.get(answer.key) != answer.usd_per_hour}


def _touch_days_priced_by(keys: Collection[PriceKey]) -> None:
    """Mark the days of the ledger that rest on `keys`, and the days that are being derived just now.

    Days already marked are read first: a derive that is going on has either not yet unmarked its days, or
    has written its totals by the time these are read.
    """
    if not keys:
        return
    accounts = accounts_priced_by(keys)
    days = set(TouchedDay.objects.filter(aws_account__in=accounts).values_list("aws_account_id", "day"))
    days |= set(
        DailyTotal.objects.filter(aws_account__in=accounts, region__in={key.region for key in keys})
        .order_by()
        .values_list("aws_account_id", "day")
        .distinct()
    )
    for account_id in sorted({account_id for account_id, _ in days}):
        touch_days(account_ids=[account_id], days=[day for of_account, day in days if of_account == account_id])
