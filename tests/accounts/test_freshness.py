from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.estimators.freshness import Freshness, freshness, worst
from tests.conftest import NOW

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), Freshness.FRESH),
        (1.5 * HOUR, Freshness.FRESH),  # the limit itself is still fresh
        (1.6 * HOUR, Freshness.AGEING),
        (3 * HOUR, Freshness.AGEING),
        (3.1 * HOUR, Freshness.STALE),
    ],
)
def test_freshness_counts_in_cadences(age, expected):
    assert freshness(last_success_at=NOW - age, cadence=HOUR, now=NOW) is expected


def test_what_never_answered_is_never_fresh():
    assert freshness(last_success_at=None, cadence=HOUR, now=NOW) is Freshness.NEVER


def test_a_cadence_is_longer_than_nothing():
    with pytest.raises(ValueError, match="longer than nothing"):
        freshness(last_success_at=NOW, cadence=timedelta(0), now=NOW)


def test_the_worst_of_many_is_told():
    assert worst([Freshness.FRESH, Freshness.NEVER, Freshness.STALE]) is Freshness.NEVER
    assert worst([]) is None


@given(
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)),
)
def test_an_older_answer_is_never_fresher(first, more):
    ranks = [Freshness.FRESH, Freshness.AGEING, Freshness.STALE]

    younger = freshness(last_success_at=NOW - first, cadence=HOUR, now=NOW)
    older = freshness(last_success_at=NOW - first - more, cadence=HOUR, now=NOW)

    assert ranks.index(older) >= ranks.index(younger)
