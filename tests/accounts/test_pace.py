import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction

from accounts.models import Pace
from accounts.services.pace import reserve_turn, wait_turn

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
HALF_A_SECOND = timedelta(seconds=0.5)


@pytest.mark.django_db
def test_turns_of_one_key_lie_an_interval_apart():
    turns = [reserve_turn(key="a", interval=HALF_A_SECOND, now=NOW) for _ in range(4)]

    assert turns == [NOW + n * HALF_A_SECOND for n in range(4)]


@pytest.mark.django_db
def test_keys_do_not_wait_for_each_other():
    reserve_turn(key="a", interval=HALF_A_SECOND, now=NOW)

    assert reserve_turn(key="b", interval=HALF_A_SECOND, now=NOW) == NOW


@pytest.mark.django_db
def test_a_pause_is_not_saved_up_for_a_burst():
    reserve_turn(key="a", interval=HALF_A_SECOND, now=NOW)
    later = NOW + timedelta(minutes=1)

    turns = [reserve_turn(key="a", interval=HALF_A_SECOND, now=later) for _ in range(2)]

    assert turns == [later, later + HALF_A_SECOND]


@pytest.mark.django_db
def test_a_turn_left_far_ahead_by_a_clock_that_was_set_back_does_not_block():
    Pace.objects.create(key="a", free_at=NOW + timedelta(days=1))

    assert reserve_turn(key="a", interval=HALF_A_SECOND, now=NOW) == NOW


@pytest.mark.django_db
def test_waiting_for_a_turn_sleeps_as_long_as_needed():
    slept = []
    for _ in range(3):
        wait_turn(key="a", interval=HALF_A_SECOND, clock=lambda: NOW, sleep=slept.append)

    assert slept == [0.5, 1.0]


@pytest.mark.django_db(transaction=True)
def test_a_turn_is_not_taken_inside_a_callers_transaction():
    with pytest.raises(RuntimeError), transaction.atomic():
        reserve_turn(key="a", interval=HALF_A_SECOND, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_workers_that_ask_at_once_get_one_turn_each():
    turns, lock = [], threading.Lock()

    def ask():
        try:
            for _ in range(5):
                turn = reserve_turn(key="a", interval=HALF_A_SECOND, now=NOW)
                with lock:
                    turns.append(turn)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(turns) == [NOW + n * HALF_A_SECOND for n in range(30)]
