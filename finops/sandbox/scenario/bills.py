"""The bills: what each account is charged a day, from the machines' billed time and from what else costs money.

The lines of a day add up to that day's bill. Compute is billed time × price, adjusted as named here: spot
prices, a savings plan that covers half of Platform's Linux hours, reserved instances of Shop, a dedicated host.
Nothing in it knows what a client of the sandbox will estimate.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from finops.core.periods import DAY, Period, start_of_day
from finops.sandbox.scenario import prices
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP
from finops.sandbox.scenario.chance import share_from
from finops.sandbox.scenario.instance_types import INSTANCE_TYPES
from finops.sandbox.scenario.platforms import LINUX, Platform
from finops.sandbox.scenario.regions import REGIONS
from finops.sandbox.scenario.scenario import Scenario
from finops.sandbox.scenario.side_costs import side_costs

COMPUTE = "Amazon Elastic Compute Cloud - Compute"
SAVINGS_PLANS = "Savings Plans for AWS Compute usage"
SAVINGS_PLAN_SHARE = Decimal("0.50")
RESERVED_SHARE = Decimal("0.18")
RESEARCH_CREDIT_SHARE = Decimal("0.20")
TAX_SHARE = Decimal("0.19")
_COVERED_BY_SAVINGS_PLAN = {PLATFORM_PAYER.account_id, PLATFORM_WORKLOADS.account_id}
_HOUR = Decimal(3600)
_NO_MONEY = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a day's bill, in US dollars."""

    account_id: str
    day: date
    service: str
    record_type: str
    region: str
    usage_type: str
    operation: str
    instance_type: str
    quantity: Decimal
    unit: str
    unblended_usd: Decimal
    amortized_usd: Decimal


@dataclass(frozen=True, slots=True)
class ComputeKind:
    """What the compute lines of a day are put together by."""

    region: str
    instance_type: str
    platform: Platform
    tenancy: str
    is_spot: bool


def billed_seconds(
    scenario: Scenario, account_id: str, period: Period, *, known_until: datetime
) -> dict[ComputeKind, int]:
    """Billed time by kind of machine, in seconds, as known at an instant."""
    seconds: dict[ComputeKind, int] = defaultdict(int)
    for machine in scenario.machines_of(account_id):
        platform = machine.group.platform
        parts = machine.timeline.billed(period, full_hours=platform.is_billed_by_full_hours, known_until=known_until)
        for run, part in parts:
            key = ComputeKind(machine.region, run.instance_type, platform, machine.price_tenancy, machine.is_spot)
            seconds[key] += int(part.length.total_seconds())
    return dict(seconds)


def _compute_line(account_id: str, day: date, key: ComputeKind, seconds: int) -> Line:
    kind = INSTANCE_TYPES[key.instance_type]
    hours = Decimal(seconds) / _HOUR
    prefix = REGIONS[key.region].usage_prefix
    if key.is_spot:
        price, usage = prices.spot_usd_per_hour(kind, key.region, key.platform, day), "SpotUsage"
    elif key.tenancy == "Host":
        price, usage = prices.DEDICATED_HOST_USD_PER_HOUR, "HostUsage"
    else:
        listed = prices.on_demand_usd_per_hour(kind, key.region, key.platform, key.tenancy)
        price, usage = listed or _NO_MONEY, "DedicatedUsage" if key.tenancy == "Dedicated" else "BoxUsage"
    cost = hours * price
    return Line(
        account_id=account_id,
        day=day,
        service=COMPUTE,
        record_type="Usage",
        region=key.region,
        usage_type=f"{prefix}{usage}:{key.instance_type}",
        operation=key.platform.usage_operation,
        instance_type=key.instance_type,
        quantity=hours,
        unit="Hrs",
        unblended_usd=cost,
        amortized_usd=cost,
    )


def _share(line: Line, share: Decimal) -> Line:
    return replace(
        line,
        quantity=line.quantity * share,
        unblended_usd=line.unblended_usd * share,
        amortized_usd=line.amortized_usd * share,
    )


def _with_commitments(line: Line, key: ComputeKind) -> Iterator[Line]:
    """The line, or what becomes of it where a commitment covers part of it."""
    is_coverable = not key.is_spot and key.tenancy == "Shared" and key.platform == LINUX
    if is_coverable and line.account_id in _COVERED_BY_SAVINGS_PLAN:
        covered = _share(line, SAVINGS_PLAN_SHARE)
        effective = covered.unblended_usd * prices.SAVINGS_PLAN_FACTOR
        yield _share(line, 1 - SAVINGS_PLAN_SHARE)
        yield replace(covered, record_type="SavingsPlanCoveredUsage", amortized_usd=effective)
        yield replace(
            covered,
            record_type="SavingsPlanNegation",
            quantity=_NO_MONEY,
            unblended_usd=-covered.unblended_usd,
            amortized_usd=_NO_MONEY,
        )
    elif is_coverable and line.account_id == SHOP.account_id:
        reserved = _share(line, RESERVED_SHARE)
        effective = reserved.unblended_usd * prices.RESERVED_FACTOR
        yield _share(line, 1 - RESERVED_SHARE)
        # The reservation was paid for beforehand: an hour it covers costs nothing more, but is worth its part.
        yield replace(reserved, record_type="DiscountedUsage", unblended_usd=_NO_MONEY, amortized_usd=effective)
    else:
        yield line


def _savings_plan_fee(payer_id: str, day: date, covered: list[Line]) -> Line:
    """What the plan costs a day; 4 per cent of it goes unused."""
    used = sum((line.amortized_usd for line in covered), _NO_MONEY)
    fee = used / Decimal("0.96")
    return Line(
        payer_id, day, SAVINGS_PLANS, "SavingsPlanRecurringFee", "us-east-1", "ComputeSP:1yrNoUpfront", "", "",
        Decimal(24), "Hrs", fee, fee - used,
    )  # fmt: skip


class Bills:
    """The bills of all accounts, made day by day when asked for."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._made: dict[tuple[str, date, datetime], list[Line]] = {}

    def is_estimated(self, day: date, *, at: datetime) -> bool:
        """Whether the bill of a day was still open at an instant: today's and yesterday's are."""
        return day >= at.date() - DAY

    def lines(self, payer_id: str, day: date, *, at: datetime) -> list[Line]:
        """All lines of a payer and its members for one day, as known at an instant.

        Of the last two days part of the usage is not booked yet: all of the last 8 hours, and one kind in seven.
        """
        known_until = start_of_day(day) + DAY
        if self.is_estimated(day, at=at):
            known_until = min(known_until, at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=8))
        key = payer_id, day, known_until
        if key not in self._made:
            if len(self._made) > 2_000:  # noqa: PLR2004 (days of bills, against growth in a long demo)
                self._made.clear()
            self._made[key] = list(self._lines(payer_id, day, known_until, is_open=self.is_estimated(day, at=at)))
        return self._made[key]

    def _lines(self, payer_id: str, day: date, known_until: datetime, *, is_open: bool) -> Iterator[Line]:
        covered = []
        for account in self._scenario.accounts:
            if account.payer_account_id != payer_id:
                continue
            usage = list(self._usage(account.account_id, day, known_until, is_open=is_open))
            covered += [line for line in usage if line.record_type == "SavingsPlanCoveredUsage"]
            yield from usage
            yield from _added(account.account_id, day, usage)
        if covered:
            yield _savings_plan_fee(payer_id, day, covered)

    def _usage(self, account_id: str, day: date, known_until: datetime, *, is_open: bool) -> Iterator[Line]:
        seconds = billed_seconds(self._scenario, account_id, Period.of_day(day), known_until=known_until)
        for key, billed in seconds.items():
            if is_open and share_from("late", account_id, day, key.instance_type, key.region) < 1 / 7:
                continue
            yield from _with_commitments(_compute_line(account_id, day, key, billed), key)
        part_of_day = max(_NO_MONEY, min(Decimal(1), Decimal((known_until - start_of_day(day)) / DAY)))
        for cost in side_costs(self._scenario, account_id, day):
            yield Line(
                account_id, day, cost.service, "Usage", cost.region, cost.usage_type, cost.operation, "",
                cost.quantity * part_of_day, cost.unit, cost.usd * part_of_day, cost.usd * part_of_day,
            )  # fmt: skip


def _added(account_id: str, day: date, usage: list[Line]) -> Iterator[Line]:
    """Credits and tax, which follow from the usage."""
    total = sum((line.unblended_usd for line in usage), _NO_MONEY)
    credit = _NO_MONEY
    if account_id == RESEARCH.account_id:
        compute = sum((line.unblended_usd for line in usage if line.service == COMPUTE), _NO_MONEY)
        credit = -compute * RESEARCH_CREDIT_SHARE
        yield Line(account_id, day, COMPUTE, "Credit", "", "", "", "", _NO_MONEY, "N/A", credit, credit)
    tax = (total + credit) * TAX_SHARE
    if tax:
        yield Line(account_id, day, "Tax", "Tax", "", "", "", "", _NO_MONEY, "N/A", tax, tax)
