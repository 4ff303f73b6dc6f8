from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import responses
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry
from carbon.models import UpstreamKey
from carbon.services.grid_clients import clients_of
from carbon.services.upstream_keys import StoredToken, check_key, secret_of, set_key
from finops.core.upstream.errors import Reason, UpstreamRejected
from tests.factories import MembershipFactory, TeamFactory, UserFactory, ZoneFactory

pytestmark = pytest.mark.django_db

MAPS = "https://maps.example"
MARGINAL = "https://marginal.example"
SECRET = "a-long-secret-key-9876"


@pytest.fixture(autouse=True)
def production(settings: Any) -> None:
    settings.SANDBOX = False
    settings.ELECTRICITY_MAPS_KEY = ""
    settings.ELECTRICITY_MAPS_URL = MAPS
    settings.WATTTIME_URL = MARGINAL
    settings.NESO_URL = "https://neso.example"
    settings.ENERGY_CHARTS_URL = "https://charts.example"


def everything_in_the_table() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM carbon_upstreamkey")
        return str(cursor.fetchall())


def test_a_key_is_sealed_and_shows_its_last_four_characters():
    key = set_key(upstream="electricity_maps", team=None, secret=f" {SECRET}\n")

    assert SECRET not in everything_in_the_table()
    assert (key.last_four, secret_of(UpstreamKey.objects.get())) == ("9876", SECRET)


def test_a_key_moved_to_another_teams_row_does_not_open():
    set_key(upstream="electricity_maps", team=TeamFactory.create(), secret=SECRET)
    UpstreamKey.objects.update(team=TeamFactory.create())

    with pytest.raises(UpstreamRejected) as error:
        secret_of(UpstreamKey.objects.get())

    assert error.value.reason is Reason.BAD_CREDENTIALS


def test_what_a_key_may_ask_is_detected_and_kept(now: datetime):
    with responses.RequestsMock() as wire:
        wire.get(f"{MAPS}/v4/zones", json={"DE": {"zoneName": "Germany", "access": ["carbon-intensity/latest"]}})
        key = set_key(upstream="electricity_maps", team=None, secret=SECRET, now=now)

    assert (key.access, key.checked_at, key.last_error) == ({"DE": ["carbon-intensity/latest"]}, now, "")


def test_a_key_that_is_refused_keeps_the_words_and_one_that_was_not_heard_keeps_what_it_knew(now: datetime):
    key = set_key(upstream="electricity_maps", team=None, secret=SECRET)
    UpstreamKey.objects.update(access={"DE": []})
    key.refresh_from_db()

    with responses.RequestsMock() as wire:
        wire.get(f"{MAPS}/v4/zones", status=500)
        check_key(key, now=now)
    unheard = UpstreamKey.objects.get()
    with responses.RequestsMock() as wire:
        wire.get(f"{MAPS}/v4/zones", status=401, json={"error": "Invalid auth-token"})
        check_key(key, now=now)
    refused = UpstreamKey.objects.get()

    assert unheard.access == {"DE": []}
    assert "in trouble itself" in unheard.last_error
    assert refused.access == {}
    assert "does not know this key" in refused.last_error


def test_a_token_is_shared_sealed_and_runs_out(now: datetime):
    key = set_key(upstream="watttime", team=None, secret=SECRET, user_name="ann")

    StoredToken(key, now=now).keep("token-1234567890")

    assert "token-1234567890" not in everything_in_the_table()
    assert StoredToken(key, now=now + timedelta(minutes=24)).read() == "token-1234567890"
    assert StoredToken(key, now=now + timedelta(minutes=26)).read() is None


def test_a_teams_own_key_comes_before_the_shared_one_and_serves_that_team_only(now: datetime):
    team, other = TeamFactory.create(), TeamFactory.create()
    germany, britain = ZoneFactory.create(), ZoneFactory.create(key="GB")
    for owner in (team, None):
        set_key(upstream="electricity_maps", team=owner, secret=SECRET)
    UpstreamKey.objects.update(checked_at=now, access={"DE": ["carbon-intensity/latest"]})

    def sources(of: Any, zone: Any, signal: str = "average") -> list[tuple[str, Any]]:
        return [(each.source.name, each.licensee) for each in clients_of(of, now=now).for_zone(zone, signal)]

    assert sources(team, germany) == [("electricity_maps", team), ("electricity_maps", None), ("energy_charts", None)]
    assert sources(other, germany) == [("electricity_maps", None), ("energy_charts", None)]
    # What a key may not ask is not asked for.
    assert sources(team, britain) == [("neso", None)]
    assert sources(team, germany, "marginal") == []


def test_marginal_sources_answer_for_the_marginal_signal_only(now: datetime):
    set_key(upstream="watttime", team=None, secret=SECRET, user_name="ann")
    UpstreamKey.objects.update(checked_at=now)

    clients = clients_of(None, now=now)

    assert [each.source.name for each in clients.for_zone(ZoneFactory.create(), "marginal")] == ["watttime"]
    assert "watttime" not in [each.source.name for each in clients.for_zone(ZoneFactory.create(), "average")]


def test_the_admin_takes_a_key_once_and_never_shows_it(client: Client):
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    team = TeamFactory.create()
    form = {"upstream": "watttime", "team": team.pk, "user_name": "ann", "new_secret": SECRET}

    added = client.post("/admin/carbon/upstreamkey/add/", form)
    key = UpstreamKey.objects.get()
    page = client.get(f"/admin/carbon/upstreamkey/{key.pk}/change/").content.decode()
    unchanged = client.post(f"/admin/carbon/upstreamkey/{key.pk}/change/", {"user_name": "bob", "new_secret": ""})

    assert (added.status_code, unchanged.status_code) == (302, 302)
    assert secret_of(UpstreamKey.objects.get()) == SECRET
    assert SECRET not in page
    assert "…9876" in page
    for entry in AuditEntry.objects.all():
        assert SECRET not in str(entry.before) + str(entry.after)
        assert "v1:" not in str(entry.before) + str(entry.after)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"new_secret": ""}, "Give the key"),
        ({"new_secret": "schlüssel"}, "plain printable characters"),
        ({"user_name": ""}, "wants the name of a user"),
    ],
)
def test_a_key_that_cannot_work_is_refused_with_what_to_do(client: Client, changes: dict[str, str], says: str):
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    form = {"upstream": "watttime", "team": "", "user_name": "ann", "new_secret": SECRET} | changes

    answer = client.post("/admin/carbon/upstreamkey/add/", form)

    assert says in answer.content.decode()
    assert not UpstreamKey.objects.exists()


def test_keys_are_known_to_their_team_only():
    team = TeamFactory.create()
    alice, charlie = MembershipFactory.create(team=team).user, UserFactory.create()
    set_key(upstream="watttime", team=team, secret=SECRET, user_name="ann")
    set_key(upstream="watttime", team=None, secret=SECRET, user_name="ann")

    assert [key.team for key in UpstreamKey.objects.visible_to(alice)] == [team]
    assert not UpstreamKey.objects.visible_to(charlie).exists()
