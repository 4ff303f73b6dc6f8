"""The arithmetic of docs/methodology.md once more, in plain loops over fact rows, for one instance-day at a time.

Nothing of the product's estimators, selectors or ledger is used, and no numpy: it may be slow and must be plain.
Of the fact tables it reads what was fetched; how long a machine ran comes in from outside.
"""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

from accounts.models import Instance, MetricDay
from carbon.models import CarbonReading, CloudRegion, PowerProfile, Zone
from costing.models import Price

HOUR = timedelta(hours=1)
TENANCY_IN_THE_PRICE_LIST = {"default": "Shared", "dedicated": "Dedicated", "host": "Host"}
# Nobody tells the platform of a machine that was gone before it was listed: it is priced as Linux, and flagged.
ASSUMED_OPERATION = "RunInstances"


@dataclass
class Hour:
    """One hour of one instance. None: it ran, and this part is not known."""

    running_seconds: float
    cpu_percent: float = 0.0
    cpu_is_measured: bool = False
    energy_kwh: float | None = 0.0
    gco2e_per_kwh: float | None = None
    intensity_is: str = ""  # measured, estimated, carried, last week, yearly mean or nothing
    operational_gco2e: float | None = 0.0
    embodied_gco2e: float | None = 0.0
    curve_is: str = ""  # own, substituted or nothing
    price_is_known: bool = False


@dataclass
class Day:
    """One instance-day: the hours and their sums."""

    hours: list[Hour] = field(default_factory=list)
    cost_usd: float | None = 0.0
    lacks_a_price: bool = False

    def total(self, name: str) -> float | None:
        """The sum of the known hours; None where hours ran and not one of them is known."""
        ran = [getattr(hour, name) for hour in self.hours if hour.running_seconds > 0]
        known = [value for value in ran if value is not None]
        return None if ran and not known else sum(known, 0.0)

    @property
    def hours_with_runtime(self) -> int:
        return sum(hour.running_seconds > 0 for hour in self.hours)


class Facts:
    """The fact tables, as they stand, in dictionaries."""

    def __init__(self) -> None:
        self.instances = {instance.pk: instance for instance in Instance.objects.all()}
        self.regions = {region.region: region for region in CloudRegion.objects.filter(provider="aws")}
        self.zones = {zone.key: zone for zone in Zone.objects.all()}
        self.cpu = {
            (row.instance_id, row.day): row.average.tolist()
            for row in MetricDay.objects.filter(metric="CPUUtilization")
        }
        self.curves = {profile.instance_type: profile for profile in PowerProfile.objects.filter(source="boavizta")}
        self.prices = {
            (price.region, price.instance_type, price.usage_operation, price.tenancy): price.usd_per_hour
            for price in Price.objects.all()
        }
        self.readings = {}
        for reading in CarbonReading.objects.filter(signal="average", licensee=None):
            # The sandbox tells whole hours, each once.
            assert reading.duration_microseconds == 3600 * 10**6
            assert (reading.zone_id, reading.starts_at) not in self.readings
            self.readings[reading.zone_id, reading.starts_at] = (reading.gco2e_per_kwh, reading.is_estimated)

    def intensity(self, region: str, starts_at: datetime) -> tuple[float | None, str]:
        """Measured, estimated by the source, carried up to two hours, the same hour last week, the yearly mean."""
        known = self.regions.get(region)
        if known is None:
            return None, "nothing"
        told = self.readings.get((known.zone_id, starts_at))
        if told is not None:
            return told[0], "estimated" if told[1] else "measured"
        for back in (1, 2):
            told = self.readings.get((known.zone_id, starts_at - back * HOUR))
            if told is not None:
                return told[0], "carried"
        told = self.readings.get((known.zone_id, starts_at - 168 * HOUR))
        if told is not None:
            return told[0], "last week"
        mean = self.zones[known.zone_id].yearly_mean_gco2e_per_kwh
        return (None, "nothing") if mean is None else (mean, "yearly mean")

    def price(self, instance: Instance, instance_type: str) -> float | None:
        """Dollars an hour by type, region, operation and tenancy; None where there is none."""
        tenancy = TENANCY_IN_THE_PRICE_LIST[instance.tenancy]
        operation = instance.usage_operation or ASSUMED_OPERATION
        usd = self.prices.get((instance.region, instance_type, operation, tenancy))
        return None if usd is None else float(usd)


def watts_at(profile: PowerProfile, percent: float) -> float:
    """Straight lines between the points of the curve; its ends beyond them."""
    points = list(zip(profile.load_percent, profile.watts, strict=True))
    if percent <= points[0][0]:
        return points[0][1]
    for (low, watts_low), (high, watts_high) in pairwise(points):
        if percent <= high:
            return watts_low + (watts_high - watts_low) * (percent - low) / (high - low)
    return points[-1][1]


def day_of(facts, instance, day, *, running_seconds, billed_seconds, types) -> Day:
    """The day of one instance; the three lists have 24 values each, `types` the instance type of each hour."""
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    region = facts.regions.get(instance.region)
    pue = 1.15 if region is None else region.pue
    percents = facts.cpu.get((instance.pk, day), [math.nan] * 24)
    answer = Day()
    for number in range(24):
        seconds = running_seconds[number]
        hour = Hour(seconds)
        answer.hours.append(hour)
        if seconds <= 0:
            continue
        hour.price_is_known = facts.price(instance, types[number]) is not None
        hour.cpu_is_measured = not math.isnan(percents[number])
        hour.cpu_percent = percents[number] if hour.cpu_is_measured else 50.0
        hour.gco2e_per_kwh, hour.intensity_is = facts.intensity(instance.region, midnight + number * HOUR)
        profile = facts.curves.get(types[number])
        if profile is None or not profile.is_known:
            hour.curve_is = "nothing"
            hour.energy_kwh = hour.operational_gco2e = hour.embodied_gco2e = None
            continue
        hour.curve_is = "substituted" if profile.is_substituted else "own"
        hour.energy_kwh = watts_at(profile, hour.cpu_percent) / 1000 * (seconds / 3600) * pue
        hour.operational_gco2e = None if hour.gco2e_per_kwh is None else hour.energy_kwh * hour.gco2e_per_kwh
        hour.embodied_gco2e = profile.embodied_kgco2e * 1000 * (seconds / 3600) / profile.lifespan_hours
    costs = [
        None if (price := facts.price(instance, instance_type)) is None else seconds / 3600 * price
        for seconds, instance_type in zip(billed_seconds, types, strict=True)
        if seconds > 0
    ]
    known = [cost for cost in costs if cost is not None]
    answer.cost_usd = None if costs and not known else sum(known, 0.0)
    answer.lacks_a_price = len(known) < len(costs)
    return answer
