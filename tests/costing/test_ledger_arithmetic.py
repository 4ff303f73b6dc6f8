import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carbon.estimators.intensity import IntensityQuality
from costing.estimators.ledger import LedgerFacts, TypePower, compute_ledger
from costing.estimators.quality import PowerQuality, RuntimeQuality, quality_of

CURVE = TypePower(
    load_percent=(0, 10, 50, 100), watts=(2.0, 4.0, 10.0, 14.0), embodied_gco2e_per_hour=0.5, quality=PowerQuality.CURVE
)
UNKNOWN = TypePower()


def facts(*, days=1, types=(CURVE,), power_model="load_curve", pue=1.2, platform_is_assumed=False, **given_arrays):
    """One day (or more) of an instance that ran all 24 hours at 50 % CPU for 0.10 USD/h on 300 g/kWh."""
    hours = {
        "running_seconds": 3600.0,
        "billed_seconds": 3600.0,
        "runtime_quality": RuntimeQuality.EXACT,
        "cpu_utilization": 0.5,
        "type_index": 0,
        "usd_per_hour": 0.10,
        "gco2e_per_kwh": 300.0,
        "intensity_quality": IntensityQuality.MEASURED,
    } | given_arrays
    full = {name: np.broadcast_to(np.asarray(value), (days, 24)).copy() for name, value in hours.items()}
    full.setdefault("running_seconds_lower", full["running_seconds"])
    full.setdefault("running_seconds_upper", full["running_seconds"])
    return LedgerFacts(
        **full,
        types=types,
        pue=np.full(days, pue),
        platform_is_assumed=np.full(days, platform_is_assumed),
        power_model=power_model,
    )


def test_a_full_day_adds_up():
    ledger = compute_ledger(facts())

    # 10 W at 50 % / 1000 × 24 h × PUE 1.2 = 0.288 kWh; × 300 g = 86.4 g; 24 h × 0.5 g = 12 g; 24 h × 0.10 = 2.40 USD
    assert ledger.energy_kwh == pytest.approx([0.288])
    assert ledger.operational_gco2e == pytest.approx([86.4])
    assert ledger.embodied_gco2e == pytest.approx([12.0])
    assert ledger.list_cost_usd == pytest.approx([2.4])
    assert (ledger.running_hours[0], ledger.billed_hours[0]) == (24.0, 24.0)
    assert (ledger.hours_with_runtime[0], ledger.hours_aligned[0]) == (24, 24)
    assert (ledger.cost_grade[0], ledger.carbon_grade[0]) == ("A", "B")


def test_the_other_model_takes_the_watts_at_half_load_as_average_power():
    ledger = compute_ledger(facts(power_model="linear_30_70", cpu_utilization=1.0))

    # 10 W × (0.3 + 0.7 × 1.0) = 10 W, not the curve's 14 W: 10 / 1000 × 24 × 1.2 = 0.288 kWh
    assert ledger.energy_kwh == pytest.approx([0.288])


def test_an_instance_that_did_not_run_has_zero_and_not_unknown():
    ledger = compute_ledger(
        facts(running_seconds=0.0, billed_seconds=0.0, cpu_utilization=np.nan, usd_per_hour=np.nan, types=(UNKNOWN,))
    )

    assert (ledger.energy_kwh[0], ledger.operational_gco2e[0], ledger.list_cost_usd[0]) == (0.0, 0.0, 0.0)
    assert (ledger.cost_grade[0], ledger.carbon_grade[0]) == ("A", "A")
    assert ledger.hours_with_runtime[0] == 0


def test_an_unknown_type_has_unknown_energy_and_a_known_cost():
    ledger = compute_ledger(facts(types=(UNKNOWN,)))

    assert np.isnan(ledger.energy_kwh[0])
    assert np.isnan(ledger.operational_gco2e[0])
    assert np.isnan(ledger.embodied_gco2e[0])
    assert ledger.list_cost_usd == pytest.approx([2.4])
    assert (ledger.cost_grade[0], ledger.carbon_grade[0]) == ("A", "D")


def test_an_hour_without_intensity_leaves_the_others_standing_and_says_so():
    intensity = np.full((1, 24), 300.0)
    intensity[0, 5] = np.nan
    quality = np.full((1, 24), IntensityQuality.MEASURED)
    quality[0, 5] = IntensityQuality.NONE

    ledger = compute_ledger(facts(gco2e_per_kwh=intensity, intensity_quality=quality))

    # 23 of 24 hours: 86.4 g × 23 / 24 = 82.8 g
    assert ledger.operational_gco2e == pytest.approx([82.8])
    assert np.isnan(ledger.operational_gco2e_by_hour[0, 5])
    assert ledger.carbon_grade[0] == "D"
    assert ledger.hours_aligned[0] == 23


def test_a_missing_cpu_counts_as_half_load_and_is_flagged():
    ledger = compute_ledger(facts(cpu_utilization=np.nan))

    assert ledger.energy_kwh == pytest.approx([0.288])
    assert ledger.carbon_grade[0] == "C"
    assert ledger.hours_aligned[0] == 0


def test_an_instance_that_changes_its_type_at_noon_draws_by_both():
    double = TypePower((0, 100), (20.0, 20.0), 1.0, PowerQuality.CURVE)
    index = np.repeat([[0, 1]], 12, axis=1)

    ledger = compute_ledger(facts(types=(CURVE, double), type_index=index))

    # (12 h × 10 W + 12 h × 20 W) / 1000 × 1.2 = 0.432 kWh; 12 × 0.5 g + 12 × 1.0 g = 18 g
    assert ledger.energy_kwh == pytest.approx([0.432])
    assert ledger.embodied_gco2e == pytest.approx([18.0])


def test_a_free_first_spot_hour_costs_nothing_and_still_has_a_price():
    billed = np.full((1, 24), 0.0)

    ledger = compute_ledger(facts(billed_seconds=billed))

    assert ledger.list_cost_usd[0] == 0.0
    assert ledger.cost_grade[0] == "A"


def test_a_price_for_an_assumed_platform_is_a_default_and_not_aligned():
    ledger = compute_ledger(facts(platform_is_assumed=True))

    assert ledger.list_cost_usd == pytest.approx([2.4])
    assert ledger.cost_grade[0] == "C"
    assert ledger.hours_aligned[0] == 0


def test_hours_billed_beyond_running_cost_and_emit_nothing():
    running = np.zeros((1, 24))
    billed = np.zeros((1, 24))
    running[0, 3], billed[0, 3], billed[0, 4] = 3600.0, 3600.0, 30.0

    ledger = compute_ledger(facts(running_seconds=running, billed_seconds=billed))

    # 3,630 s × 0.10 USD/h = 0.1008333 USD
    assert ledger.list_cost_usd == pytest.approx([0.10083333])
    assert ledger.energy_kwh_by_hour[0, 4] == 0.0
    assert ledger.hours_with_runtime[0] == 1
    assert ledger.cost_grade[0] == "A"


def test_a_day_on_which_it_may_have_run_is_never_graded_as_measured():
    ledger = compute_ledger(
        facts(
            running_seconds=0.0,
            billed_seconds=0.0,
            running_seconds_lower=0.0,
            running_seconds_upper=3600.0,
            runtime_quality=RuntimeQuality.BOUNDED,
        )
    )

    assert ledger.list_cost_usd[0] == 0.0
    assert ledger.cost_grade[0] == "B"


unknown_or = lambda numbers: st.one_of(st.just(float("nan")), numbers)  # noqa: E731 (reads best in a line)


@settings(deadline=None)
@given(
    seconds=arrays(float, (3, 24), elements=st.floats(0, 3600)),
    cpu=arrays(float, (3, 24), elements=unknown_or(st.floats(0, 1))),
    intensity=arrays(float, (3, 24), elements=unknown_or(st.floats(0, 2000))),
    price=arrays(float, (3, 24), elements=unknown_or(st.floats(0.001, 50))),
)
def test_days_are_the_sums_of_their_known_hours_and_a_missing_part_is_never_zero(seconds, cpu, intensity, price):
    quality = np.where(np.isnan(intensity), IntensityQuality.NONE, IntensityQuality.MEASURED)
    given_facts = facts(
        days=3, running_seconds=seconds, billed_seconds=seconds, cpu_utilization=cpu,
        gco2e_per_kwh=intensity, intensity_quality=quality, usd_per_hour=price,
    )  # fmt: skip

    ledger = compute_ledger(given_facts)

    ran = seconds > 0
    for by_hour, total in (
        (ledger.energy_kwh_by_hour, ledger.energy_kwh),
        (ledger.operational_gco2e_by_hour, ledger.operational_gco2e),
        (ledger.list_cost_usd_by_hour, ledger.list_cost_usd),
    ):
        assert (by_hour[~ran] == 0).all()
        for day in range(3):
            known = by_hour[day][ran[day] & ~np.isnan(by_hour[day])]
            if ran[day].any() and not len(known):
                assert np.isnan(total[day])
            else:
                assert total[day] == pytest.approx(known.sum())
    missing = (ran & np.isnan(intensity)).any(axis=1)
    assert (ledger.carbon_grade[missing] == "D").all()
    assert (ledger.hours_aligned <= ledger.hours_with_runtime).all()
    assert (quality_of("cpu", ledger.quality_by_hour)[~ran] == 0).all()
