"""The factors in force in this installation, as the methodology names them."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max

from accounts.models import PowerModel, Team
from accounts.selectors.scope import Scope
from carbon.models import CloudRegion, PowerProfile, Zone, ZoneKind
from carbon.selectors.thresholds import Thresholds, thresholds


@dataclass(frozen=True, slots=True)
class TeamPower:
    """By which formula a team's watts follow from its CPU."""

    team: str
    power_model: str
    is_installations: bool  # the team chose none of its own


@dataclass(frozen=True, slots=True)
class Lifespan:
    """Over how many hours a source spreads the making of the hardware, and for how many types it says so."""

    source: str
    lifespan_hours: float
    type_count: int
    retrieved_at: datetime  # the newest of these answers


@dataclass(frozen=True, slots=True)
class Factors:
    """Everything in force that a figure may rest on besides what was measured."""

    regions: tuple[CloudRegion, ...]
    zones: tuple[tuple[Zone, Thresholds], ...]
    power: tuple[TeamPower, ...]
    lifespans: tuple[Lifespan, ...]
    billing_lag_hours: int
    history_days: int


def factors(scope: Scope) -> Factors:
    """What is in force for the teams of `scope`; five queries."""
    zones = list(Zone.objects.filter(kind=ZoneKind.GRID).order_by("key"))
    limits = thresholds(scope.team or scope.user, zones=[zone.key for zone in zones])
    lifespans = (
        PowerProfile.objects.filter(is_known=True, lifespan_hours__isnull=False)
        .order_by("source", "lifespan_hours")
        .values("source", "lifespan_hours")
        .annotate(types=Count("pk"), newest=Max("retrieved_at"))
    )
    return Factors(
        regions=tuple(CloudRegion.objects.filter(provider="aws").select_related("zone").order_by("region")),
        zones=tuple((zone, limits[zone.key]) for zone in zones),
        power=tuple(_power_of(team) for team in ([scope.team] if scope.team else scope.teams)),
        lifespans=tuple(
            Lifespan(row["source"], row["lifespan_hours"], row["types"], row["newest"])
            for row in lifespans
            if row["lifespan_hours"] is not None
        ),
        billing_lag_hours=settings.BILLING_LAG_HOURS,
        history_days=settings.HISTORY_DAYS,
    )


def _power_of(team: Team) -> TeamPower:
    model = team.power_model or settings.POWER_MODEL
    label = PowerModel(model).label if model in PowerModel.values else model
    return TeamPower(team.name, f"{model}: {label}", is_installations=not team.power_model)
