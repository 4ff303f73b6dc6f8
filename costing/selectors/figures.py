"""A figure as pages and API show it alike: its value and unit, and all that says how far to trust it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal

from django.conf import settings

from accounts.estimators.freshness import Freshness
from accounts.models import Team
from accounts.selectors.health import DataHealth, Silent
from accounts.selectors.scope import Scope
from carbon.models import CarbonReading
from costing.estimators.money import USD, Rate
from costing.estimators.window import Window
from costing.models import Grade
from costing.selectors.money import display_rate
from costing.selectors.totals import Totals
from finops.core.periods import utc_day

RUNTIME_SOURCES = ("aws_ec2", "aws_cloudtrail")
COST_SOURCES = (*RUNTIME_SOURCES, "aws_pricing")
EMBODIED_SOURCES = (*RUNTIME_SOURCES, "boavizta")
ENERGY_SOURCES = (*RUNTIME_SOURCES, "aws_cloudwatch", "boavizta")
CARBON_SOURCES = (*ENERGY_SOURCES, "electricity_maps")
ALL_SOURCES = tuple(dict.fromkeys((*COST_SOURCES, *CARBON_SOURCES)))
BILL_SOURCES = ("aws_cost_explorer",)

NO_LEDGER = "No ledger yet for these days: it is derived after the first refresh."
NO_PRICE = "No price is known for what ran."
NO_POWER = "No power profile is known for the instance types that ran."
NO_INTENSITY = "No carbon intensity is known for the hours in which it ran."
NO_EMBODIED = "No embodied carbon is known for the instance types that ran."
NOTHING_RAN = "Nothing ran, so there is no hour to align."
NOTHING_SPENT = "Nothing was spent, so nothing can be divided by it."

_COST_NOTE = "EC2 on-demand prices × billed hours, before discounts."
_SIMULATED = "simulated"
_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its unit, and where it comes from. `value` None is unknown, and `reason` says why."""

    name: str
    label: str
    value: float | Decimal | None
    unit: str  # an ISO 4217 code, "kWh", "gCO2e", "gCO2e/USD", "h" or "share"
    reason: str = ""
    note: str = ""
    as_of: datetime | None = None
    freshness: Freshness | None = None
    sources: tuple[str, ...] = ()
    silent_sources: tuple[Silent, ...] = ()  # those of them that never answered, and for whom
    coverage: float | None = None  # the share of instance-days (of a bill: of days) that is in the value
    grade: str | None = None
    grade_shares: Mapping[str, float] = field(default_factory=dict)  # of the value, by grade
    is_simulated: bool = False

    @property
    def silent_accounts(self) -> list[str]:
        """The accounts for which a source never answered, by name."""
        return sorted({name for silent in self.silent_sources for name in silent.accounts})

    @property
    def grade_label(self) -> str:
        """The grade in words."""
        return Grade(self.grade).label if self.grade else ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What some ledger days come to."""

    list_cost: Figure
    energy: Figure
    operational: Figure
    embodied: Figure
    intensity: Figure  # carbon for each unit of money
    alignment: Figure  # TAC
    running: Figure

    @property
    def as_of(self) -> datetime | None:
        """Up to when every source of every figure has answered: the oldest of their last successes."""
        return self.alignment.as_of

    def __iter__(self) -> Iterator[Figure]:
        for each in fields(self):
            yield getattr(self, each.name)


@dataclass(frozen=True, slots=True)
class Basis:
    """What figures are made of besides sums: how the sources stand, and the money they are shown in."""

    health: DataHealth
    rate: Rate | None = None  # None: US dollars, as the price list has them
    rate_reason: str = ""  # why it is not the currency the team chose
    is_simulated: bool = False
    account_id: int | None = None

    def for_account(self, account_id: int) -> "Basis":
        """The same, with the sources of one account only."""
        return replace(self, account_id=account_id)

    @property
    def as_of(self) -> datetime | None:
        """Up to when every source has answered: the oldest of their last successes."""
        return self.health.stand(ALL_SOURCES, account_id=self.account_id).as_of

    @property
    def currency(self) -> str:
        """The currency that list cost is shown in."""
        return self.rate.currency if self.rate else USD

    def money(self, usd: Decimal | None) -> Decimal | None:
        """Dollars in that currency. Rounding is left to whoever shows it."""
        if usd is None or self.rate is None:
            return usd
        return (usd * self.rate.per_usd).quantize(_PLACES)


def basis_for(scope: Scope, window: Window, *, health: DataHealth) -> Basis:
    """What the figures of `scope` are made of, in the currency that its team reads, else the installation's."""
    teams = [scope.team] if scope.team else scope.teams
    currencies = {team.display_currency for team in teams}
    # Teams that read different currencies, seen together: the installation's own.
    team = teams[0] if len(currencies) == 1 else Team()
    shown = display_rate(team=team, day=utc_day(window.now))
    return Basis(
        health=health,
        rate=None if shown.rate.currency == USD else shown.rate,
        rate_reason=shown.reason,
        is_simulated=has_simulated_readings(scope, window),
    )


def has_simulated_readings(scope: Scope, window: Window) -> bool:
    """Whether readings of a stand-in instead of a grid's stand behind figures of `window`."""
    if settings.SANDBOX:
        return True
    return (
        CarbonReading.objects.visible_to(scope.user)
        .filter(source=_SIMULATED)
        .during(window.period)
        .filter(zone__cloud_regions__region__in=scope.instances().order_by().values("region"))
        .exists()
    )


def figures_of(totals: Totals, basis: Basis) -> Figures:
    """The figures of `totals`. An unknown one says why."""
    cost_coverage = _share_without(totals, totals.days_by_cost_grade.get(Grade.MISSING, 0))
    carbon_coverage = _share_without(totals, totals.days_by_carbon_grade.get(Grade.MISSING, 0))
    power_coverage = _share_without(totals, totals.days_without_power)
    cost_shares = _shares(totals.cost_usd_by_grade)
    carbon_shares = _shares(totals.energy_kwh_by_grade)

    def figure(
        name: str,
        label: str,
        value: float | Decimal | None,
        unit: str,
        *,
        sources: tuple[str, ...],
        reason: str,
        grade: str | None,
        coverage: float | None = None,
        shares: Mapping[str, float] | None = None,
        note: str = "",
    ) -> Figure:
        stand = basis.health.stand(sources, account_id=basis.account_id)
        return Figure(
            name=name,
            label=label,
            value=value,
            unit=unit,
            reason="" if value is not None else reason if totals.instance_days else NO_LEDGER,
            note=note,
            as_of=stand.as_of,
            freshness=stand.freshness,
            sources=sources,
            silent_sources=stand.silent,
            coverage=coverage,
            grade=grade,
            grade_shares=shares or {},
            is_simulated=basis.is_simulated,
        )

    return Figures(
        list_cost=figure(
            "list_cost",
            "List cost",
            basis.money(totals.list_cost_usd),
            basis.currency,
            sources=COST_SOURCES,
            reason=NO_PRICE,
            grade=totals.cost_grade,
            coverage=cost_coverage,
            shares=cost_shares,
            note=" ".join(filter(None, (_COST_NOTE, _rate_note(basis.rate), basis.rate_reason))),
        ),
        energy=figure(
            "energy",
            "Energy",
            totals.energy_kwh,
            "kWh",
            sources=ENERGY_SOURCES,
            reason=NO_POWER,
            grade=totals.carbon_grade,
            coverage=power_coverage,
            shares=carbon_shares,
            note="Watts at the measured CPU × running hours × the hall's overhead (PUE).",
        ),
        operational=figure(
            "operational",
            "Operational carbon",
            totals.operational_gco2e,
            "gCO2e",
            sources=CARBON_SOURCES,
            reason=NO_POWER if totals.energy_kwh is None else NO_INTENSITY,
            grade=totals.carbon_grade,
            coverage=carbon_coverage,
            shares=carbon_shares,
            note="Energy × the grid's carbon intensity, hour by hour.",
        ),
        embodied=figure(
            "embodied",
            "Embodied carbon",
            totals.embodied_gco2e,
            "gCO2e",
            sources=EMBODIED_SOURCES,
            reason=NO_EMBODIED,
            grade=totals.carbon_grade,
            coverage=power_coverage,
            note="The making of the hardware, spread over its life; never added to operational carbon unseen.",
        ),
        intensity=figure(
            "intensity",
            "Carbon per cost",
            _carbon_per_cost(totals, basis),
            f"gCO2e/{basis.currency}",
            sources=ALL_SOURCES,
            reason=NOTHING_SPENT if totals.paired_cost_usd == 0 else "Cost and carbon are not known for the same days.",
            grade=max(filter(None, (totals.cost_grade, totals.carbon_grade)), default=None),
            coverage=None if cost_coverage is None or carbon_coverage is None else min(cost_coverage, carbon_coverage),
            note="Operational and embodied carbon over list cost, of the days for which both are known.",
        ),
        alignment=figure(
            "alignment",
            "Aligned hours (TAC)",
            totals.aligned_share,
            "share",
            sources=ALL_SOURCES,
            reason=NOTHING_RAN,
            grade=None,
            note="Share of running hours whose runtime, price, CPU and intensity were all measured for that hour.",
        ),
        running=figure(
            "running",
            "Running time",
            totals.running_hours if totals.instance_days else None,
            "h",
            sources=RUNTIME_SOURCES,
            reason=NO_LEDGER,
            grade=totals.cost_grade,
            note="Instance hours.",
        ),
    )


def _carbon_per_cost(totals: Totals, basis: Basis) -> float | None:
    cost = basis.money(totals.paired_cost_usd)
    if totals.paired_gco2e is None or not cost:
        return None
    return totals.paired_gco2e / float(cost)


def _share_without(totals: Totals, days: int) -> float | None:
    return 1 - days / totals.instance_days if totals.instance_days else None


def _shares(by_grade: Mapping[str, float] | Mapping[str, Decimal]) -> dict[str, float]:
    whole = sum(float(part) for part in by_grade.values())
    return {grade: float(part) / whole for grade, part in by_grade.items()} if whole else {}


def _rate_note(rate: Rate | None) -> str:
    return f"1 USD = {rate.per_usd.normalize():f} {rate.currency} on {rate.day} ({rate.source})." if rate else ""
