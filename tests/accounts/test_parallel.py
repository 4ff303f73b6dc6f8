import threading
import time
from itertools import pairwise

import pytest
import structlog

from accounts.services.parallel import ask_all, once
from finops.core.upstream.errors import UpstreamUnavailable


class Taken:
    """What came of the jobs, and in which thread it was told."""

    def __init__(self):
        self.values, self.ends, self.threads = [], {}, set()

    def take(self, key, value):
        self.values.append((key, value))
        self.threads.add(threading.current_thread())

    def ended(self, key, error):
        self.ends[key] = error
        self.threads.add(threading.current_thread())


@pytest.fixture
def taken():
    return Taken()


def run(jobs, taken, **more):
    ask_all(jobs, take=taken.take, ended=taken.ended, **more)


def test_every_value_of_every_job_is_taken_in_the_callers_thread(taken):
    run({"a": iter([1, 2, 3]), "b": iter([4]), "c": iter([])}, taken)

    assert sorted(taken.values) == [("a", 1), ("a", 2), ("a", 3), ("b", 4)]
    assert taken.ends == {"a": None, "b": None, "c": None}
    assert taken.threads == {threading.current_thread()}


def test_a_job_that_fails_ends_and_the_others_go_on(taken):
    error = UpstreamUnavailable("Not now.", upstream="x")

    def failing():
        yield 1
        raise error

    run({"a": failing(), "b": iter([2, 3])}, taken)

    assert sorted(taken.values) == [("a", 1), ("b", 2), ("b", 3)]
    assert taken.ends == {"a": error, "b": None}


def test_no_more_jobs_are_asked_at_once_than_allowed(taken):
    now, most, lock = 0, 0, threading.Lock()

    def ask():
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1

    run({n: once(ask) for n in range(12)}, taken, at_once=3)

    assert most == 3


def test_each_step_of_a_job_waits_as_long_as_it_is_told(taken):
    began = []

    def steps():
        for _ in range(4):
            began.append(time.monotonic())
            yield None

    run({"a": steps()}, taken, pause=lambda _: 0.05)

    assert all(later - earlier >= 0.05 for earlier, later in pairwise(began))


def test_an_error_of_our_own_ends_the_whole(taken):
    with pytest.raises(ZeroDivisionError):
        run({"a": once(lambda: 1 / 0), "b": iter([1])}, taken)


def test_an_error_of_the_taker_leaves_no_thread_behind():
    before = threading.active_count()

    def lost(*_):
        raise RuntimeError("somebody else has the run")

    with pytest.raises(RuntimeError):
        ask_all({n: once(lambda: 1) for n in range(20)}, take=lost, ended=lambda *_: None)

    assert threading.active_count() == before


def test_a_line_of_the_log_tells_which_account_it_is_about_in_a_thread_too(taken):
    with structlog.contextvars.bound_contextvars(account_id="111122223333"):
        run({"a": once(structlog.contextvars.get_contextvars)}, taken)

    assert taken.values == [("a", {"account_id": "111122223333"})]
