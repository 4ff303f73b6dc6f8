"""The bridge from model to bill of each account and month, with how each of its steps was found."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Case, IntegerField, Q, Sum, Value, When

from accounts.selectors.scope import Scope
from costing.estimators.bridge import Bridge, Charge, StepName, bridge, charge_of
from costing.estimators.money import USD
from costing.selectors.compared import IS_COMPUTE_USAGE, Compared, UsageDays, bills, compare
from costing.selectors.ledger_days import LedgerDays, LedgerSum
from finops.core.periods import Period

_PLACES = Decimal("0.0000000001")


class StepWords(NamedTuple):
    """A step as pages and API name it, and how its amount was found."""

    label: str
    how: str


STEP_WORDS = {
    StepName.MISSING: StepWords(
        "Missing in the model",
        "Day by day, what EC2 compute was billed above the model: instances nobody saw, or hours without a price.",
    ),
    StepName.DISCOUNTED: StepWords(
        "Billed below list price",
        "Day by day, what it was billed below the model: spot, reservations and negotiated prices.",
    ),
    StepName.COMMITMENTS: StepWords(
        "Savings Plans and reservations", "Record types SavingsPlan…, RIFee, Recurring and Upfront: fees and negations."
    ),
    StepName.DISCOUNTS: StepWords("Discounts", "Record types that end in Discount."),
    StepName.CREDITS: StepWords("Credits and refunds", "Record types Credit and Refund."),
    StepName.TAX: StepWords("Tax", "Record type Tax, of all services."),
    StepName.OTHER_SERVICES: StepWords("Other services", "Usage of every service but EC2 compute."),
    StepName.OTHER: StepWords("Other charges", "All other record types, such as support and one-time fees."),
    StepName.ROUNDING: StepWords("Rounding", "To the smallest unit of the currency, as an invoice rounds."),
}


@dataclass(frozen=True, slots=True)
class BridgeLine:
    """One line of a bridge as it is read: a level that is reached, or a step from one to the next."""

    name: str
    label: str
    how: str
    amount: Decimal
    starts_at: Decimal  # 0 for a level
    is_level: bool


def bridge_lines(bridge: Bridge) -> list[BridgeLine]:
    """The model, what leads to EC2 compute usage as billed, that, what leads to the bill, and the bill."""
    levels = {
        "modelled": StepWords("Modelled", "List cost of the ledger: billed hours × on-demand price."),
        "billed_usage": StepWords("EC2 compute usage, billed", "What the validation factor holds against the model."),
        "billed": StepWords("Billed in all", "Every service and record type of the same days, unblended."),
    }

    def level(name: str, amount: Decimal) -> BridgeLine:
        return BridgeLine(name, *levels[name], amount, Decimal(0), is_level=True)

    lines = [level("modelled", bridge.modelled)]
    for step in bridge.steps:
        lines.append(
            BridgeLine(step.name.value, *STEP_WORDS[step.name], step.amount, step.ends_at - step.amount, is_level=False)
        )
        if step.name is StepName.DISCOUNTED:
            lines.append(level("billed_usage", bridge.billed_usage))
    return [*lines, level("billed", bridge.billed.amount)]


@dataclass(frozen=True, slots=True)
class MonthCheck:
    """One account over the compared days of one UTC month."""

    month: date  # its first day
    compared: Compared
    bridge: Bridge | None
    reason: str  # why there is no bridge

    @property
    def lines(self) -> list[BridgeLine]:
        """The bridge as it is read; empty where there is none."""
        return bridge_lines(self.bridge) if self.bridge else []


_Charges = Mapping[tuple[int, date], Mapping[str, Sequence[tuple[Charge, Decimal]]]]  # account and month → currency


def month_checks(
    scope: Scope, period: Period, usage: Mapping[int, UsageDays], ledger: LedgerDays, *, account_ids: Iterable[int]
) -> dict[int, tuple[MonthCheck, ...]]:
    """By account, each month of `period` with any bill or ledger, oldest first; one query."""
    months: dict[date, list[date]] = {}
    for day in period.days():
        months.setdefault(day.replace(day=1), []).append(day)
    if not months:
        return dict.fromkeys(account_ids, ())
    charges = _charges(scope, period, list(months), usage, ledger)
    return {
        account_id: tuple(
            _month_check(
                month,
                compare(usage.get(account_id, {}), ledger.get(account_id, {}), days),
                usage.get(account_id, {}),
                ledger.get(account_id, {}),
                charges.get((account_id, month), {}),
            )
            for month, days in months.items()
            if not {*usage.get(account_id, {}), *ledger.get(account_id, {})}.isdisjoint(days)
        )
        for account_id in account_ids
    }


def _month_check(
    month: date,
    compared: Compared,
    usage: UsageDays,
    ledger: Mapping[date, LedgerSum],
    charges: Mapping[str, Sequence[tuple[Charge, Decimal]]],
) -> MonthCheck:
    currencies = {currency for day in compared.days for currency in usage[day]}
    reason = ""
    if not compared.days:
        reason = compared.reason
    elif currencies != {USD}:
        reason = f"The bill is in {' and '.join(sorted(currencies))} and the model in {USD}; no step leads across."
    elif compared.modelled_usd is None:
        reason = "No cost could be modelled for these days, so there is nothing to start from."
    if reason:
        return MonthCheck(month, compared, None, reason)
    pairs = ((ledger[day].list_cost_usd, usage[day][USD].unblended_cost or Decimal(0)) for day in compared.days)
    return MonthCheck(month, compared, bridge(days=pairs, charges=charges.get(USD, ()), currency=USD), "")


def _charges(
    scope: Scope, period: Period, months: Sequence[date], usage: Mapping[int, UsageDays], ledger: LedgerDays
) -> _Charges:
    """All lines that are no EC2 compute usage, of the days that bill and ledger have, added up by record type."""
    beyond = Q(pk__isnull=True)  # nothing, to begin with
    for account_id, days in usage.items():
        known = ledger.get(account_id, {})
        if unknown := [day for day in days if day not in known]:
            beyond |= Q(aws_account=account_id, day__in=unknown)
    # Compared with plain dates: SQLite would call Python for each row to cut a day's month out of it.
    number_of_month = Case(
        *(When(day__lt=following, then=Value(number)) for number, following in enumerate(months[1:])),
        default=Value(len(months) - 1),
        output_field=IntegerField(),
    )
    rows = (
        bills(scope, period)
        .exclude(IS_COMPUTE_USAGE)
        .exclude(beyond)
        .annotate(number_of_month=number_of_month)
        .values_list("aws_account_id", "number_of_month", "currency", "record_type")
        .annotate(amount=Sum("unblended_cost"))
    )
    found: defaultdict[tuple[int, date], defaultdict[str, list[tuple[Charge, Decimal]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for account_id, number, currency, record_type, amount in rows:
        found[account_id, months[number]][currency].append((charge_of(record_type), amount.quantize(_PLACES)))
    return found
