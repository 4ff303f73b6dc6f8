import socket
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Heartbeat, Part
from accounts.services.heartbeat import note_alive
from finops.celery import app
from finops.tasks import tick

NOW = timezone.now()

pytestmark = pytest.mark.django_db


def test_a_process_has_one_heartbeat_however_often_it_beats():
    note_alive(part=Part.WORKER, name="celery@one", now=NOW)
    note_alive(part=Part.WORKER, name="celery@one", now=NOW + timedelta(seconds=20))

    assert [beat.seen_at for beat in Heartbeat.objects.all()] == [NOW + timedelta(seconds=20)]


def test_a_new_process_forgets_those_of_its_kind_that_are_long_gone():
    note_alive(part=Part.WORKER, name="celery@gone", now=NOW - timedelta(days=2))
    note_alive(part=Part.BEAT, name="beat@gone", now=NOW - timedelta(days=2))

    note_alive(part=Part.WORKER, name="celery@new", now=NOW)

    assert set(Heartbeat.objects.values_list("name", flat=True)) == {"celery@new", "beat@gone"}


def test_the_clocks_minute_leaves_its_trace():
    tick()

    assert Heartbeat.objects.get().part == Part.TICK
    assert app.conf.beat_schedule["tick"]["options"]["queue"] == "interactive"


def test_the_health_check_of_a_worker_is_content_with_its_own_heartbeat(capsys):
    note_alive(part=Part.WORKER, name=f"celery@{socket.gethostname()}", now=timezone.now())

    call_command("heartbeat", "worker")

    assert "lives" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("part", "name", "age"),
    [
        (Part.WORKER, "celery@elsewhere", timedelta()),
        (Part.WORKER, f"celery@{socket.gethostname()}", timedelta(minutes=2)),
        (Part.BEAT, f"beat@{socket.gethostname()}", timedelta()),
    ],
)
def test_the_health_check_of_a_worker_fails_without_a_fresh_heartbeat_of_its_own(part, name, age):
    note_alive(part=part, name=name, now=timezone.now() - age)

    with pytest.raises(CommandError, match=r"No worker of .* was heard of in the last 90 s"):
        call_command("heartbeat", "worker")
