import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from costing.estimators.quality import (
    CpuQuality,
    IntensityQuality,
    PowerQuality,
    PriceQuality,
    RuntimeQuality,
    pack_quality,
)
from costing.estimators.tac import aligned_hours, aligned_share, alignment, hours_with_runtime


def test_tac_is_the_share_of_running_hours_that_are_measured_in_every_part():
    # 10 hours ran. Runtime exact in all 10, CPU measured in 9, intensity measured in 8 (hours 0 to 7), priced in
    # 10; the hour without CPU is hour 0. All at once: hours 1 to 7 = 7 of 10 = 0.7.
    codes = {part: np.zeros((1, 24), dtype=np.int64) for part in ("runtime", "cpu", "intensity", "power", "price")}
    codes["runtime"][:, :10] = RuntimeQuality.EXACT
    codes["cpu"][:, :10] = CpuQuality.MEASURED
    codes["cpu"][:, 0] = CpuQuality.DEFAULT
    codes["intensity"][:, :8] = IntensityQuality.MEASURED
    codes["intensity"][:, 8:10] = IntensityQuality.CARRIED
    codes["power"][:, :10] = PowerQuality.CURVE
    codes["price"][:, :10] = PriceQuality.LISTED

    result = alignment(pack_quality(**codes))

    assert (result.hours_with_runtime, result.hours_aligned, result.share) == (10, 7, 0.7)
    assert {part: result.share_of(part) for part in result.hours_by_part} == {
        "runtime": 1.0,
        "price": 1.0,
        "intensity": 0.8,
        "cpu": 0.9,
    }


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("runtime", RuntimeQuality.BOUNDED),
        ("runtime", RuntimeQuality.ASSUMED),
        ("cpu", CpuQuality.DEFAULT),
        ("intensity", IntensityQuality.ESTIMATED_BY_SOURCE),
        ("intensity", IntensityQuality.YEARLY_MEAN),
        ("price", PriceQuality.NONE),
    ],
)
def test_an_hour_with_one_part_not_measured_is_not_aligned(part, code):
    best = {"runtime": 1, "cpu": 1, "intensity": 1, "power": 1, "price": 1}
    hours = pack_quality(**{name: np.array([[value] * 24]) for name, value in (best | {part: code}).items()})

    assert hours_with_runtime(hours).tolist() == [24]
    assert aligned_hours(hours).tolist() == [0]


def test_without_a_running_hour_there_is_no_tac():
    result = alignment(np.zeros((3, 24), dtype=np.uint16))

    assert result.share is None
    assert result.share_of("cpu") is None


def test_more_aligned_hours_than_running_ones_are_refused():
    with pytest.raises(ValueError, match="cannot be aligned"):
        aligned_share(hours_aligned=3, hours_with_runtime=2)


@given(packed=arrays.arrays(np.uint16, st.tuples(st.integers(0, 4), st.just(24)), elements=st.integers(0, 1023)))
def test_tac_is_never_above_the_share_of_any_part_and_rows_add_up(packed):
    result = alignment(packed)

    assert result.hours_with_runtime == hours_with_runtime(packed).sum()
    assert result.hours_aligned == aligned_hours(packed).sum()
    assert all(result.hours_aligned <= hours <= result.hours_with_runtime for hours in result.hours_by_part.values())
