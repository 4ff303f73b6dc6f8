import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.estimators.power import PowerModel, PowerTable, watts, with_default_cpu

LOADS, POINTS = [0, 10, 50, 100], [2.7, 5.4, 11.3, 15.2]
NAN = float("nan")
shares = st.floats(0, 1)


def test_the_load_curve_is_straight_between_its_points():
    at_30_percent = watts("load_curve", LOADS, POINTS, 0.3)

    # 30 % lies halfway between 10 and 50 %: 5.4 + (30 − 10) / (50 − 10) × (11.3 − 5.4) = 8.35
    assert at_30_percent == pytest.approx(8.35)


def test_linear_30_70_is_the_customers_formula_on_the_watts_at_half_load():
    at_30_percent = watts("linear_30_70", LOADS, POINTS, 0.3)

    # 11.3 × (0.3 + 0.7 × 0.3) = 11.3 × 0.51 = 5.763
    assert at_30_percent == pytest.approx(5.763)


def test_linear_30_70_takes_half_load_from_between_two_points():
    at_full_load = watts("linear_30_70", [0, 100], [10, 30], 1.0)

    # 20 W at 50 % × (0.3 + 0.7 × 1) = 20
    assert at_full_load == pytest.approx(20)


def test_each_point_of_a_curve_answers_with_its_own_watts():
    assert watts("load_curve", LOADS, POINTS, np.array(LOADS) / 100) == pytest.approx(POINTS)


def test_unknown_cpu_stays_unknown_until_the_default_is_asked_for():
    cpu = np.array([np.nan, 0.1])

    filled, is_default = with_default_cpu(cpu)

    assert np.isnan(watts("load_curve", LOADS, POINTS, cpu)).tolist() == [True, False]
    assert (filled.tolist(), is_default.tolist()) == ([0.5, 0.1], [True, False])


@pytest.mark.parametrize("share", [-0.01, 1.01, 50, float("inf"), float("-inf")])
def test_a_share_outside_0_to_1_is_an_error_and_not_clamped(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        watts("load_curve", LOADS, POINTS, [0.5, share])


def test_beyond_a_curves_own_points_watts_are_unknown():
    answers = watts("load_curve", [10, 50], [5, 10], [0.09, 0.1, 0.5, 0.501, 1.0])

    assert np.isnan(answers).tolist() == [True, False, False, True, True]
    assert answers[1:3] == pytest.approx([5, 10])


def test_linear_30_70_refuses_a_curve_that_does_not_reach_half_load():
    with pytest.raises(ValueError, match="50 % load"):
        watts("linear_30_70", [0, 10], [1, 2], 0.5)


@pytest.mark.parametrize(
    ("loads", "points"),
    [
        ([], []),
        ([0, 100], [1]),
        ([100, 0], [1, 2]),
        ([0, 0], [1, 2]),
        ([0, 101], [1, 2]),
        ([0, 100], [1, -2]),
        ([0, 100], [1, NAN]),
        ([NAN, 100], [1, 2]),
    ],
)
def test_a_curve_that_is_none_is_an_error(loads, points):
    with pytest.raises(ValueError, match="curve"):
        watts("load_curve", loads, points, 0.5)


def test_a_model_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match="cubic"):
        watts("cubic", LOADS, POINTS, 0.5)


@st.composite
def curves(draw):
    loads = sorted(draw(st.sets(st.integers(1, 99), max_size=6)) | {0, 100})
    points = draw(st.lists(st.floats(0, 1e5), min_size=len(loads), max_size=len(loads)))
    return loads, points


@given(curve=curves(), cpu=st.lists(shares, max_size=20))
def test_watts_lie_between_the_least_and_the_most_of_the_curve(curve, cpu):
    loads, points = curve

    answers = watts("load_curve", loads, points, cpu)

    slack = 1e-9 * (1 + max(points))
    assert ((answers >= min(points) - slack) & (answers <= max(points) + slack)).all()
    assert answers == pytest.approx(np.interp(np.array(cpu) * 100, loads, points), rel=1e-9, abs=slack)


@given(average=st.floats(0, 1e5), cpu=shares)
def test_linear_30_70_runs_from_30_percent_of_the_average_to_all_of_it(average, cpu):
    answer = watts("linear_30_70", [50], [average], cpu)

    assert answer == pytest.approx(average * (0.3 + 0.7 * cpu))


@given(many=st.lists(curves(), min_size=1, max_size=5), data=st.data(), model=st.sampled_from(PowerModel))
def test_a_table_of_many_curves_answers_as_each_curve_alone(many, data, model):
    types = data.draw(st.lists(st.integers(0, len(many) - 1), min_size=1, max_size=20))
    percent = np.array([data.draw(st.floats(0, 100)) for _ in types])

    together = PowerTable.of(model, many).watts(np.array(types), percent)

    alone = [float(watts(model, *many[t], p / 100)) for t, p in zip(types, percent, strict=True)]
    assert together == pytest.approx(alone, rel=1e-9, abs=1e-6)
