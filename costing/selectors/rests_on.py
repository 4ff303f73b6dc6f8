"""What each part of an instance's figures rests on: its source, how it is known, and by which method."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from django.db.models import Count, Max

from accounts.models import Instance, User
from carbon.models import CarbonReading, CloudRegion, PowerProfile, Signal
from costing.estimators.grades import part_grade
from costing.estimators.price_key import PriceKey
from costing.estimators.quality import CpuQuality, RuntimeQuality, quality_of
from costing.models import CostSnapshot, Price
from costing.selectors.hours import QUALITIES, name_of
from finops.core import display
from finops.core.periods import Period

QUALITY_LABELS = {
    "runtime": {
        "exact": "known to the second",
        "bounded": "known within bounds",
        "assumed": "assumed: no event and no inventory says otherwise",
    },
    "cpu": {"measured": "measured", "default": "unknown, so 50 % was taken"},
    "intensity": {
        "none": "unknown",
        "measured": "measured",
        "estimated_by_source": "estimated by the source",
        "carried": "carried on from up to 2 hours before",
        "same_hour_last_week": "same hour last week",
        "yearly_mean": "yearly mean of the zone",
    },
    "power": {"none": "unknown", "curve": "the type's own load curve", "substituted": "curve of a similar type"},
    "price": {
        "none": "unknown",
        "listed": "price list",
        "platform_assumed": "price list; platform unknown, so Linux was taken",
    },
}


@dataclass(frozen=True, slots=True)
class Share:
    """What share of the running hours is known in one way."""

    quality: str
    label: str
    share: float


@dataclass(frozen=True, slots=True)
class Ground:
    """One part: where it comes from, and how well its hours are known."""

    part: str
    label: str
    sources: tuple[str, ...]
    retrieved_at: datetime | None
    says: str  # what it comes to, in words
    shares: tuple[Share, ...]
    grade: str | None = None  # the letter of its worst hour; None where nothing ran


@dataclass(frozen=True, slots=True)
class Facts:
    """The rows that an instance's figures are computed from, as they stand now."""

    price: Price | None
    profile: PowerProfile | None
    cloud_region: CloudRegion | None
    intensity_sources: tuple[str, ...]
    intensity_retrieved_at: datetime | None


def facts_of(user: User, instance: Instance, period: Period) -> Facts:
    """What is known of the instance's price, power and grid."""
    key = PriceKey.of_instance(
        instance_type=instance.instance_type,
        region=instance.region,
        usage_operation=instance.usage_operation,
        tenancy=instance.tenancy,
    )
    cloud_region = (
        CloudRegion.objects.filter(provider="aws", region=instance.region).select_related("zone").order_by("pk").first()
    )
    readings = (
        CarbonReading.objects.visible_to(user)
        .during(period)
        .filter(zone=cloud_region.zone_id if cloud_region else None, signal=Signal.AVERAGE)
        .order_by("source")
        .values_list("source")
        .annotate(Count("pk"), Max("retrieved_at"))
    )
    told = list(readings)
    return Facts(
        price=Price.objects.filter(
            instance_type=key.instance_type,
            region=key.region,
            usage_operation=key.usage_operation,
            tenancy=key.tenancy,
        ).first(),
        # The ledger too takes the first source by name of those that know the type.
        profile=PowerProfile.objects.filter(instance_type=instance.instance_type)
        .order_by("-is_known", "source")
        .first(),
        cloud_region=cloud_region,
        intensity_sources=tuple(source for source, _, _ in told),
        intensity_retrieved_at=max((at for _, _, at in told), default=None),
    )


def grounds_of(
    facts: Facts,
    snapshots: Sequence[CostSnapshot],
    *,
    heard_at: Callable[[tuple[str, ...]], datetime | None] = lambda _: None,
) -> tuple[Ground, ...]:
    """The five parts of the ledger, in the order in which they are multiplied.

    `heard_at` tells since when sources have answered whose rows are too many to ask for their age.
    """
    shares = _shares(snapshots)
    price, profile, region = facts.price, facts.profile, facts.cloud_region
    grounds = (
        Ground("runtime", "Running time", ("aws_ec2", "aws_cloudtrail"), None, _bounds(snapshots), shares["runtime"]),
        Ground("cpu", "CPU utilization", ("aws_cloudwatch",), None, "Hourly average.", shares["cpu"]),
        Ground(
            "power",
            "Power",
            (profile.source,) if profile else (),
            profile.retrieved_at if profile else None,
            _power(profile),
            shares["power"],
        ),
        Ground(
            "intensity",
            "Carbon intensity",
            facts.intensity_sources,
            facts.intensity_retrieved_at,
            f"Zone {region.zone.key} ({region.zone.name}); PUE {region.pue:g}"
            f"{', a default' if region.pue_is_default else ''}."
            if region
            else "This region has no grid zone yet; a platform admin can enter one.",
            shares["intensity"],
        ),
        Ground(
            "price",
            "Price",
            (price.source,) if price else (),
            price.retrieved_at if price else None,
            _price(price),
            shares["price"],
        ),
    )
    return tuple(
        replace(
            ground,
            retrieved_at=ground.retrieved_at or (heard_at(ground.sources) if ground.sources else None),
            grade=_grade(ground),
        )
        for ground in grounds
    )


def _grade(ground: Ground) -> str | None:
    kinds = {kind.name.lower(): kind.value for kind in QUALITIES[ground.part]}
    codes = [kinds[share.quality] for share in ground.shares if share.quality in kinds]
    return part_grade(ground.part, np.array(codes, np.intp)) if codes else None


def _bounds(snapshots: Sequence[CostSnapshot]) -> str:
    lower = sum(snapshot.running_hours_lower for snapshot in snapshots)
    upper = sum(snapshot.running_hours_upper for snapshot in snapshots)
    if upper - lower < 1 / 3600:
        return "No doubt about when it ran."
    return f"Between {lower:.2f} and {upper:.2f} hours: a stop that nobody logged leaves room."


def _power(profile: PowerProfile | None) -> str:
    if profile is None:
        return "Not fetched yet for this type."
    if not profile.is_known:
        return profile.warning or "The source does not know this type."
    words = [
        f"{display.significant(watts)} W at {load:g} %"
        for load, watts in zip(profile.load_percent, profile.watts, strict=True)
    ]
    version = f" Version {profile.source_version}." if profile.source_version else ""
    return f"{', '.join(words)}.{version} {profile.warning}".strip()


def _price(price: Price | None) -> str:
    if price is None:
        return "Not fetched yet for this kind of instance hour."
    if price.usd_per_hour is None:
        return price.reason
    return f"{price.usd_per_hour.normalize():f} USD per hour on demand{f', SKU {price.sku}' if price.sku else ''}."


def _shares(snapshots: Sequence[CostSnapshot]) -> dict[str, tuple[Share, ...]]:
    """By part, how its running hours are known; of the price, how its billed hours are."""
    if not snapshots:
        return dict.fromkeys(QUALITIES, ())
    packed = np.stack([snapshot.quality_by_hour for snapshot in snapshots])
    ran = quality_of("cpu", packed) != CpuQuality.NONE
    billed = quality_of("runtime", packed) != RuntimeQuality.NOT_RUNNING
    shares = {}
    for part in QUALITIES:
        counted = quality_of(part, packed)[billed if part in {"price", "runtime"} else ran]
        codes, counts = np.unique(counted, return_counts=True)
        names = [name_of(part, code) for code in codes.tolist()]
        shares[part] = tuple(
            Share(name, QUALITY_LABELS[part].get(name, name.replace("_", " ")), count / counted.size)
            for name, count in zip(names, counts.tolist(), strict=True)
        )
    return shares
