"""Writes derived days: the ledger's rows in one sorted upsert, and their totals beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from costing.estimators.ledger import METHOD_VERSION, Floats, Ledger, LedgerFacts
from costing.estimators.quality import IntensityQuality, PowerQuality, quality_of
from costing.models import CostSnapshot, DailyTotal
from costing.models.cost_snapshot import CostSnapshotQuerySet
from finops.core.bulk import insert_ready, upsert

_KEYS_AT_ONCE = 20_000
_IDS_AT_ONCE = 10_000  # SQLite takes no more than 32,766 values in one statement
_COST_PLACES = 8
_COST_UNIT = 10**_COST_PLACES
_LAST_PLACE = Decimal(1).scaleb(-_COST_PLACES)

_DAY_COLUMNS = (
    "instance_id", "day", "aws_account_id", "region", "zone_key", "instance_type",
    "running_hours", "running_hours_lower", "running_hours_upper", "billed_hours",
    "list_cost_usd", "energy_kwh", "operational_gco2e", "embodied_gco2e",
    "hours_with_runtime", "hours_aligned", "cost_grade", "carbon_grade",
    "power_model", "method_version", "derived_at",
)  # fmt: skip
_HOUR_COLUMNS = (
    "running_seconds_by_hour", "cpu_utilization_by_hour", "energy_kwh_by_hour", "operational_gco2e_by_hour",
    "list_cost_usd_by_hour", "gco2e_per_kwh_by_hour", "quality_by_hour",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class InstanceDays:
    """Which n instance-days a ledger is about; sorted by instance and then by day."""

    instance_ids: npt.NDArray[np.int64]
    days: Sequence[date]  # all days of this piece, in order
    day_index: npt.NDArray[np.intp]  # [n], into `days`
    regions: list[str]
    zone_keys: list[str]
    instance_types: list[str]


@dataclass(slots=True)
class Totals:
    """Sums over instances by what pages group by, gathered piece by piece."""

    sums: dict[tuple[date, str, str, str, str], list[float]] = field(default_factory=dict)

    def add(self, keys: InstanceDays, ledger: Ledger) -> None:
        """Add a piece of the ledger."""
        columns = _total_columns(ledger)
        groups: dict[tuple[int, str, str, str, str], int] = {}
        codes = np.fromiter(
            (
                groups.setdefault(key, len(groups))
                for key in zip(
                    keys.day_index.tolist(), keys.regions, keys.instance_types,
                    ledger.cost_grade.tolist(), ledger.carbon_grade.tolist(), strict=True,
                )
            ),
            np.intp,
            len(keys.instance_ids),
        )  # fmt: skip
        summed = np.stack([np.bincount(codes, weights=column, minlength=len(groups)) for column in columns])
        for (day_index, *rest), values in zip(groups, summed.T.tolist(), strict=True):
            total = self.sums.setdefault((keys.days[day_index], *rest), [0.0] * len(columns))  # type: ignore[arg-type]
            for position, value in enumerate(values):
                total[position] += value


def cost_units(list_cost_usd: Floats) -> Floats:
    """Dollars as whole units of the column's last place, so that sums of them are exact; NaN stays."""
    units: Floats = np.rint(list_cost_usd * _COST_UNIT)
    return units


def _total_columns(ledger: Ledger) -> list[npt.NDArray[Any]]:
    ran = ledger.hours_with_runtime > 0
    hours_ran = quality_of("runtime", ledger.quality_by_hour) > 0
    no_intensity = quality_of("intensity", ledger.quality_by_hour) == IntensityQuality.NONE
    no_power = quality_of("power", ledger.quality_by_hour) == PowerQuality.NONE
    counted = quality_of("cpu", ledger.quality_by_hour) > 0
    known = [cost_units(ledger.list_cost_usd), ledger.energy_kwh, ledger.operational_gco2e, ledger.embodied_gco2e]
    return [
        np.ones(len(ran)),
        ledger.running_hours,
        ledger.billed_hours,
        *(np.nan_to_num(values) for values in known),
        *((~np.isnan(values)).astype(float) for values in known),
        ledger.hours_with_runtime,
        ledger.hours_aligned,
        (np.isnan(ledger.list_cost_usd) & hours_ran.any(axis=1)).astype(float),
        (counted & no_power).any(axis=1).astype(float),
        (counted & no_intensity).any(axis=1).astype(float),
    ]


def store_snapshots(*, account_id: int, keys: InstanceDays, facts: LedgerFacts, ledger: Ledger, now: datetime) -> int:
    """Upsert the days, sorted by instance and day as they come; return how many rows were written."""
    stamp = CostSnapshot._meta.get_field("derived_at").get_db_prep_value(now, connection)  # noqa: SLF001
    days = [connection.ops.adapt_datefield_value(day) for day in keys.days]
    count = len(keys.instance_ids)
    rows = zip(
        keys.instance_ids.tolist(),
        [days[index] for index in keys.day_index.tolist()],
        [account_id] * count,
        keys.regions,
        keys.zone_keys,
        keys.instance_types,
        ledger.running_hours.tolist(),
        ledger.running_hours_lower.tolist(),
        ledger.running_hours_upper.tolist(),
        ledger.billed_hours.tolist(),
        _money(ledger.list_cost_usd),
        _nullable(ledger.energy_kwh),
        _nullable(ledger.operational_gco2e),
        _nullable(ledger.embodied_gco2e),
        ledger.hours_with_runtime.tolist(),
        ledger.hours_aligned.tolist(),
        ledger.cost_grade.tolist(),
        ledger.carbon_grade.tolist(),
        [facts.power_model] * count,
        [METHOD_VERSION] * count,
        [stamp] * count,
        _packed(facts.running_seconds, "<f4"),
        _packed(facts.cpu_utilization, "<f4"),
        _packed(ledger.energy_kwh_by_hour, "<f4"),
        _packed(ledger.operational_gco2e_by_hour, "<f4"),
        _packed(ledger.list_cost_usd_by_hour, "<f4"),
        _packed(facts.gco2e_per_kwh, "<f4"),
        _packed(ledger.quality_by_hour, "<u2"),
        strict=True,
    )
    columns = (*_DAY_COLUMNS, *_HOUR_COLUMNS)
    if not _stored(keys).exists():
        # The first time, and whenever a day begins: twice as fast, for nothing needs to be compared.
        return insert_ready(CostSnapshot, rows, columns=columns)
    return upsert(CostSnapshot, rows, columns=columns, key=("instance_id", "day"), are_ready=True)


def _stored(keys: InstanceDays) -> CostSnapshotQuerySet:
    """What is stored of these instances and days, by the primary key's own index."""
    return CostSnapshot.objects.filter(
        instance_id__gte=int(keys.instance_ids[0]),
        instance_id__lte=int(keys.instance_ids[-1]),
        day__gte=keys.days[0],
        day__lte=keys.days[-1],
    )


def codes_of(keys: InstanceDays) -> npt.NDArray[np.int64]:
    """One number for each instance-day, in order: all that has to be remembered of a piece once it is stored."""
    codes: npt.NDArray[np.int64] = keys.instance_ids * len(keys.days) + keys.day_index
    return codes


def remove_others(*, account_id: int, days: Sequence[date], derived: Sequence[npt.NDArray[np.int64]]) -> int:
    """Remove the stored instance-days of `days` that are derived no more; return how many those were.

    A late event may tell that an instance was gone by then. `derived` are the codes of the pieces, in the order
    of instances. The stored keys are read in a stream, and removed by days: neither grows with the rows.
    """
    rows = CostSnapshot.objects.filter(aws_account_id=account_id, day__gte=days[0], day__lte=days[-1])
    if rows.count() == sum(map(len, derived)):
        return 0  # All that was derived is stored by now, so nothing else is.
    kept = np.concatenate([*derived, np.array([], np.int64)])
    stored = rows.order_by().values_list("instance_id", "day").iterator(chunk_size=_KEYS_AT_ONCE)
    gone: list[npt.NDArray[np.int64]] = []
    while some := list(islice(stored, _KEYS_AT_ONCE)):
        codes = np.array([instance_id * len(days) + (day - days[0]).days for instance_id, day in some], np.int64)
        gone.append(codes[~np.isin(codes, kept)])
    instance_ids, day_index = np.divmod(np.concatenate(gone), len(days)) if gone else (kept[:0], kept[:0])
    removed = 0
    for index in np.unique(day_index).tolist():
        ids = instance_ids[day_index == index].tolist()
        for start in range(0, len(ids), _IDS_AT_ONCE):
            removed += rows.filter(day=days[index], instance_id__in=ids[start : start + _IDS_AT_ONCE]).delete()[0]
    return removed


def store_totals(*, account_id: int, days: Iterable[date], totals: Totals, now: datetime) -> int:
    """Replace the totals of `days` by `totals`; return rows written."""
    groups = sorted(totals.sums)
    wanted = {(day, *rest) for day, *rest in groups}
    stored = DailyTotal.objects.filter(aws_account_id=account_id, day__in=list(days))
    names = ("day", "region", "instance_type", "cost_grade", "carbon_grade")
    gone = [pk for pk, *key in stored.values_list("pk", *names) if tuple(key) not in wanted]
    DailyTotal.objects.filter(pk__in=gone).delete()
    stamp = DailyTotal._meta.get_field("derived_at").get_db_prep_value(now, connection)  # noqa: SLF001
    adapted = {day: connection.ops.adapt_datefield_value(day) for day in {group[0] for group in groups}}
    return upsert(
        DailyTotal,
        (
            (account_id, adapted[group[0]], *group[1:], *_total_values(totals.sums[group]), stamp)
            for group in groups
        ),
        columns=(
            "aws_account_id", *names,
            "instance_count", "running_hours", "billed_hours",
            "list_cost_usd", "energy_kwh", "operational_gco2e", "embodied_gco2e",
            "hours_with_runtime", "hours_aligned",
            "instances_without_price", "instances_without_power", "instances_without_intensity", "derived_at",
        ),
        key=("aws_account_id", *names),
        are_ready=True,
    )  # fmt: skip


def _total_values(sums: list[float]) -> tuple[Any, ...]:
    """The sums as the driver takes them; NULL where not one instance of the group knows the part."""
    count, running, billed, cost, energy, operational, embodied, *rest = sums
    knows, (hours, aligned, no_price, no_power, no_intensity) = rest[:4], rest[4:]
    amounts = [*_dollars([cost], digits=20), energy, operational, embodied]
    return (
        int(count), running, billed,
        *(amount if known else None for amount, known in zip(amounts, knows, strict=True)),
        int(hours), int(aligned), int(no_price), int(no_power), int(no_intensity),
    )  # fmt: skip


def _nullable(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 (NaN is unequal to itself)


def _money(list_cost_usd: Floats) -> list[Any]:
    return _dollars(cost_units(list_cost_usd).tolist(), digits=18)


def _dollars(units: Iterable[float], *, digits: int) -> list[Any]:
    """Whole units of the last place as the driver takes them for a column of so many digits; NaN as NULL."""
    adapt = connection.ops.adapt_decimalfield_value  # looked up once: the proxy of the connection takes its time
    return [
        None if each != each else adapt(Decimal(int(each)) * _LAST_PLACE, digits, _COST_PLACES)  # noqa: PLR0124 (NaN is unequal to itself)
        for each in units
    ]


def _packed(values: npt.NDArray[Any], dtype: str) -> list[bytes]:
    """Each row's 24 hours as bytes."""
    packed = np.ascontiguousarray(values, dtype=dtype)
    rows: list[bytes] = packed.view(f"V{packed.shape[1] * packed.itemsize}").ravel().tolist()
    return rows
