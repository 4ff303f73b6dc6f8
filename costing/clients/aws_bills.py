"""Cost Explorer: what AWS billed, day by day."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from accounts.clients.aws.session import AwsSession, Operation
from costing.estimators.money import amount_of
from costing.estimators.validation import USAGE_RECORD_TYPES
from finops.core.periods import DAY, Period
from finops.core.upstream.errors import UpstreamMisunderstood

GET_COST_AND_USAGE = Operation("aws_cost_explorer", "ce", "GetCostAndUsage", "ResultsByTime")

_REGION = "us-east-1"  # Cost Explorer answers for all regions from this one
USD_PER_PAGE = Decimal("0.01")

USAGE = USAGE_RECORD_TYPES[0]
_IS_USAGE = {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(USAGE_RECORD_TYPES)}}

_CURRENCY = re.compile(r"[A-Z]{3}")
_IMPLAUSIBLE_FROM = Decimal(10) ** 10
_DECIMAL_PLACES = Decimal("1E-10")


class _Keys(NamedTuple):
    """What the two keys of a group stand for."""

    account_id: str
    service: str
    record_type: str
    dimension: str = ""
    value: str = ""


_ReadKeys = Callable[[str, str], _Keys]


@dataclass(frozen=True, slots=True)
class BilledRow:
    """What one account was billed on one UTC day for one service and record type. Credits are negative.

    `service` is empty where the answer was not split by service, `account_id` where not by account. `dimension`
    and `value` are those of an answer that was split by one more thing, such as region and eu-central-1.
    """

    account_id: str
    day: date
    service: str
    record_type: str
    currency: str
    unblended_cost: Decimal
    amortized_cost: Decimal
    is_estimated: bool
    dimension: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """An answer: the days it is about, those without any cost included, and their rows."""

    days: frozenset[date] = frozenset()
    rows: list[BilledRow] = field(default_factory=list)


class AwsBills:
    """The part of Cost Explorer that this project uses. Every page of an answer costs $0.01."""

    name = GET_COST_AND_USAGE.upstream

    def __init__(self, aws: AwsSession) -> None:
        """Ask through `aws`, which counts pages and dollars."""
        self._aws = aws

    def of_account(self, account_id: str, *, period: Period) -> Bill:
        """The bill of one account by service and record type.

        Asked for the account by name: a payer that is asked without one answers for its whole organisation.
        """
        return self._ask(
            period,
            only=_of_accounts([account_id]),
            group_by=("SERVICE", "RECORD_TYPE"),
            read_keys=lambda service, record_type: _Keys(account_id, service, record_type),
        )

    def usage_of_linked_accounts(self, *, period: Period) -> Bill:
        """What each linked account of a payer used, by service; told as record type "Usage" altogether."""
        return self._ask(
            period,
            only=_IS_USAGE,
            group_by=("LINKED_ACCOUNT", "SERVICE"),
            read_keys=lambda account_id, service: _Keys(account_id, service, USAGE),
        )

    def other_charges_of_linked_accounts(self, *, period: Period) -> Bill:
        """What each linked account was charged or credited that is not usage, by record type, without a service.

        Together with the usage it adds up to the bill. Cost Explorer groups by two things at most: asked by
        account and service alone it would not say what is tax and what is credit.
        """
        return self._ask(
            period,
            only={"Not": _IS_USAGE},
            group_by=("LINKED_ACCOUNT", "RECORD_TYPE"),
            read_keys=lambda account_id, record_type: _Keys(account_id, "", record_type),
        )

    def usage_by_service_and(self, dimension: str, account_ids: Sequence[str], *, period: Period) -> Bill:
        """What these accounts used together, by service and by "region" or "usage_type"; the rows name no account."""
        return self._ask(
            period,
            only={"And": [_of_accounts(account_ids), _IS_USAGE]},
            group_by=("SERVICE", dimension.upper()),
            read_keys=lambda service, value: _Keys("", service, USAGE, dimension, value),
        )

    def usage_by_account_and(self, dimension: str, account_ids: Sequence[str], *, period: Period) -> Bill:
        """What each of these linked accounts used by "region" or "usage_type"; the rows name no service."""
        return self._ask(
            period,
            only={"And": [_of_accounts(account_ids), _IS_USAGE]},
            group_by=("LINKED_ACCOUNT", dimension.upper()),
            read_keys=lambda account_id, value: _Keys(account_id, "", USAGE, dimension, value),
        )

    def _ask(self, period: Period, *, only: dict[str, Any], group_by: tuple[str, str], read_keys: _ReadKeys) -> Bill:
        days = period.days()
        if not days:
            return Bill()
        pages = self._aws.pages(
            GET_COST_AND_USAGE,
            region=_REGION,
            token="NextPageToken",  # noqa: S106 (the name of a key, not a secret)
            cost_usd=USD_PER_PAGE,
            TimePeriod={"Start": days[0].isoformat(), "End": (days[-1] + DAY).isoformat()},  # without the last date
            Granularity="DAILY",
            Metrics=["UnblendedCost", "AmortizedCost"],
            Filter=only,
            GroupBy=[{"Type": "DIMENSION", "Key": key} for key in group_by],
        )
        try:
            bills = [_read_day(told, read_keys) for page in pages for told in page["ResultsByTime"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _cannot_be_read("it is not of the shape we know") from error
        answered = {day for day, _ in bills}
        if not answered <= set(days):
            raise _cannot_be_read("it is about days that were not asked for")
        rows = [row for _, of_day in bills for row in of_day]
        if len({_told_once(row) for row in rows}) < len(rows):
            raise _cannot_be_read("it tells the same cost twice")
        return Bill(frozenset(answered), rows)


def _of_accounts(account_ids: Sequence[str]) -> dict[str, Any]:
    return {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": list(account_ids)}}


def _told_once(row: BilledRow) -> tuple[Any, ...]:
    return row.account_id, row.day, row.service, row.record_type, row.value, row.currency


def _read_day(told: dict[str, Any], read_keys: _ReadKeys) -> tuple[date, list[BilledRow]]:
    day = date.fromisoformat(told["TimePeriod"]["Start"])
    if date.fromisoformat(told["TimePeriod"]["End"]) != day + DAY:
        raise ValueError("a period of an answer by day is one day long")
    return day, [_read_group(group, day, read_keys, is_estimated=told["Estimated"]) for group in told["Groups"]]


def _read_group(group: dict[str, Any], day: date, read_keys: _ReadKeys, *, is_estimated: bool) -> BilledRow:
    keys = read_keys(*group["Keys"])
    unblended, amortized = group["Metrics"]["UnblendedCost"], group["Metrics"]["AmortizedCost"]
    currency = unblended["Unit"]
    if amortized["Unit"] != currency or not _CURRENCY.fullmatch(currency):
        raise ValueError("both costs are in the same currency")
    return BilledRow(
        account_id=keys.account_id,
        day=day,
        service=keys.service,
        record_type=keys.record_type,
        currency=currency,
        unblended_cost=_cost(unblended["Amount"]),
        amortized_cost=_cost(amortized["Amount"]),
        is_estimated=is_estimated,
        dimension=keys.dimension,
        value=keys.value,
    )


def _cost(text: str) -> Decimal:
    cost = amount_of(text)
    if abs(cost) >= _IMPLAUSIBLE_FROM:
        raise ValueError("a day's cost is not as large as this")
    return cost.quantize(_DECIMAL_PLACES)


def _cannot_be_read(why: str) -> UpstreamMisunderstood:
    return UpstreamMisunderstood(f"Cost Explorer's answer was not used: {why}.", upstream=GET_COST_AND_USAGE.upstream)
