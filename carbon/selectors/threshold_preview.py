"""What other thresholds would make of the hours that are over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, Sum

from accounts.models import Team
from carbon.models import CarbonReading, Signal
from carbon.selectors.thresholds import Thresholds

DAYS = (7, 30)
_AN_HOUR = 3_600_000_000  # µs
CLASSES = ("optimal", "moderate", "high")


@dataclass(frozen=True, slots=True)
class ClassHours:
    """How many hours of a class there were, and would be."""

    name: str
    hours_before: float
    hours_after: float

    @property
    def difference(self) -> float:
        """How many more, or fewer."""
        return self.hours_after - self.hours_before


@dataclass(frozen=True, slots=True)
class SourcePreview:
    """The hours that one source told of the last `days`; `team` where only that team may use them."""

    source: str
    team: str
    days: int
    classes: tuple[ClassHours, ...]

    @property
    def hours(self) -> float:
        """Of these days, those that the source told anything of."""
        return sum(each.hours_before for each in self.classes)


def threshold_preview(zone: str, *, before: Thresholds, after: Thresholds, now: datetime) -> list[SourcePreview]:
    """Hours of each class over the last 7 and 30 days, by source; one query.

    What each source told is counted by itself, gaps are not filled, and average and marginal are never mixed:
    only average intensity is.
    """
    sums = {
        f"{name}_{side}_{days}": Sum(
            "duration_microseconds",
            filter=_is_of(name, thresholds) & Q(starts_at__gte=now - timedelta(days=days)),
            default=0,
        )
        for days in DAYS
        for side, thresholds in (("before", before), ("after", after))
        for name in CLASSES
    }
    rows = (
        CarbonReading.objects.filter(
            zone=zone, signal=Signal.AVERAGE, starts_at__gte=now - timedelta(days=max(DAYS)), starts_at__lt=now
        )
        .order_by()
        .values("source", "licensee__name")
        .annotate(**sums)
        .order_by("source", "licensee__name")
    )
    return [
        SourcePreview(
            source=row["source"],
            team=row["licensee__name"] or "",
            days=days,
            classes=tuple(
                ClassHours(name, row[f"{name}_before_{days}"] / _AN_HOUR, row[f"{name}_after_{days}"] / _AN_HOUR)
                for name in CLASSES
            ),
        )
        for row in rows
        for days in DAYS
    ]


def teams_with_own_thresholds() -> list[str]:
    """The teams that a zone's thresholds do not concern, by name."""
    own = Team.objects.filter(optimal_below_gco2e_per_kwh__isnull=False)
    return list(own.order_by("name").values_list("name", flat=True))


def _is_of(name: str, thresholds: Thresholds) -> Q:
    """As carbon.estimators.emissions.intensity_class has it: both limits themselves are moderate."""
    if name == "optimal":
        return Q(gco2e_per_kwh__lt=thresholds.optimal_below)
    if name == "high":
        return Q(gco2e_per_kwh__gt=thresholds.high_above)
    return Q(gco2e_per_kwh__gte=thresholds.optimal_below, gco2e_per_kwh__lte=thresholds.high_above)
