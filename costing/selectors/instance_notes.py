"""What a reader of an instance's page has to know before its figures: what has ended, what is missing, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import Instance
from accounts.selectors.health import DataHealth, SourceHealth
from costing.models import CostSnapshot
from costing.selectors.instance_filter import GONE
from costing.selectors.rests_on import Facts, Ground
from finops.core import display

_ALL = 0.9999
_STOPPED = {"stopped", "stopping"}
_ENDED = {"terminated", "shutting-down", GONE}


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to know: its kind in words_with_underscores, what it is, and what to do about it, if anything."""

    kind: str
    title: str
    text: str
    fix: str = ""
    is_trouble: bool = False


def notes_of(
    instance: Instance,
    *,
    state: str,
    facts: Facts,
    grounds: Sequence[Ground],
    snapshots: Sequence[CostSnapshot],
    health: DataHealth,
) -> tuple[Note, ...]:
    """The notes on an instance whose complete days are `snapshots`: on its life first, then on what is missing."""
    shares = {ground.part: {share.quality: share.share for share in ground.shares} for ground in grounds}
    source_of = {
        source.source.name: source for source in health.sources if source.account_id in {None, instance.aws_account_id}
    }
    ran = any(snapshot.running_hours_upper > 0 for snapshot in snapshots)
    notes = [
        _life(instance, state=state, ran=ran, snapshots=snapshots),
        _events(source_of.get("aws_cloudtrail")),
        _cpu(shares["cpu"], source_of.get("aws_cloudwatch")) if ran else None,
        _price(facts, shares["price"], source_of.get("aws_pricing")) if ran else None,
        _power(facts, shares["power"], source_of.get("boavizta")) if ran else None,
        _intensity(facts, shares["intensity"], source_of.get("electricity_maps")) if ran else None,
        _partly(grounds),
    ]
    return tuple(note for note in notes if note)


def _life(instance: Instance, *, state: str, ran: bool, snapshots: Sequence[CostSnapshot]) -> Note | None:
    if state in _ENDED:
        words = "EC2 lists it no more." if instance.gone_at else f"EC2 says it is {instance.state}."
        return Note("ended", "This instance has ended.", f"{words} What it cost and emitted before stays here.")
    if not ran and snapshots:
        now = "It is stopped" if state in _STOPPED else f"Its state is {state}"
        return Note(
            "never_ran",
            "It did not run in these days.",
            f"{now}, so its running hours, on-demand cost and emissions of these days are really zero. "
            "Its disks and addresses are billed apart and are not in these figures.",
        )
    return None


def _events(source: SourceHealth | None) -> Note | None:
    if source is None or not source.is_trouble:
        return None
    last = source.last_success_at
    return Note(
        "events_denied" if source.state == "denied" else "events_missing",
        "CloudTrail tells no more of starts and stops." if last else "CloudTrail does not tell of starts and stops.",
        f"{source.last_error or (f'It last answered on {last:%d %b %Y}.' if last else '')} When it ran follows "
        "from the inventory alone, so hours may be known within bounds only.",
        source.fix,
        is_trouble=True,
    )


def _cpu(shares: dict[str, float], source: SourceHealth | None) -> Note | None:
    if shares.get("default", 0.0) < _ALL:
        return None
    return Note(
        "no_cpu",
        "No CPU utilization is known yet.",
        f"{_why(source, 'CloudWatch gives hourly averages some minutes after the hour.')} "
        "50 % was taken, and the figures say so with grade C.",
        source.fix if source and source.is_trouble else "",
        is_trouble=bool(source and source.is_trouble),
    )


def _price(facts: Facts, shares: dict[str, float], source: SourceHealth | None) -> Note | None:
    if shares.get("none", 0.0) < _ALL:
        return None
    reason = facts.price.reason if facts.price and facts.price.reason else ""
    return Note(
        "no_price",
        "Its price is unknown.",
        f"{reason or _why(source, 'The price list has not been asked yet.')} Its cost is unknown, which is not zero.",
        source.fix if source and source.is_trouble else "",
        is_trouble=True,
    )


def _power(facts: Facts, shares: dict[str, float], source: SourceHealth | None) -> Note | None:
    if shares.get("none", 0.0) < _ALL:
        return None
    warning = facts.profile.warning if facts.profile else ""
    return Note(
        "no_power",
        "The power of its type is unknown.",
        f"{warning or _why(source, 'The power API has not been asked for this type yet.')} "
        "Its energy and emissions are unknown, which is not zero.",
        source.fix if source and source.is_trouble else "",
        is_trouble=True,
    )


def _intensity(facts: Facts, shares: dict[str, float], source: SourceHealth | None) -> Note | None:
    if facts.cloud_region is None:
        return Note(
            "no_zone",
            "Its region has no grid zone.",
            "Without one no carbon intensity can be read, so its emissions are unknown, which is not zero.",
            "A platform admin can enter the zone of this region.",
            is_trouble=True,
        )
    if shares.get("none", 0.0) >= _ALL:
        text = "Its emissions are unknown, which is not zero."
    elif shares.get("yearly_mean", 0.0) >= _ALL:
        text = "The yearly mean of the zone was taken for every hour, and the figures say so with grade C."
    else:
        return None
    return Note(
        "no_reading",
        f"No reading of its grid, zone {facts.cloud_region.zone_id}, is known for these hours.",
        f"{_why(source, '')} {text}".strip(),
        source.fix if source and source.is_trouble else "",
        is_trouble=True,
    )


def _partly(grounds: Sequence[Ground]) -> Note | None:
    """What is unknown of some of its hours and known of the others: another type then, or another platform."""
    lacking = [
        f"its {ground.label.lower()} is unknown in {display.short(share.share, 'share')} of its hours"
        for ground in grounds
        for share in ground.shares
        if share.quality == "none" and 0 < share.share < _ALL
    ]
    if not lacking:
        return None
    text = f"{'; '.join(lacking).capitalize()}. Those hours are left out of the sums, which have grade D."
    return Note("partly_unknown", "A part of its hours is not in the figures.", text, is_trouble=True)


def _why(source: SourceHealth | None, otherwise: str) -> str:
    """In the source's own words where it is in trouble."""
    return source.last_error if source and source.is_trouble and source.last_error else otherwise
