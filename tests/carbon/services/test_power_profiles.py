from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Any

import pytest
import responses
from django.db import transaction

from accounts.models import TouchedDay
from accounts.services.step import StepOutcome
from carbon.clients.boavizta import Boavizta
from carbon.models import PowerProfile
from carbon.services.power_profiles import refresh_power_profiles
from finops.core.upstream.errors import Reason
from finops.core.upstream.patience import Patience
from tests.factories import InstanceEventFactory, InstanceFactory, PowerProfileFactory

pytestmark = pytest.mark.django_db

HOST = "http://power.example"


class PowerApi:
    """BoaviztAPI on the wire: idles at 2 W and draws 8 W at full load, unless told otherwise."""

    def __init__(self, wire: responses.RequestsMock) -> None:
        self.idle_watts = 2.0
        self.version = "2.5.0"
        self.refusals: dict[str, tuple[int, Any]] = {}
        self.warnings: dict[str, list[str]] = {}
        self.asked: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self._lock = Lock()
        wire.add_callback("GET", f"{HOST}/v1/utils/version", callback=lambda _: (200, {}, json.dumps(self.version)))
        wire.add_callback("POST", f"{HOST}/v1/cloud/instance", callback=self._answer)

    @property
    def source(self) -> Boavizta:
        return Boavizta(base_url=HOST, patience=Patience(tries=1))

    def _answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        body = json.loads(request.body)
        name, load = body["instance_type"], body["usage"]["time_workload"]
        with self._lock:
            self.asked[name] += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.002)
        with self._lock:
            self.at_once -= 1
        if name in self.refusals:
            status, refusal = self.refusals[name]
            return status, {}, json.dumps(refusal)
        life = {"value": 52_560.0, "unit": "hours"}
        answer: dict[str, Any] = {
            "impacts": {"gwp": {"unit": "kgCO2eq", "embedded": {"value": 20.0}}},
            "verbose": {
                "avg_power": {"value": self.idle_watts + load * 0.06, "unit": "W"},
                "hours_life_time": life,
                "duration": life,
            },
        }
        if name in self.warnings:
            answer["warnings"] = self.warnings[name]
        return 200, {}, json.dumps(answer)


@pytest.fixture
def api() -> Iterator[PowerApi]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        yield PowerApi(wire)


def unknown(name: str) -> tuple[int, Any]:
    return 404, {"detail": f"{name} at aws not found"}


def refresh(api: PowerApi, *types: str, now: datetime, **more: Any) -> StepOutcome:
    return refresh_power_profiles(instance_types=types, source=api.source, now=now, **more)


def test_a_curve_is_stored_as_told(api: PowerApi, now: datetime):
    outcome = refresh(api, "m6a.large", now=now)

    profile = PowerProfile.objects.get()
    assert (profile.instance_type, profile.source, profile.is_known) == ("m6a.large", "boavizta", True)
    assert profile.load_percent == [0, 5, 10, 20, 35, 50, 75, 100]
    # 2 W + load × 0.06 W
    assert profile.watts == pytest.approx([2.0, 2.3, 2.6, 3.2, 4.1, 5.0, 6.5, 8.0])
    assert (profile.embodied_kgco2e, profile.lifespan_hours) == (20.0, 52_560.0)
    assert (profile.source_version, profile.retrieved_at) == ("2.5.0", now)
    assert (outcome.rows_read, outcome.rows_written, outcome.parts["m6a.large"].rows) == (1, 1, 1)


def test_an_unknown_type_is_stored_as_unknown_with_the_reason(api: PowerApi, now: datetime):
    api.refusals["zz9.plural"] = unknown("zz9.plural")

    outcome = refresh(api, "zz9.plural", now=now)

    profile = PowerProfile.objects.get()
    assert (profile.is_known, profile.watts, profile.embodied_kgco2e) == (False, [], None)
    assert profile.warning == "The source does not know zz9.plural."
    assert outcome.failed_parts == {}
    assert outcome.notes == ["Not known to the source: zz9.plural."]


def test_an_answer_for_a_similar_type_is_flagged(api: PowerApi, now: datetime):
    api.warnings["i7ie.large"] = ["Instance 'i7ie.large' not found; using closest match 'r7iz.large' (fuzzy match)"]

    outcome = refresh(api, "i7ie.large", now=now)

    profile = PowerProfile.objects.get()
    assert profile.is_substituted
    assert "r7iz.large" in profile.warning
    assert outcome.notes == ["Answered for a similar type: i7ie.large."]


def test_a_type_is_asked_for_once_a_week_whether_known_or_not(api: PowerApi, now: datetime):
    api.refusals["zz9.plural"] = unknown("zz9.plural")
    refresh(api, "m6a.large", "zz9.plural", now=now)

    refresh(api, "m6a.large", "zz9.plural", now=now + timedelta(days=6))
    after_six_days = dict(api.asked)
    refresh(api, "m6a.large", "zz9.plural", now=now + timedelta(days=7))
    refresh(api, "m6a.large", "zz9.plural", now=now + timedelta(days=8))

    assert after_six_days == {"m6a.large": 8, "zz9.plural": 1}
    assert api.asked == {"m6a.large": 16, "zz9.plural": 2}


def test_the_same_answer_again_writes_nothing_new_and_marks_no_day(api: PowerApi, now: datetime):
    InstanceFactory.create(instance_type="m6a.large")
    refresh(api, "m6a.large", now=now)
    TouchedDay.objects.all().delete()
    api.version = "2.5.1"

    again = refresh(api, "m6a.large", now=now + timedelta(days=8))
    and_again = refresh(api, "m6a.large", now=now + timedelta(days=16))

    # the version is news, though not to any figure
    assert (again.rows_written, and_again.rows_written) == (1, 0)
    assert PowerProfile.objects.get().retrieved_at == now + timedelta(days=16)
    assert not TouchedDay.objects.exists()


def test_a_changed_curve_marks_the_days_of_those_who_have_such_instances(api: PowerApi, now: datetime):
    mine = InstanceFactory.create(
        instance_type="m6a.large",
        first_launched_at=datetime(2026, 3, 15, 9, tzinfo=UTC),
        first_seen_at=datetime(2026, 3, 16, 9, tzinfo=UTC),
    )
    InstanceFactory.create(instance_type="t3.micro")
    refresh(api, "m6a.large", now=now)
    TouchedDay.objects.all().delete()
    api.idle_watts = 1.5

    refresh(api, "m6a.large", now=now + timedelta(days=8))

    assert set(TouchedDay.objects.values_list("aws_account_id", flat=True)) == {mine.aws_account_id}
    days = sorted(TouchedDay.objects.values_list("day", flat=True))
    assert (days[0], days[-1], len(days)) == (date(2026, 3, 15), date(2026, 3, 26), 12)


def test_a_curve_for_a_former_type_marks_the_days_of_the_instance_that_had_it(api: PowerApi, now: datetime):
    resized = InstanceFactory.create(instance_type="m5.large")
    InstanceEventFactory.create(
        aws_account=resized.aws_account, instance_id=resized.instance_id, name="RunInstances", instance_type="m6a.large"
    )
    InstanceFactory.create(instance_type="m5.large")

    refresh(api, "m6a.large", now=now)

    assert set(TouchedDay.objects.values_list("aws_account_id", flat=True)) == {resized.aws_account_id}


def test_days_are_marked_no_further_back_than_events_reach(api: PowerApi, now: datetime):
    InstanceFactory.create(
        instance_type="m6a.large",
        first_launched_at=datetime(2019, 1, 1, tzinfo=UTC),
        first_seen_at=datetime(2026, 3, 16, 9, tzinfo=UTC),
    )

    refresh(api, "m6a.large", now=now)

    assert TouchedDay.objects.earliest("day").day == date(2025, 12, 16)  # 90 days before 16 March


def test_a_type_that_fails_leaves_the_others_and_its_older_profile_standing(api: PowerApi, now: datetime):
    PowerProfileFactory.create(instance_type="t3.micro", retrieved_at=now - timedelta(days=30))
    api.refusals["t3.micro"] = (500, "Internal Server Error")

    outcome = refresh(api, "t3.micro", "m6a.large", now=now)

    assert {name: error.reason for name, error in outcome.failed_parts.items()} == {"t3.micro": Reason.UNAVAILABLE}
    assert PowerProfile.objects.get(instance_type="t3.micro").retrieved_at == now - timedelta(days=30)
    assert PowerProfile.objects.filter(instance_type="m6a.large", is_known=True).exists()


def test_an_upstream_that_is_down_is_not_waited_for_by_every_type(api: PowerApi, now: datetime):
    types = [f"m{n}.large" for n in range(40)]
    api.refusals |= dict.fromkeys(types, (503, {}))

    outcome = refresh(api, *types, now=now)

    assert len(outcome.failed_parts) == 40
    assert sum(api.asked.values()) <= 3 + 3  # those that were on their way when the third failed
    assert not PowerProfile.objects.exists()


def test_types_are_asked_for_in_parallel_but_four_at_most(api: PowerApi, now: datetime):
    types = [f"m{n}.large" for n in range(12)]

    outcome = refresh(api, *types, now=now)

    assert outcome.rows_written == 12
    assert 1 < api.most_at_once <= 4


def test_a_type_named_twice_is_asked_for_once(api: PowerApi, now: datetime):
    refresh(api, "m6a.large", "m6a.large", now=now)

    assert api.asked == {"m6a.large": 8}


def test_the_upstream_is_asked_before_the_one_transaction(api: PowerApi, now: datetime):
    asked_before: list[int] = []

    @contextmanager
    def writing() -> Iterator[None]:
        asked_before.append(sum(api.asked.values()))
        with transaction.atomic():
            yield

    refresh(api, "m6a.large", "t3.micro", now=now, writing=writing)

    assert asked_before == [16]


def test_progress_is_told_type_by_type(api: PowerApi, now: datetime):
    told: list[tuple[int, int]] = []

    refresh(api, "a.x", "b.x", now=now, progress=lambda *, done, total, part="": told.append((done, total)))  # noqa: ARG005

    assert told == [(1, 2), (2, 2)]


def test_no_types_is_no_work(api: PowerApi, now: datetime):
    outcome = refresh(api, now=now)

    assert (outcome.rows_read, outcome.parts, sum(api.asked.values())) == (0, {}, 0)
