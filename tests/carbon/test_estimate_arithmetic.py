"""The whole of `estimate` beside a few lines of plain Python that do the same row by row."""

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon.estimators.power import PowerModel
from carbon.files.estimate import estimate
from carbon.files.limits import Limits

TINY = Limits(block_bytes=120, groups=8, days=8)  # every file is many blocks, and the table is emptied often
CURVES = {"m5.large": {0: 2.7, 10: 5.4, 50: 11.3, 100: 15.2}, "c5.2xlarge": {0: 10.7, 100: 75.6}, "t3": {50: 10.0}}
PUE = {"eu-central-1": 1.35, "us-east-1": 1.15}
START = datetime(2026, 2, 27, tzinfo=UTC)


def plain_python(usage, intensity, model, pue):
    """Instance id and date → the other columns, as the help of the command describes them."""
    days = defaultdict(list)
    for instance_id, instance_type, region, hour, cpu in usage:
        days[instance_id, hour.date().isoformat()].append((hour, instance_type, region, cpu))
    rows = {}
    for key, hours in sorted(days.items()):
        energies, emissions = [], []
        for hour, instance_type, region, cpu in hours:
            watts = plain_watts(model, CURVES.get(instance_type), 50.0 if cpu is None else cpu)
            grams = intensity.get((region, hour))
            energies.append(None if watts is None else watts / 1000 * (pue or PUE.get(region, 1.15)))
            emissions.append(None if watts is None or grams is None else energies[-1] * grams)
        _, last_type, last_region, _ = max(hours)
        instance_id, day = key
        # As every CSV of ours: text that a spreadsheet would compute with gets an apostrophe.
        told_id = f"'{instance_id}" if instance_id[0] in "=+-@\t\r" else instance_id
        rows[told_id, day] = {
            "instance_type": last_type,
            "region": last_region,
            "hours": len(hours),
            "hours_with_default_cpu": sum(cpu is None for *_, cpu in hours),
            "hours_without_power": energies.count(None),
            "hours_without_intensity": sum((region, hour) not in intensity for hour, _, region, _ in hours),
            "pue": pue or PUE.get(last_region, 1.15),
            "energy_kwh": known_sum(energies),
            "operational_gco2e": known_sum(emissions),
        }
    return rows


def plain_watts(model, curve, percent):
    if curve is None:
        return None
    loads = sorted(curve)
    if model == "linear_30_70":
        average = plain_watts("load_curve", curve, 50.0)
        return average * (0.3 + 0.7 * percent / 100)
    for low, high in zip(loads, [*loads[1:], loads[-1]], strict=True):
        if low <= percent <= high:
            share = (percent - low) / (high - low) if high > low else 0
            return curve[low] + share * (curve[high] - curve[low])
    return None


def known_sum(values):
    known = [value for value in values if value is not None]
    return sum(known) if known else None


@st.composite
def usages(draw):
    """Rows with at most one for each instance and hour; an instance may change its type on the way."""
    instances = draw(st.lists(st.text("abiz-+09é", min_size=1, max_size=20), min_size=1, max_size=6, unique=True))
    hours = st.integers(0, 60).map(lambda hour: START + timedelta(hours=hour))
    places = draw(st.sets(st.tuples(st.sampled_from(instances), hours), max_size=40))
    types = st.sampled_from([*CURVES, "x9.huge"])
    regions = st.sampled_from([*PUE, "eu-nowhere-1"])
    cpus = st.one_of(st.none(), st.integers(0, 10_000).map(lambda c: c / 100), st.floats(0, 100))
    return [(i, draw(types), draw(regions), hour, draw(cpus)) for i, hour in sorted(places)]


@st.composite
def intensities(draw):
    hours = draw(st.sets(st.tuples(st.sampled_from(sorted(PUE)), st.integers(0, 60)), max_size=30))
    return {(region, START + timedelta(hours=hour)): draw(st.floats(1, 2000)) for region, hour in sorted(hours)}


def cpu_text(cpu):
    return "" if cpu is None else repr(cpu)


def write(folder, usage, intensity):
    """The three files; returns their paths by name."""
    rows = [(i, t, r, h.strftime("%Y-%m-%dT%H:%M:%SZ"), cpu_text(c)) for i, t, r, h, c in usage]
    tables = {
        "usage": [("instance_id", "instance_type", "region", "hour_iso", "cpu_percent"), *rows],
        "power": [
            ("instance_type", "load_percent", "watts"),
            *((name, load, watts) for name, curve in CURVES.items() for load, watts in curve.items()),
        ],
        "intensity": [
            ("region", "datetime_utc", "g_per_kwh"),
            *((region, hour.isoformat(), repr(grams)) for (region, hour), grams in intensity.items()),
        ],
    }
    for name, table in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(table)
    return {name: folder / f"{name}.csv" for name in tables}


def estimated(usage, intensity, *, model, pue, limits):
    """The text that `estimate` writes."""
    with TemporaryDirectory() as folder:
        files = write(Path(folder), usage, intensity)
        output = io.StringIO()
        summary = estimate(**files, output=output, model=PowerModel(model), pue=pue, limits=limits)
    return output.getvalue(), summary


models = st.sampled_from(list(PowerModel))
pues = st.sampled_from([None, 1.0, 1.5])


@settings(deadline=None)
@given(usage=usages(), intensity=intensities(), model=models, pue=pues, data=st.data())
def test_any_order_of_rows_in_any_memory_gives_what_plain_python_gives(usage, intensity, model, pue, data):
    shuffled = data.draw(st.permutations(usage))

    text, summary = estimated(shuffled, intensity, model=model, pue=pue, limits=TINY)

    expected = plain_python(usage, intensity, model, pue)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["instance_id"], row["date"]) for row in rows] == list(expected)
    for row, wanted in zip(rows, expected.values(), strict=True):
        for column in ("instance_type", "region"):
            assert row[column] == wanted[column]
        for column in wanted.keys() - {"instance_type", "region"}:
            assert (row[column] == "") == (wanted[column] is None), column
            assert float(row[column] or 0) == pytest.approx(wanted[column] or 0, rel=1e-9, abs=1e-12), column
    assert summary.rows == sum(int(row["hours"]) for row in rows) == len(usage)
    assert summary.hours_without_power.total() == sum(int(row["hours_without_power"]) for row in rows)
    assert summary.hours_without_intensity.total() == sum(int(row["hours_without_intensity"]) for row in rows)


@settings(deadline=None, max_examples=30)
@given(usage=usages(), intensity=intensities(), data=st.data())
def test_neither_order_nor_memory_changes_a_single_digit(usage, intensity, data):
    shuffled = data.draw(st.permutations(usage))

    in_order, _ = estimated(usage, intensity, model="load_curve", pue=None, limits=Limits(groups=1000, days=1000))
    out_of_order, _ = estimated(shuffled, intensity, model="load_curve", pue=None, limits=TINY)

    assert in_order == out_of_order


def test_a_day_of_two_hours_by_hand():
    usage = [
        ("i-1", "m5.large", "eu-central-1", START, 30.0),
        ("i-1", "m5.large", "eu-central-1", START + timedelta(hours=1), 100.0),
    ]
    intensity = {("eu-central-1", START): 300.0, ("eu-central-1", START + timedelta(hours=1)): 400.0}

    text, _ = estimated(usage, intensity, model="load_curve", pue=None, limits=Limits())

    # (8.35 W × 1.35 + 15.2 W × 1.35) / 1000 = 0.0112725 + 0.02052 = 0.0317925 kWh
    # 0.0112725 × 300 + 0.02052 × 400 = 3.38175 + 8.208 = 11.58975 g
    assert text.splitlines()[1] == "i-1,m5.large,eu-central-1,2026-02-27,2,0,0,0,1.35,0.0317925,11.58975"
