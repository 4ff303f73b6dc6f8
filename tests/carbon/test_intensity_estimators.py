import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.estimators.intensity import LEAD_HOURS, IntensityQuality, fill_hours, hourly_means

NAN = float("nan")


def readings(*hours, lead=()):
    """The week before (its first hours, then nothing) and the hours of the range."""
    return np.array([*lead, *[NAN] * (LEAD_HOURS - len(lead)), *hours])


def test_an_hour_falls_back_from_reading_to_carried_to_last_week_to_the_yearly_mean():
    values = readings(300, 310, NAN, NAN, NAN, NAN, lead=[1, 2, 3, 4, 205, NAN])
    is_estimated = np.zeros(values.shape, bool)
    is_estimated[LEAD_HOURS + 1] = True

    filled, quality = fill_hours(values, is_estimated, yearly_mean_gco2e_per_kwh=342)

    # hours 2 and 3 carry the 310 of hour 1; hour 4 is three hours after it, and a week before read 205
    assert filled.tolist() == [300, 310, 310, 310, 205, 342]
    assert quality.tolist() == [
        IntensityQuality.MEASURED,
        IntensityQuality.ESTIMATED_BY_SOURCE,
        IntensityQuality.CARRIED,
        IntensityQuality.CARRIED,
        IntensityQuality.SAME_HOUR_LAST_WEEK,
        IntensityQuality.YEARLY_MEAN,
    ]


def test_without_a_yearly_mean_the_hour_stays_unknown():
    filled, quality = fill_hours(readings(NAN), False)  # noqa: FBT003 (an array's value)

    assert np.isnan(filled).all()
    assert quality.tolist() == [IntensityQuality.NONE]


def test_the_first_hours_carry_from_before_the_range():
    values = readings(NAN, NAN, NAN)
    values[LEAD_HOURS - 1] = 250

    filled, quality = fill_hours(values, np.zeros(values.shape, bool), yearly_mean_gco2e_per_kwh=100)

    assert filled.tolist() == [250, 250, 100]
    assert quality.tolist() == [3, 3, 5]


def test_what_was_filled_in_is_not_carried_to_the_week_after():
    values = readings(*[NAN] * (LEAD_HOURS + 1), lead=[200])

    filled, quality = fill_hours(values, np.zeros(values.shape, bool))

    assert (filled[0], quality[0]) == (200, IntensityQuality.SAME_HOUR_LAST_WEEK)
    assert (np.isnan(filled[LEAD_HOURS]), quality[LEAD_HOURS]) == (True, IntensityQuality.NONE)


def test_each_zone_has_its_own_yearly_mean_or_none():
    values = np.stack([readings(NAN), readings(NAN)])

    filled, quality = fill_hours(values, np.zeros(values.shape, bool), yearly_mean_gco2e_per_kwh=[20, NAN])

    assert filled[0] == [20]
    assert np.isnan(filled[1])
    assert quality.tolist() == [[5], [0]]


def test_readings_without_the_week_before_are_an_error():
    with pytest.raises(ValueError, match="168 hours before"):
        fill_hours(np.zeros(24), np.zeros(24, bool))


maybe_value = st.one_of(st.just(NAN), st.floats(0, 2000))


@given(
    hours=st.lists(st.tuples(maybe_value, st.booleans()), min_size=1, max_size=30),
    lead=st.lists(maybe_value, max_size=LEAD_HOURS),
    mean=st.one_of(st.none(), st.floats(0, 2000)),
)
def test_a_reading_is_kept_and_the_code_says_exactly_whether_a_value_is_known(hours, lead, mean):
    values = readings(*[v for v, _ in hours], lead=lead)
    is_estimated = np.concatenate([np.zeros(LEAD_HOURS, bool), [e for _, e in hours]])

    filled, quality = fill_hours(values, is_estimated, yearly_mean_gco2e_per_kwh=mean)

    read = values[LEAD_HOURS:]
    was_read = ~np.isnan(read)
    assert np.array_equal(filled[was_read], read[was_read])
    assert set(quality[was_read].tolist()) <= {1, 2}
    assert np.array_equal(np.isnan(filled), quality == IntensityQuality.NONE)
    assert mean is None or not np.isnan(filled).any()


def test_quarter_hours_become_the_mean_of_their_hour():
    means = hourly_means([0, 15, 30, 45, 60], 15, [100, 200, 300, 400, 50], [0, 0, 1, 0, 0], hours=2)

    # (100 + 200 + 300 + 400) / 4 = 250; of the second hour only a quarter is covered: unknown
    assert means.gco2e_per_kwh[0] == pytest.approx(250)
    assert np.isnan(means.gco2e_per_kwh[1])
    assert means.is_estimated.tolist() == [True, False]
    assert means.covered_share.tolist() == [1.0, 0.25]


def test_readings_of_different_lengths_weigh_by_their_minutes():
    means = hourly_means([0, 5, 30], [5, 25, 30], [600, 120, 60], False, hours=1)  # noqa: FBT003 (an array's value)

    # (5 × 600 + 25 × 120 + 30 × 60) / 60 = (3000 + 3000 + 1800) / 60 = 130
    assert means.gco2e_per_kwh == pytest.approx([130])


def test_a_reading_across_hours_counts_in_each_and_its_part_outside_the_range_nowhere():
    means = hourly_means([-60], [240], [80], True, hours=2)  # noqa: FBT003 (an array's value)

    assert means.gco2e_per_kwh.tolist() == [80, 80]
    assert means.is_estimated.tolist() == [True, True]


def test_readings_that_are_none_leave_the_hour_unknown():
    means = hourly_means([0, 30], 30, [NAN, NAN], False, hours=1)  # noqa: FBT003 (an array's value)

    assert np.isnan(means.gco2e_per_kwh).all()
    assert means.covered_share.tolist() == [0]


def test_no_readings_at_all_leave_every_hour_unknown():
    means = hourly_means([], [], [], [], hours=3)

    assert np.isnan(means.gco2e_per_kwh).all()


def test_a_reading_that_lasts_no_time_is_an_error():
    with pytest.raises(ValueError, match="longer than 0 minutes"):
        hourly_means([0], 0, [100], False, hours=1)  # noqa: FBT003 (an array's value)


@given(
    minutes=st.sampled_from([5, 15, 30, 60, 180]),
    values=st.lists(st.floats(0, 2000), min_size=36, max_size=36),
    order=st.randoms(use_true_random=False),
)
def test_gapless_readings_in_any_order_keep_their_mean_over_all_hours(minutes, values, order):
    starts = [i * minutes for i in range(36)]
    pairs = list(zip(starts, values, strict=True))
    order.shuffle(pairs)
    hours = 36 * minutes // 60

    means = hourly_means([s for s, _ in pairs], minutes, [v for _, v in pairs], False, hours=hours)  # noqa: FBT003 (an array's value)

    assert means.gco2e_per_kwh.mean() == pytest.approx(np.mean(values), abs=1e-9)
    assert (means.covered_share == 1).all()
