from hypothesis import given
from hypothesis import strategies as st

from finops.sandbox.aws.quotas import QUOTAS, Quota, TokenBucket


def test_aws_figures_stand_as_published():
    lookup = QUOTAS["cloudtrail", "LookupEvents"]
    paged, whole = QUOTAS["ec2", "DescribeInstances"], QUOTAS["ec2", "DescribeInstances, all at once"]

    assert (lookup.capacity, lookup.per_second) == (2, 2)
    assert (paged.capacity, paged.per_second) == (100, 20)
    assert (whole.capacity, whole.per_second) == (50, 10)


@given(st.integers(1, 20), st.integers(1, 20), st.lists(st.floats(0, 3), max_size=80))
def test_no_more_pass_than_the_bucket_held_and_was_refilled(capacity, per_second, waits):
    clock = [0.0]
    bucket = TokenBucket(Quota(capacity, per_second), seconds=lambda: clock[0])

    passed = 0
    for wait in waits:
        clock[0] += wait
        passed += bucket.take()

    assert passed <= capacity + clock[0] * per_second + 1e-6


def test_a_full_bucket_lets_its_capacity_through_and_then_refills():
    clock = [0.0]
    bucket = TokenBucket(Quota(2, 2), seconds=lambda: clock[0])

    first = [bucket.take() for _ in range(3)]
    clock[0] += 0.5  # half a second at two a second: one token

    assert first == [True, True, False]
    assert [bucket.take(), bucket.take()] == [True, False]
