"""Gathers what is known of some instances over some days into the arrays that the ledger's arithmetic takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from django.db.models import BinaryField
from django.db.models.functions import Cast

from accounts.models import CPU_UTILIZATION, AwsAccount, Instance, MetricDay
from accounts.selectors.runtime import RuntimeHours, runtime_hours
from carbon.estimators.power import PowerModel
from carbon.models import PowerProfile
from carbon.selectors.intensity import hourly_intensity
from carbon.selectors.zones import aws_regions
from costing.estimators.ledger import Floats, LedgerFacts, TypePower
from costing.estimators.price_key import PriceKey
from costing.estimators.quality import PowerQuality
from costing.models import Price
from finops.core.hourly import HOURS_PER_DAY, HourlyField
from finops.core.periods import Period

from .store import InstanceDays

_Number = TypeVar("_Number", bound=np.generic)

DEFAULT_PUE = 1.15
_GRAMS_PER_KG = 1000.0
_PER_CENT = 100.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Some instances over some consecutive days: which rows, and what is known of them."""

    keys: InstanceDays
    facts: LedgerFacts


def gather(
    *, account: AwsAccount, instances: Sequence[Instance], days: Sequence[date], now: datetime, power_model: str
) -> Piece | None:
    """The facts of `instances` (sorted by primary key) on `days`; None where none of them existed then."""
    period = Period.of_days(days[0], days[-1])
    cpu, sample_minutes = _cpu(instances, days)
    runtime = runtime_hours(
        account_id=account.pk, instances=instances, period=period, now=now, sample_minutes=sample_minutes
    )
    exists = runtime.exists.reshape(len(instances), len(days), HOURS_PER_DAY).any(axis=2)
    rows, day_index = np.nonzero(exists)
    if not len(rows):
        return None
    all_exist = bool(exists.all())

    def picked(by_day: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
        """The rows of the instance-days that exist. Where all do, which is the rule, nothing is copied."""
        return by_day.reshape(-1, HOURS_PER_DAY) if all_exist else by_day[rows, day_index]

    type_index = picked(_by_day(runtime.type_index, days))
    regions = [instance.region for instance in instances]
    known = aws_regions()
    intensity, intensity_quality, zone_keys = _intensity(account, regions, period, len(days))
    pue = np.array([known[region].pue if region in known else DEFAULT_PUE for region in regions])
    last_type = type_index[:, -1].tolist()
    keys = InstanceDays(
        instance_ids=np.array([instance.pk for instance in instances], np.int64)[rows],
        days=days,
        day_index=day_index,
        regions=[regions[row] for row in rows.tolist()],
        zone_keys=[zone_keys[row] for row in rows.tolist()],
        instance_types=[runtime.types[index] for index in last_type],
    )
    facts = LedgerFacts(
        running_seconds=picked(_by_day(runtime.seconds, days)),
        running_seconds_lower=picked(_by_day(runtime.lower_seconds, days)),
        running_seconds_upper=picked(_by_day(runtime.upper_seconds, days)),
        billed_seconds=picked(_by_day(runtime.billed_seconds, days)),
        runtime_quality=picked(_by_day(runtime.certainty, days)),
        cpu_utilization=picked(cpu),
        type_index=type_index,
        types=_powers(runtime.types, power_model),
        usd_per_hour=_prices(instances, runtime)[rows[:, None], type_index],
        gco2e_per_kwh=picked(intensity),
        intensity_quality=picked(intensity_quality),
        pue=pue[rows],
        platform_is_assumed=np.array([not instance.usage_operation for instance in instances])[rows],
        power_model=power_model,
    )
    return Piece(keys, facts)


def _by_day(hours: npt.NDArray[_Number], days: Sequence[date]) -> npt.NDArray[_Number]:
    """[instance, hour] as [instance, day, 24]."""
    return hours.reshape(hours.shape[0], len(days), HOURS_PER_DAY)


def _cpu(instances: Sequence[Instance], days: Sequence[date]) -> tuple[Floats, Floats]:
    """CPU utilization as a share [instance, day, 24], and the sample counts [instance, hour]; NaN where none."""
    row_of = {instance.pk: row for row, instance in enumerate(instances)}
    stored = MetricDay.objects.filter(
        instance_id__gte=instances[0].pk,
        instance_id__lte=instances[-1].pk,
        metric=CPU_UTILIZATION,
        day__gte=days[0],
        day__lte=days[-1],
    )
    # As plain bytes, unpacked all at once: an array a row would take longer than the query.
    packed = [Cast(name, BinaryField()) for name in ("average", "sample_count")]
    told = [row for row in stored.values_list("instance_id", "day", *packed) if row[0] in row_of]
    averages = np.full((len(instances), len(days), HOURS_PER_DAY), np.nan)
    samples = np.full_like(averages, np.nan)
    if told:
        instance_ids, on, *columns = zip(*told, strict=True)
        first = days[0].toordinal()
        place = [row_of[pk] for pk in instance_ids], [day.toordinal() - first for day in on]
        averages[place], samples[place] = (
            np.frombuffer(b"".join(column), HourlyField.FLOATS).reshape(-1, HOURS_PER_DAY) for column in columns
        )
    return averages / _PER_CENT, samples.reshape(len(instances), -1)


def _intensity(
    account: AwsAccount, regions: Sequence[str], period: Period, day_count: int
) -> tuple[Floats, npt.NDArray[np.uint8], list[str]]:
    """Intensity and its quality [instance, day, 24], and each instance's zone; a region we do not know has none."""
    known = aws_regions()
    zones = sorted({known[region].zone for region in regions if region in known}, key=lambda zone: zone.key)
    hours = hourly_intensity(team=account.team, zones=zones, period=period)
    # One row more than there are zones: for regions without one.
    values = np.vstack([hours.gco2e_per_kwh, np.full((1, day_count * HOURS_PER_DAY), np.nan)])
    quality = np.vstack([hours.quality, np.zeros((1, day_count * HOURS_PER_DAY), np.uint8)])
    row_of_zone = {zone.key: row for row, zone in enumerate(zones)}
    zone_keys = [known[region].zone_id if region in known else "" for region in regions]
    rows = [row_of_zone.get(key, len(zones)) for key in zone_keys]
    shape = (len(regions), day_count, HOURS_PER_DAY)
    return values[rows].reshape(shape), quality[rows].reshape(shape), zone_keys


def _powers(types: Sequence[str], power_model: str) -> list[TypePower]:
    """The power of each type, unknown where no source gave a curve that the model can use."""
    profiles = {
        profile.instance_type: profile
        for profile in PowerProfile.objects.filter(instance_type__in=types, is_known=True).order_by("-source")
    }
    return [_power(profiles.get(name), power_model) for name in types]


def _power(profile: PowerProfile | None, power_model: str) -> TypePower:
    if profile is None:
        return TypePower()
    needs_half_load = power_model == PowerModel.LINEAR_30_70
    if needs_half_load and not profile.load_percent[0] <= 50 <= profile.load_percent[-1]:  # noqa: PLR2004 (per cent)
        return TypePower()
    has_embodied = profile.embodied_kgco2e is not None and profile.lifespan_hours is not None
    return TypePower(
        load_percent=profile.load_percent,
        watts=profile.watts,
        embodied_gco2e_per_hour=(
            profile.embodied_kgco2e * _GRAMS_PER_KG / profile.lifespan_hours if has_embodied else float("nan")  # type: ignore[operator]
        ),
        quality=PowerQuality.SUBSTITUTED if profile.is_substituted else PowerQuality.CURVE,
    )


def _prices(instances: Sequence[Instance], runtime: RuntimeHours) -> Floats:
    """USD per hour [instance, type]; NaN where the price list has none, or its answer is not here yet."""
    regions = {instance.region for instance in instances}
    prices = {
        PriceKey(price.instance_type, price.region, price.usage_operation, price.tenancy): float(price.usd_per_hour)
        for price in Price.objects.filter(region__in=regions, instance_type__in=runtime.types)
        if price.usd_per_hour is not None
    }
    kinds: dict[tuple[str, str, str], int] = {}
    kind_of = [kinds.setdefault((i.region, i.usage_operation, i.tenancy), len(kinds)) for i in instances]
    table = np.full((len(kinds), len(runtime.types)), np.nan)
    for (region, operation, tenancy), row in kinds.items():
        for column, instance_type in enumerate(runtime.types):
            key = PriceKey.of_instance(
                instance_type=instance_type, region=region, usage_operation=operation, tenancy=tenancy
            )
            table[row, column] = prices.get(key, np.nan)
    return table[kind_of]
