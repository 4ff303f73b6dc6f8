import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costing.estimators.grades import GRADES, carbon_grades, cost_grades, worst_grade
from costing.estimators.quality import (
    CpuQuality,
    IntensityQuality,
    PowerQuality,
    PriceQuality,
    RuntimeQuality,
    pack_quality,
)

BEST = {
    "runtime": RuntimeQuality.EXACT,
    "cpu": CpuQuality.MEASURED,
    "intensity": IntensityQuality.MEASURED,
    "power": PowerQuality.CURVE,
    "price": PriceQuality.LISTED,
}
NOT_RUNNING = {
    "runtime": RuntimeQuality.NOT_RUNNING,
    "cpu": CpuQuality.NONE,
    "intensity": IntensityQuality.NONE,
    "power": PowerQuality.NONE,
    "price": PriceQuality.NONE,
}


def hour(**codes):
    return BEST | codes


def packed(*days):
    """Days given as lists of hours; the rest of each day did not run."""
    filled = [[*day, *[NOT_RUNNING] * (24 - len(day))] for day in days]
    return pack_quality(**{part: np.array([[int(h[part]) for h in day] for day in filled]) for part in BEST})


def grades_of(*hours):
    day = packed(list(hours))
    return cost_grades(day)[0], carbon_grades(day)[0]


def test_a_day_is_as_good_as_the_worst_hour_that_ran():
    # Day 1: 3 hours at their best                              → cost A, carbon B (the curve is a model)
    # Day 2: one of 2 hours with runtime in bounds, CPU default → cost B (bounds), carbon C (default)
    # Day 3: one of 2 hours without a price                     → cost D, carbon B
    days = packed(
        [hour(), hour(), hour()],
        [hour(), hour(runtime=RuntimeQuality.BOUNDED, cpu=CpuQuality.DEFAULT)],
        [hour(price=PriceQuality.NONE), hour()],
    )

    assert cost_grades(days).tolist() == ["A", "B", "D"]
    assert carbon_grades(days).tolist() == ["B", "C", "B"]


def test_a_day_on_which_nothing_ran_leaves_nothing_in_doubt():
    assert grades_of() == ("A", "A")


@pytest.mark.parametrize(
    ("codes", "cost", "carbon"),
    [
        ({}, "A", "B"),
        ({"runtime": RuntimeQuality.BOUNDED}, "B", "B"),
        ({"runtime": RuntimeQuality.ASSUMED}, "C", "C"),
        ({"price": PriceQuality.NONE}, "D", "B"),
        ({"cpu": CpuQuality.DEFAULT}, "A", "C"),
        ({"power": PowerQuality.SUBSTITUTED}, "A", "C"),
        ({"power": PowerQuality.NONE}, "A", "D"),
        ({"intensity": IntensityQuality.NONE}, "A", "D"),
        ({"intensity": IntensityQuality.ESTIMATED_BY_SOURCE}, "A", "B"),
        ({"intensity": IntensityQuality.CARRIED}, "A", "B"),
        ({"intensity": IntensityQuality.SAME_HOUR_LAST_WEEK}, "A", "C"),
        ({"intensity": IntensityQuality.YEARLY_MEAN}, "A", "C"),
    ],
)
def test_each_input_has_its_grade(codes, cost, carbon):
    assert grades_of(hour(**codes)) == (cost, carbon)


def test_an_hour_that_was_billed_and_did_not_run_counts_for_the_cost_alone():
    billed_only = NOT_RUNNING | {"runtime": RuntimeQuality.BOUNDED, "price": PriceQuality.LISTED}

    assert grades_of(hour(), billed_only) == ("B", "B")
    assert grades_of(billed_only) == ("B", "A")


def test_no_rows_have_no_grades():
    nothing = np.zeros((0, 24), dtype=np.uint16)

    assert cost_grades(nothing).tolist() == carbon_grades(nothing).tolist() == []


def test_the_worst_of_several_grades_is_the_last_letter():
    assert worst_grade("A", "C", "B") == "C"
    assert worst_grade() == "A"


# Codes as a ledger has them: an hour that ran always has a CPU code.
ran_hours = st.fixed_dictionaries(
    {
        "runtime": st.sampled_from([RuntimeQuality.EXACT, RuntimeQuality.BOUNDED, RuntimeQuality.ASSUMED]),
        "cpu": st.sampled_from([CpuQuality.MEASURED, CpuQuality.DEFAULT]),
        "intensity": st.sampled_from(IntensityQuality),
        "power": st.sampled_from(PowerQuality),
        "price": st.sampled_from(PriceQuality),
    }
)


@given(hours=st.lists(ran_hours, min_size=1, max_size=23), another=ran_hours)
def test_another_hour_never_makes_a_day_better(hours, another):
    before, after = grades_of(*hours), grades_of(*hours, another)

    assert all(old <= new for old, new in zip(before, after, strict=True))
    assert set(after) <= set(GRADES)
    assert after[1] != "A"
