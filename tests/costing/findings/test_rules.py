from inspect import signature

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from costing.estimators.findings import BY_KEY, PARAMETERS, RULES, Side, defaults
from costing.estimators.findings import series as rules
from costing.estimators.findings.database_limits import memory_gib, most_connections
from costing.estimators.findings.verdict import Verdicts, of_ages, settle

HOURS = 14 * 24
PER_CENT = arrays(np.float32, (3, HOURS), elements=st.sampled_from([np.nan, 0.5, 4.0, 9.0, 50.0, 79.5, 81.0, 95.0]))
BUSY = {"mean_percent": 80, "hours_in_a_row": 3, "p95_percent": 90, "window_hours": 168}


def flat(value, **hours):
    """One row of `value`; `hours` are others, by how many hours ago they were: h1 is the latest."""
    values = np.full((1, HOURS), value, dtype=np.float32)
    for name, other in hours.items():
        values[0, -int(name[1:])] = other
    return values


def test_three_hours_in_a_row_are_busy_and_two_are_not():
    three = rules.busy(flat(20, h7=85, h6=80, h5=90), **BUSY)
    two = rules.busy(flat(20, h7=85, h6=80), **BUSY)

    # 336 hours; the row began 7 hours before the end: 336 - 7 = 329.
    assert (three.is_found[0], three.since_hour[0], three.measured["longest_hours"][0]) == (True, 329, 3)
    assert not two.is_found[0]


def test_a_gap_ends_a_row_of_busy_hours():
    assert not rules.busy(flat(20, h7=85, h6=85, h5=np.nan, h4=85, h3=85), **BUSY).is_found[0]


def test_single_hours_are_busy_when_they_are_one_in_twenty():
    # 168 hours, every 10th at 95: more than 5 % of them, so the 95th percentile is 95.
    values = flat(20)
    values[0, ::10] = 95

    assert rules.busy(values, **BUSY).is_found[0]
    assert not rules.busy(flat(20, h3=95, h40=95), **BUSY).is_found[0]


def test_below_thirty_measured_hours_nothing_is_said():
    values = np.full((2, HOURS), np.nan, dtype=np.float32)
    values[0, -29:] = values[1, -30:] = 99

    told = rules.busy(values, **BUSY)

    assert told.is_judged.tolist() == told.is_found.tolist() == [False, True]


def test_what_counts_is_how_it_stands_now():
    limits = {"limit": 10, "hours_in_a_row": 3, "is_below": True}

    assert rules.lately(flat(50, h3=9, h2=9, h1=9), **limits).is_found[0]
    assert rules.lately(flat(50, h4=9, h3=9, h2=np.nan, h1=9), **limits).is_found[0]
    assert not rules.lately(flat(50, h4=9, h3=9, h2=9, h1=11), **limits).is_found[0]
    assert not rules.lately(flat(50, h2=9, h1=9), **limits).is_found[0]


def test_what_was_not_measured_for_a_day_is_not_judged():
    values = flat(5)
    values[0, -24:] = np.nan

    assert not rules.lately(values, limit=10, hours_in_a_row=3, is_below=True).is_judged[0]


def test_a_machine_is_idle_by_cpu_and_network_together():
    limits = {"limit_cpu_percent": 5, "limit_bytes_per_second": 1000, "window_hours": 168}
    quiet, loud = flat(3_600_000), flat(3_700_000)  # 3.6 MB in an hour are 1,000 B/s

    assert rules.idle_machine(flat(5), quiet, **limits).is_found[0]
    assert not rules.idle_machine(flat(5), loud, **limits).is_found[0]
    assert not rules.idle_machine(flat(5.1), quiet, **limits).is_found[0]
    assert not rules.idle_machine(flat(5), flat(np.nan), **limits).is_judged[0]


def test_errors_are_a_share_of_all_invocations_of_the_window():
    # 24 hours: 1 of 100 in each is 1 %, which is not above it; one more error is 25 of 2,400.
    invocations, errors = flat(100), flat(1)
    assert not rules.failing(errors, invocations, error_percent=1, window_hours=24).is_found[0]
    errors[0, -1] = 2

    told = rules.failing(errors, invocations, error_percent=1, window_hours=24)

    assert (told.is_found[0], told.measured["error_percent"][0]) == (True, pytest.approx(100 * 25 / 2400))


def test_a_function_is_near_its_timeout_when_it_is_so_in_most_hours():
    limits = {"timeout_percent": 80, "window_hours": 24}
    timeout = np.array([30.0])

    assert rules.near_timeout(flat(24_000), timeout, **limits).is_found[0]  # 24 of 30 s
    assert not rules.near_timeout(flat(10_000, h2=29_000), timeout, **limits).is_found[0]
    assert not rules.near_timeout(flat(29_000), np.array([np.nan]), **limits).is_judged[0]


def test_a_function_that_nobody_knows_for_long_enough_is_not_called_unused():
    values = np.zeros((2, 30 * 24), dtype=np.float32)

    told = rules.never_invoked(values, known_days=np.array([29.0, 30.0]), days=30)

    assert told.is_found.tolist() == [False, True]


def test_an_age_nobody_knows_counts_as_old():
    told = of_ages([0.5, 8, None, None], is_candidate=[True, True, True, False], more_than_days=7)

    assert told.is_found.tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("instance_class", "gib"),
    [("db.t3.medium", 4), ("db.m5.large", 8), ("db.r6g.2xlarge", 64), ("db.m7g.xlarge", 16), ("db.x1.32xlarge", None),
     ("db.r4.large", None), ("db.serverless", None), ("", None)],
)  # fmt: skip
def test_memory_follows_from_the_class(instance_class, gib):
    assert memory_gib(instance_class) == gib


def test_connections_follow_from_memory_by_the_default_group():
    # 4 × 1024³ / 12582880 = 341.3; 128 × 1024³ / 9531392 = 14,420, of which PostgreSQL takes 5,000.
    assert most_connections("mysql", 4) == 341
    assert most_connections("postgres", 128) == 5000
    assert most_connections("aurora-mysql", 4) is None
    assert most_connections("mysql", None) is None


def test_every_rule_has_its_limits_within_what_they_take():
    assert all(parameter.least <= parameter.default <= parameter.most for _, parameter in PARAMETERS.values())
    assert set(defaults()) == set(PARAMETERS)
    assert len(BY_KEY) == len(RULES)
    assert set(signature(rules.busy).parameters) - {"values"} == {name.name for name in BY_KEY["ec2_cpu"].parameters}


@given(PER_CENT, arrays(np.float32, (3, HOURS), elements=st.sampled_from([np.nan, 0.0, 1e6, 1e9])))
def test_nothing_is_idle_and_a_bottleneck_at_once(cpu, network):
    verdicts = {
        "ec2_cpu": rules.busy(cpu, **BUSY),
        "ec2_idle": rules.idle_machine(
            cpu, network, limit_cpu_percent=60, limit_bytes_per_second=1e6, window_hours=168
        ),
        "ec2_cpu_peak": rules.peak(cpu, maximum_percent=80, window_hours=24),
        "ec2_cpu_low": rules.mean_below(cpu, mean_percent=60, window_hours=24),
    }

    standing = settle(verdicts, 3)

    for row in range(3):
        assert len({BY_KEY[one.rule].side for one in standing if one.row == row}) <= 1
    for one in standing:
        assert np.isfinite(cpu[one.row]).sum() >= 30
        assert 0 <= one.since_hour < HOURS


@given(PER_CENT)
def test_a_higher_limit_never_finds_more(values):
    low = rules.busy(values, **BUSY)
    high = rules.busy(values, **(BUSY | {"mean_percent": 94, "p95_percent": 99}))

    assert not (high.is_found & ~low.is_found).any()


def test_the_other_side_is_left_empty_handed_in_the_rules_order():
    yes, no = np.array([True]), np.array([-1])
    both = {key: Verdicts(yes, yes, no) for key in ("ec2_cpu", "ec2_idle", "ec2_cpu_peak", "ec2_cpu_low")}

    assert [one.rule for one in settle(both, 1)] == ["ec2_cpu"]
    del both["ec2_cpu"]
    assert [one.rule for one in settle(both, 1)] == ["ec2_idle"]
    assert BY_KEY["ec2_idle"].side is Side.UNUSED
