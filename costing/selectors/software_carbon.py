"""What a team's instances at one location drew and embody over any interval: the E and M of its SCI score."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
from django.db.models import BinaryField, Count, F, Max, Min, Q, Sum
from django.db.models.functions import Cast

from accounts.models import Team, User
from costing.models import CostSnapshot
from costing.models.cost_snapshot import CostSnapshotQuerySet
from finops.core.hourly import HOURS_PER_DAY, HourlyField
from finops.core.periods import DAY, HOUR, Period, start_of_day

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SoftwareCarbon:
    """Energy and embodied emissions of the instances of one team at one location over one interval.

    Instance-days whose energy, or whose embodied emissions, nobody knows are counted and not in the sums.
    `worst_grade` is the worst of the carbon grades of the days that the interval touches.
    """

    energy_kwh: float
    embodied_gco2e: float
    instance_days: int
    instance_days_without_energy: int
    instance_days_without_embodied: int
    worst_grade: str
    derived_at: datetime  # of the oldest of the rows


def software_carbon(
    *, user: User, team: Team, period: Period, regions: Sequence[str] = (), zone_key: str = ""
) -> SoftwareCarbon | None:
    """What the team's ledger says of `regions`, or of the zone; None where it holds nothing there and then.

    Hours that lie partly in `period` count by the share that does. Two queries for any number of days, one of
    which reads hours: those of the first and the last day alone.
    """
    places = Q(region__in=regions) if regions else Q(zone_key=zone_key)
    rows = CostSnapshot.objects.visible_to(user).filter(places, aws_account__team=team).during(period)
    whole = [
        day for day in period.days() if period.start <= start_of_day(day) and start_of_day(day + DAY) <= period.end
    ]
    parts = [
        *([_of_whole_days(rows.filter(day__gte=whole[0], day__lte=whole[-1]))] if whole else []),
        _of_partial_days(rows.filter(day__in=sorted(set(period.days()) - set(whole))), period),
    ]
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return SoftwareCarbon(
        energy_kwh=sum(part.energy_kwh for part in known),
        embodied_gco2e=sum(part.embodied_gco2e for part in known),
        instance_days=sum(part.instance_days for part in known),
        instance_days_without_energy=sum(part.instance_days_without_energy for part in known),
        instance_days_without_embodied=sum(part.instance_days_without_embodied for part in known),
        worst_grade=max(part.worst_grade for part in known),
        derived_at=min(part.derived_at for part in known),
    )


def _of_whole_days(rows: CostSnapshotQuerySet) -> SoftwareCarbon | None:
    told = rows.aggregate(
        energy=Sum("energy_kwh"),
        embodied=Sum("embodied_gco2e"),
        days=Count("day"),
        days_with_energy=Count("energy_kwh"),
        days_with_embodied=Count("embodied_gco2e"),
        worst_grade=Max("carbon_grade"),
        oldest=Min("derived_at"),
    )
    if not told["days"]:
        return None
    return SoftwareCarbon(
        energy_kwh=told["energy"] or 0.0,
        embodied_gco2e=told["embodied"] or 0.0,
        instance_days=told["days"],
        instance_days_without_energy=told["days"] - told["days_with_energy"],
        instance_days_without_embodied=told["days"] - told["days_with_embodied"],
        worst_grade=told["worst_grade"],
        derived_at=told["oldest"],
    )


def _of_partial_days(rows: CostSnapshotQuerySet, period: Period) -> SoftwareCarbon | None:
    # As plain bytes, unpacked all at once: an array a row would take longer than the query.
    packed = [Cast(name, BinaryField()) for name in ("energy_kwh_by_hour", "running_seconds_by_hour")]
    names = ("day", "energy_kwh", "embodied_gco2e", "carbon_grade", "derived_at")
    told = list(rows.order_by(F("instance_id"), F("day")).values_list(*names, *packed))
    if not told:
        return None
    days, energies, embodied, grades, derived, energy_bytes, running_bytes = zip(*told, strict=True)
    shares = np.array([_share_of_hours(day, period) for day in days])
    energy_kwh, running_seconds = (
        np.frombuffer(b"".join(column), HourlyField.FLOATS).reshape(-1, HOURS_PER_DAY).astype(np.float64)
        for column in (energy_bytes, running_bytes)
    )
    embodied_gco2e = np.array([np.nan if value is None else value for value in embodied], np.float64)
    ran = running_seconds.sum(axis=1)
    # Embodied emissions are spread over the running time, so a part of the day has its share of that.
    share_run = np.divide((running_seconds * shares).sum(axis=1), ran, out=np.zeros_like(ran), where=ran > 0)
    return SoftwareCarbon(
        energy_kwh=float(np.nansum(energy_kwh * shares)),
        embodied_gco2e=float(np.nansum(embodied_gco2e * share_run)),
        instance_days=len(told),
        instance_days_without_energy=sum(value is None for value in energies),
        instance_days_without_embodied=sum(value is None for value in embodied),
        worst_grade=max(grades),
        derived_at=min(derived),
    )


def _share_of_hours(day: date, period: Period) -> _Floats:
    """How much of each hour of `day` lies in `period`, 0 to 1."""
    start = (period.start - start_of_day(day)) / HOUR
    end = (period.end - start_of_day(day)) / HOUR
    first = np.arange(HOURS_PER_DAY)
    share: _Floats = np.clip(np.minimum(first + 1, end) - np.maximum(first, start), 0.0, 1.0)
    return share
