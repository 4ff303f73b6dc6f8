from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from accounts.models import Instance, TouchedDay
from carbon.models import CarbonReading
from carbon.services.readings import refresh_readings, zones_due
from finops.core.periods import Period
from finops.core.upstream.errors import Reason
from tests.carbon.services.conftest import BAD_KEY, HOUR, NOT_IN_PLAN, Grid
from tests.factories import (
    CarbonReadingFactory,
    CloudRegionFactory,
    InstanceFactory,
    TeamFactory,
    ZoneFactory,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.models import Team
    from accounts.services.step import StepOutcome
    from carbon.models import Zone

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)


@pytest.fixture
def germany() -> Zone:
    return CloudRegionFactory.create().zone


@pytest.fixture
def france() -> Zone:
    return CloudRegionFactory.create(region="eu-west-3", zone=ZoneFactory.create(key="FR", name="France")).zone


@pytest.fixture
def instance(germany: Zone) -> Instance:  # noqa: ARG001 (its region must be known)
    return InstanceFactory.create(region="eu-central-1")


def refresh(grid: Grid, *zones: Zone, days: float = 0.5, at: datetime | None = None, **more: Any) -> StepOutcome:
    now = at or grid.now
    return refresh_readings(
        zones=zones, source=grid.source, period=Period.last(timedelta(days=days), now=now), now=now, **more
    )


def touched() -> dict[int, set[date]]:
    days: dict[int, set[date]] = {}
    for row in TouchedDay.objects.all():
        days.setdefault(row.aws_account_id, set()).add(row.day)
    return days


def test_the_last_day_is_stored_as_told(grid: Grid, germany: Zone, now: datetime):
    grid.values["DE", NOON] = 287

    outcome = refresh(grid, germany)

    reading = CarbonReading.objects.get(starts_at=NOON)
    assert (reading.zone, reading.source, reading.signal, reading.licensee) == (
        germany,
        "electricity_maps",
        "average",
        None,
    )
    assert (reading.gco2e_per_kwh, reading.duration_microseconds, reading.is_estimated) == (287.0, 3600 * 10**6, False)
    assert (reading.updated_at, reading.retrieved_at) == (datetime(2026, 3, 18, 9, tzinfo=UTC), now)
    assert (outcome.source, outcome.rows_read, outcome.rows_written) == ("electricity_maps", 24, 24)
    assert (outcome.parts["DE"].rows, outcome.notes) == (24, [])


def test_an_hour_already_stored_is_replaced_by_the_newer_answer(grid: Grid, germany: Zone, now: datetime):
    CarbonReadingFactory.create(
        zone=germany, starts_at=NOON, gco2e_per_kwh=999, is_estimated=True, retrieved_at=now - 2 * HOUR
    )

    refresh(grid, germany)

    reading = CarbonReading.objects.get(starts_at=NOON)
    assert (reading.gco2e_per_kwh, reading.is_estimated, reading.retrieved_at) == (300.0, False, now)


def test_running_it_again_changes_nothing(grid: Grid, germany: Zone, instance: Instance):
    refresh(grid, germany, days=3)
    before = list(CarbonReading.objects.order_by("pk").values())
    versions = list(TouchedDay.objects.order_by("pk").values())

    outcome = refresh(grid, germany, days=3, at=grid.now + timedelta(minutes=61))

    after = list(CarbonReading.objects.order_by("pk").values())
    assert outcome.rows_written == 0
    assert [row | {"retrieved_at": None} for row in after] == [row | {"retrieved_at": None} for row in before]
    assert list(TouchedDay.objects.order_by("pk").values()) == versions
    assert instance.aws_account_id in touched()


def test_a_zone_is_asked_once_an_hour_however_many_want_it(grid: Grid, germany: Zone):
    refresh(grid, germany)

    outcome = refresh(grid, germany, at=grid.now + timedelta(minutes=20))

    assert grid.asked["DE history"] == 1
    assert outcome.parts == {}
    assert outcome.notes == ["Asked less than an hour ago and not again: DE."]


def test_a_zone_is_due_when_its_last_answer_is_an_hour_old(grid: Grid, germany: Zone, now: datetime):
    CarbonReadingFactory.create(zone=germany, starts_at=NOON, retrieved_at=now)

    def is_due(minutes: int) -> bool:
        return bool(zones_due(zones=[germany], source=grid.source, now=now + timedelta(minutes=minutes)))

    assert [is_due(minutes) for minutes in (0, 59, 60)] == [False, False, True]


def test_a_source_that_lags_is_asked_again_after_ten_minutes(grid: Grid, germany: Zone, now: datetime):
    CarbonReadingFactory.create(zone=germany, starts_at=NOON - 2 * HOUR, retrieved_at=now)

    def is_due(minutes: int) -> bool:
        return bool(zones_due(zones=[germany], source=grid.source, now=now + timedelta(minutes=minutes)))

    assert [is_due(minutes) for minutes in (0, 9, 10)] == [False, False, True]


def test_asking_counts_as_asking_where_it_told_nothing_new(grid: Grid, germany: Zone, now: datetime):
    refresh(grid, germany)
    refresh(grid, germany, at=now + timedelta(minutes=61))

    outcome = refresh(grid, germany, at=now + timedelta(minutes=65))

    # An hour later the grid API still tells the same 24 hours: it lags, and is asked again in ten minutes.
    assert (grid.asked["DE history"], outcome.parts) == (2, {})


def test_older_hours_are_asked_for_only_where_they_are_missing(grid: Grid, germany: Zone, now: datetime):
    refresh(grid, germany, days=3)
    asked = grid.asked["DE past-range"]

    refresh(grid, germany, days=3, at=now + timedelta(hours=1))

    assert CarbonReading.objects.count() == 24 + 49  # the period begins at 12:30, so the hour of 12:00 belongs to it
    assert (asked, grid.asked["DE past-range"]) == (1, 1)


def test_a_long_gap_is_asked_for_ten_days_at_a_time(grid: Grid, germany: Zone):
    refresh(grid, germany, days=30)

    # 29 days and an hour lie before the last 24 hours
    assert grid.asked["DE past-range"] == 3
    assert CarbonReading.objects.count() == 30 * 24 + 1


def test_a_plan_without_older_hours_is_a_note_and_no_failure(grid: Grid, germany: Zone, france: Zone):
    grid.refusals["DE past-range"] = NOT_IN_PLAN

    outcome = refresh(grid, germany, france, days=30)

    assert outcome.failed_parts == {}
    assert (outcome.parts["DE"].rows, outcome.parts["FR"].rows) == (24, 721)
    assert grid.asked["DE past-range"] == 1
    assert outcome.notes == ["The key's plan holds only the last 24 hours of DE."]


def test_a_plan_with_the_present_hour_only_gives_that_hour(grid: Grid, germany: Zone):
    grid.refusals |= {"history": NOT_IN_PLAN, "past-range": NOT_IN_PLAN}

    outcome = refresh(grid, germany, days=3)

    assert list(CarbonReading.objects.values_list("starts_at", flat=True)) == [NOON]
    assert outcome.failed_parts == {}
    assert "only the present hour of DE" in outcome.notes[0]


def test_older_hours_without_data_do_not_fail_the_zone(grid: Grid, germany: Zone):
    grid.refusals["past-range"] = (404, {"status": "error"})

    outcome = refresh(grid, germany, days=30)

    assert (outcome.parts["DE"].rows, outcome.failed_parts) == (24, {})


def test_a_zone_that_fails_leaves_the_others_standing(grid: Grid, germany: Zone, france: Zone):
    grid.refusals["DE"] = NOT_IN_PLAN

    outcome = refresh(grid, germany, france)

    assert {key: error.reason for key, error in outcome.failed_parts.items()} == {"DE": Reason.NOT_IN_PLAN}
    assert set(CarbonReading.objects.values_list("zone_id", flat=True)) == {"FR"}


def test_what_was_told_before_an_error_is_kept(grid: Grid, germany: Zone):
    grid.refusals["past-range"] = (500, "Internal Server Error")

    outcome = refresh(grid, germany, days=3)

    assert (outcome.parts["DE"].rows, CarbonReading.objects.count()) == (24, 24)
    assert outcome.failed_parts["DE"].reason is Reason.UNAVAILABLE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (BAD_KEY, Reason.BAD_CREDENTIALS),
        ((429, {}), Reason.RATE_LIMITED),
        ((200, {"zone": "DE", "_disclaimer": "SANDBOX MODE", "history": []}), Reason.SANDBOX_ANSWER),
    ],
)
def test_an_error_that_all_zones_share_is_met_once(
    grid: Grid, germany: Zone, france: Zone, answer: tuple[int, Any], reason: Reason
):
    grid.refusals["history"] = answer

    outcome = refresh(grid, germany, france)

    assert {error.reason for error in outcome.failed_parts.values()} == {reason}
    assert set(outcome.failed_parts) == {"DE", "FR"}
    assert sum(grid.asked.values()) == 1
    assert not CarbonReading.objects.exists()


def test_an_upstream_that_is_down_is_not_waited_for_by_every_zone(grid: Grid):
    zones = [ZoneFactory.create(key=f"Z{n}", name=f"Zone {n}") for n in range(6)]
    grid.refusals["history"] = (503, {})

    outcome = refresh(grid, *zones)

    assert len(outcome.failed_parts) == 6
    assert sum(grid.asked.values()) == 3


def test_absurd_and_missing_values_are_counted_and_not_stored(grid: Grid, germany: Zone):
    grid.values |= {("DE", NOON): None, ("DE", NOON - HOUR): 5000, ("DE", NOON - 2 * HOUR): -1}

    outcome = refresh(grid, germany)

    assert CarbonReading.objects.count() == 21
    assert (outcome.refused_values, outcome.notes) == (2, ["1 hours have no value at the source."])


def test_an_hour_that_has_not_begun_is_no_reading(grid: Grid, germany: Zone, now: datetime):
    grid.now = now + 3 * HOUR

    outcome = refresh(grid, germany, at=now)

    assert CarbonReading.objects.latest("starts_at").starts_at == NOON
    assert outcome.refused_values == 3


def test_only_the_days_that_change_are_marked_and_only_for_those_who_use_the_zone(
    grid: Grid, germany: Zone, instance: Instance
):
    elsewhere = InstanceFactory.create(region="eu-west-3")
    refresh(grid, germany, days=20)
    TouchedDay.objects.all().delete()
    changed = datetime(2026, 3, 17, 23, tzinfo=UTC)
    grid.values["DE", changed] = 310

    refresh(grid, germany, days=20, at=grid.now + timedelta(minutes=61))

    # 23:00 may be carried on into the next day; a week later has not come yet
    assert touched() == {instance.aws_account_id: {date(2026, 3, 17), date(2026, 3, 18)}}
    assert elsewhere.aws_account_id not in touched()


def test_a_day_that_may_use_the_same_hour_of_last_week_is_marked_too(grid: Grid, germany: Zone, instance: Instance):
    refresh(grid, germany, days=20)
    CarbonReading.objects.filter(starts_at=datetime(2026, 3, 5, 10, tzinfo=UTC)).delete()
    TouchedDay.objects.all().delete()

    refresh(grid, germany, days=20, at=grid.now + timedelta(minutes=61))

    assert touched() == {instance.aws_account_id: {date(2026, 3, 5), date(2026, 3, 12)}}


def test_a_new_time_stamp_alone_is_stored_and_marks_no_day(grid: Grid, germany: Zone, instance: Instance):  # noqa: ARG001
    refresh(grid, germany)
    TouchedDay.objects.all().delete()
    grid.updated_at = "2026-03-18T12:00:00.000Z"

    outcome = refresh(grid, germany, at=grid.now + timedelta(minutes=61))

    assert outcome.rows_written == 24
    assert touched() == {}


def test_rows_of_a_teams_key_are_its_own(grid: Grid, germany: Zone, instance: Instance):
    owner: Team = instance.aws_account.team
    stranger = InstanceFactory.create(region="eu-central-1", aws_account__team=TeamFactory.create())
    refresh(grid, germany)
    TouchedDay.objects.all().delete()
    grid.values["DE", NOON] = 111

    refresh(grid, germany, licensee=owner)

    values = CarbonReading.objects.filter(starts_at=NOON).values_list("licensee", "gco2e_per_kwh")
    assert set(values) == {(None, 300.0), (owner.pk, 111.0)}
    assert set(touched()) == {instance.aws_account_id}
    assert stranger.aws_account_id not in touched()


def test_the_upstream_is_asked_before_and_never_inside_the_one_transaction(grid: Grid, germany: Zone, france: Zone):
    asked_before: list[int] = []

    @contextmanager
    def writing() -> Iterator[None]:
        asked_before.append(sum(grid.asked.values()))
        with transaction.atomic():
            yield

    refresh(grid, germany, france, writing=writing)

    assert asked_before == [sum(grid.asked.values())] == [2]


def test_a_run_that_lost_its_lease_writes_nothing(grid: Grid, germany: Zone, instance: Instance):  # noqa: ARG001
    class LeaseLostError(Exception):
        pass

    @contextmanager
    def writing() -> Iterator[None]:
        raise LeaseLostError
        yield

    with pytest.raises(LeaseLostError):
        refresh(grid, germany, writing=writing)

    assert not CarbonReading.objects.exists()
    assert touched() == {}


def test_progress_is_told_zone_by_zone(grid: Grid, germany: Zone, france: Zone):
    told: list[tuple[int, int, str]] = []

    refresh(grid, germany, france, progress=lambda *, done, total, part="": told.append((done, total, part)))

    assert told == [(1, 2, "DE"), (2, 2, "FR")]


def test_no_zones_is_no_work(grid: Grid):
    outcome = refresh(grid)

    assert (outcome.rows_read, outcome.parts, sum(grid.asked.values())) == (0, {}, 0)
