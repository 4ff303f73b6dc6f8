"""The intensity of zones hour by hour, as the ledger and the charts use it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accounts.models import Team
from carbon.estimators.intensity import LEAD_HOURS, fill_hours, hourly_means
from carbon.estimators.series import Place
from carbon.models import CarbonReading, Signal, Zone
from carbon.selectors.places import Rank, rank, source_order
from finops.core.periods import HOUR, MICROSECOND, MINUTE, Period

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ZoneHours:
    """Intensity and IntensityQuality of zones over hours; row i belongs to `zone_keys[i]`."""

    zone_keys: list[str]
    gco2e_per_kwh: Floats  # [zone, hour]; NaN where nothing is known
    quality: npt.NDArray[np.uint8]


def hourly_intensity(*, team: Team, zones: Sequence[Zone], period: Period) -> ZoneHours:
    """Average intensity of `zones` for each hour of `period`, gaps filled and flagged, as `team` may use it.

    Each zone is answered by one source: the first of its order that told anything about it, a reading bought with
    the team's own key before a shared one.
    """
    lead = Period(period.start - LEAD_HOURS * HOUR, period.end)
    hours = round(lead.length / HOUR)
    readings = (
        CarbonReading.objects.answering(team)
        .filter(zone__in=[zone.pk for zone in zones], signal=Signal.AVERAGE)
        .filter(starts_at__gte=lead.start - HOUR, starts_at__lt=lead.end)
        .filter(duration_microseconds__gte=MINUTE // MICROSECOND)  # an instant says nothing about an hour
        .values_list(
            "zone_id", "source", "licensee_id", "starts_at", "duration_microseconds", "gco2e_per_kwh", "is_estimated"
        )
        .order_by("zone_id", "starts_at")
    )
    orders = {zone.key: source_order(Place(zone.key), {zone.key: (zone.signal, zone.sources)}) for zone in zones}
    by_zone: dict[str, dict[Rank, list[tuple[float, int, float, bool]]]] = {}
    for zone_key, source, licensee, starts_at, length, value, is_estimated in readings:
        place = rank(source, licensee, orders[zone_key])
        if place is None:
            continue
        start_minute, minutes = (starts_at - lead.start) / MINUTE, length * MICROSECOND // MINUTE
        by_zone.setdefault(zone_key, {}).setdefault(place, []).append((start_minute, minutes, value, is_estimated))
    read = np.full((len(zones), hours), np.nan)
    estimated = np.zeros((len(zones), hours), bool)
    for row, zone in enumerate(zones):
        if told := by_zone.get(zone.key):
            means = hourly_means(*zip(*told[min(told)], strict=True), hours=hours)
            read[row], estimated[row] = means.gco2e_per_kwh, means.is_estimated
    yearly = np.array(
        [np.nan if zone.yearly_mean_gco2e_per_kwh is None else zone.yearly_mean_gco2e_per_kwh for zone in zones]
    )
    filled, quality = fill_hours(read, estimated, yearly_mean_gco2e_per_kwh=yearly)
    return ZoneHours([zone.key for zone in zones], filled, quality)
