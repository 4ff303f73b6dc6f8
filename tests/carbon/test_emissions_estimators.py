import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.estimators.emissions import (
    IntensityClass,
    embodied_gco2e,
    energy_kwh,
    intensity_class,
    operational_gco2e,
    operational_gco2e_by_hour,
    sci_score,
    total_of_known,
)

NAN = float("nan")
amounts = st.floats(0, 1e6)


def test_energy_is_watts_by_running_hours_with_the_halls_overhead():
    energy = energy_kwh([11.3, 11.3], [1.0, 0.5], pue=1.35)

    # 11.3 / 1000 × 1 × 1.35 = 0.015255; half an hour: half of it
    assert energy == pytest.approx([0.015255, 0.0076275])


def test_what_did_not_run_used_nothing_even_where_its_watts_are_unknown():
    energy = energy_kwh([np.nan, np.nan], [0.0, 1.0], pue=1.35)

    assert energy[0] == 0
    assert np.isnan(energy[1])


def test_operational_emissions_weigh_each_hour_by_its_own_intensity():
    total = operational_gco2e([0.010, 0.020, 0.030], [300, 400, 100])

    # 0.010 × 300 + 0.020 × 400 + 0.030 × 100 = 3 + 8 + 3 = 14
    assert total == pytest.approx(14)


def test_an_hour_without_intensity_is_left_out_and_a_day_without_any_is_unknown():
    known_in_part = operational_gco2e([0.010, 0.020], [300, np.nan])
    known_nowhere = operational_gco2e([0.010, 0.020], [np.nan, np.nan])

    assert known_in_part == pytest.approx(3)
    assert np.isnan(known_nowhere)


def test_an_hour_without_energy_emits_nothing_even_where_its_intensity_is_unknown():
    assert operational_gco2e_by_hour([0.0], [np.nan]) == [0.0]


def test_totals_run_over_the_hours_of_each_row():
    assert total_of_known([[1.0, 2.0], [np.nan, 4.0]]).tolist() == [3.0, 4.0]


def test_embodied_emissions_are_the_running_hours_share_of_the_making():
    share = embodied_gco2e(24.2, [24, 0], 52_560)

    # 24.2 kg × 1000 × 24 / 52 560 h = 11.0502 g; what does not run accrues none
    assert share == pytest.approx([11.0502, 0], abs=1e-4)


def test_a_lifespan_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="longer than 0 hours"):
        embodied_gco2e(24.2, 1, 0)


def test_the_sci_score_adds_the_embodied_share_and_divides_by_the_functional_units():
    score = sci_score(energy_kwh=0.5, gco2e_per_kwh=300, embodied_gco2e=50, functional_units=100)

    # ((0.5 × 300) + 50) / 100 = 2
    assert score == pytest.approx(2)


@pytest.mark.parametrize("units", [0, -1, float("nan")])
def test_a_score_per_no_functional_unit_is_an_error(units):
    with pytest.raises(ValueError, match="functional unit"):
        sci_score(energy_kwh=1, gco2e_per_kwh=1, embodied_gco2e=1, functional_units=units)


@pytest.mark.parametrize(
    ("gco2e_per_kwh", "expected"),
    [
        (0, "optimal"),
        (99.9, "optimal"),
        (100, "moderate"),
        (300, "moderate"),
        (300.1, "high"),
        (None, None),
        (NAN, None),
    ],
)
def test_an_hour_is_classed_by_the_thresholds_which_are_moderate_themselves(gco2e_per_kwh, expected):
    assert intensity_class(gco2e_per_kwh) == expected


def test_the_admins_own_thresholds_count():
    assert intensity_class(150, optimal_below=200, high_above=400) is IntensityClass.OPTIMAL


@given(watts=amounts, hours=st.floats(0, 24), pue=st.floats(1, 3))
def test_energy_grows_with_the_hours_in_a_straight_line(watts, hours, pue):
    assert energy_kwh(watts, 2 * hours, pue) == pytest.approx(2 * energy_kwh(watts, hours, pue))


@given(hours=st.lists(st.tuples(amounts, st.floats(0, 2000)), min_size=1, max_size=24))
def test_operational_emissions_lie_between_the_energy_at_its_cleanest_and_its_dirtiest_hour(hours):
    energy, intensity = np.array(hours).T

    total = operational_gco2e(energy, intensity)

    cleanest, dirtiest = energy.sum() * intensity.min(), energy.sum() * intensity.max()
    # Products too small for a float round to its last place, not to a share of themselves.
    assert cleanest * (1 - 1e-9) - 1e-300 <= total <= dirtiest * (1 + 1e-9) + 1e-300


@given(made=amounts, first=st.floats(0, 1e4), second=st.floats(0, 1e4), lifespan=st.floats(1, 1e6))
def test_embodied_emissions_of_two_spells_add_up(made, first, second, lifespan):
    apart = embodied_gco2e(made, first, lifespan) + embodied_gco2e(made, second, lifespan)

    assert apart == pytest.approx(embodied_gco2e(made, first + second, lifespan))


@given(energy=amounts, intensity=amounts, embodied=amounts, units=st.floats(1e-3, 1e6))
def test_a_score_times_its_units_gives_back_all_emissions(energy, intensity, embodied, units):
    score = sci_score(energy_kwh=energy, gco2e_per_kwh=intensity, embodied_gco2e=embodied, functional_units=units)

    assert score * units == pytest.approx(energy * intensity + embodied)


@given(lower=st.floats(0, 2000), higher=st.floats(0, 2000))
def test_a_dirtier_hour_is_never_classed_cleaner(lower, higher):
    order = list(IntensityClass)
    lower, higher = sorted([lower, higher])

    assert order.index(intensity_class(lower)) <= order.index(intensity_class(higher))
