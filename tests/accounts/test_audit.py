"""The audit log: written once, never changed, told to owners only."""

import csv

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory

from accounts.models import AuditEntry, Door, Team
from accounts.services.audit import Actor, record
from finops.core.append_only import allow_changes, forbid_changes
from tests.conftest import NOW
from tests.factories import AwsAccountFactory, CloudRegionFactory, MembershipFactory, TeamFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]


def an_entry(team, *, actor="alice@example.com", action="team.changed", at=NOW, **values):
    return record(actor=Actor(Door.PAGE, actor), action=action, target=team, team=team, now=at, **values)


@pytest.fixture
def _guarded():
    """The triggers as an installation has them; tests of several transactions work without those of SQLite."""
    if connection.vendor == "sqlite":
        with connection.schema_editor(atomic=False) as editor:
            forbid_changes(editor, AuditEntry)
    yield
    if connection.vendor == "sqlite":
        with connection.schema_editor(atomic=False) as editor:
            allow_changes(editor, AuditEntry)


@pytest.fixture
def in_the_open(monkeypatch):
    """SQLite's schema editor wants foreign keys unchecked, which a test's transaction cannot switch."""
    monkeypatch.setattr(connection, "disable_constraint_checking", lambda: True)


@pytest.mark.usefixtures("in_the_open")
@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_refuses_to_change_or_remove_an_entry(team, change, request):
    request.getfixturevalue("_guarded")
    an_entry(team)
    entries = AuditEntry.objects.all()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        entries.update(actor_name="nobody") if change == "update" else entries.delete()

    assert AuditEntry.objects.get().actor_name == "alice@example.com"


def test_people_and_teams_may_go_and_their_entries_stay(team, alice):
    record(actor=Actor("page", alice.email, alice), action="team.changed", target=team, team=team, now=NOW)
    name = team.name

    alice.delete(), Team.objects.all().delete()

    entry = AuditEntry.objects.get()
    assert (entry.team_name, entry.actor_name) == (name, "alice@example.com")


def test_an_entry_holds_what_differs_and_no_secret(team):
    entry = an_entry(
        team,
        before={"name": "a", "external_id": "", "slug": "same"},
        after={"name": "b", "external_id": "9f1c", "slug": "same", "api_token": "cfo_1"},
    )

    assert entry.before == {"name": "a", "external_id": ""}
    assert entry.after == {"name": "b", "external_id": "changed", "api_token": "changed"}


@pytest.mark.parametrize(
    ("behind_proxy", "headers", "address"),
    [
        (False, {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}, "203.0.113.9"),
        # The caller may write whatever into the header; our own proxy adds at its end what it saw itself.
        (True, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.2.3.4, 198.51.100.1"}, "198.51.100.1"),
        (True, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "<script>"}, None),
        (False, {"REMOTE_ADDR": ""}, None),
    ],
)
def test_the_address_is_the_one_that_nobody_can_make_up(alice, settings, behind_proxy, headers, address):
    settings.BEHIND_PROXY = behind_proxy
    request = RequestFactory().get("/", **headers)
    request.user = alice

    assert Actor.of_request(request, Door.API).ip_address == address


def test_an_owner_reads_the_entries_of_her_teams_latest_first_and_filters_them(alice_client, team, charlie):
    an_entry(team, action="team.changed", at=NOW.replace(day=1))
    an_entry(team, action="member.added", actor="omar@example.com")
    an_entry(charlie.memberships.get().team, actor="charlie@example.com")

    page = alice_client.get("/settings/audit/")
    some = alice_client.get("/settings/audit/?action=member&since=2026-03-10")

    assert [entry.action for entry, _ in page.context["entries"]] == ["member.added", "team.changed"]
    assert [entry.action for entry, _ in some.context["entries"]] == ["member.added"]
    assert "charlie@example.com" not in page.content.decode()


@pytest.mark.parametrize(
    "query", ["since=2026-02-30", "until=9999-12-31", "since=2026-03-02&until=2026-03-01", "door=window", "page=0"]
)
def test_wrong_parameters_are_named(alice_client, query):
    for address in ("/settings/audit/", "/api/v1/audit"):
        answer = alice_client.get(f"{address}?{query}")

        assert answer.status_code == 400
        assert query.split("=")[0] in answer.content.decode() or "until" in answer.content.decode()


def test_members_who_are_no_owners_do_not_read_it(client, team):
    operator = UserFactory.create()
    MembershipFactory.create(team=team, user=operator, role="operator")
    an_entry(team, actor="CANARY")
    client.force_login(operator)

    assert client.get("/settings/audit/").status_code == 403
    assert client.get(f"/api/v1/audit?team={team.slug}").status_code == 403
    assert client.get("/api/v1/audit").json()["count"] == 0


def test_a_spreadsheet_computes_nothing_of_the_csv(alice_client, team):
    an_entry(team, actor='=HYPERLINK("https://evil.example")')

    answer = alice_client.get("/api/v1/audit?format=csv")

    [row] = csv.DictReader(b"".join(answer).decode().splitlines())
    assert row["actor"] == '\'=HYPERLINK("https://evil.example")'


def test_a_page_of_many_entries_costs_no_more_queries(alice_client, team, django_assert_max_num_queries):
    for _ in range(60):
        an_entry(team)

    with django_assert_max_num_queries(11):
        page = alice_client.get("/settings/audit/")

    assert len(page.context["entries"]) == 50
    later = alice_client.get(f"/settings/audit/?cursor={page.context['page'].next_cursor}")
    assert len(later.context["entries"]) == 10


def test_what_the_platform_admin_does_is_written_down(client, team):
    admin, jane = UserFactory.create(is_staff=True, is_superuser=True), UserFactory.create(email="jane@example.com")
    client.force_login(admin)
    form = {
        "name": "Renamed", "slug": team.slug, "time_zone": "UTC",
        "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0, "memberships-0-team": team.pk,
        "memberships-0-user": jane.pk, "memberships-0-role": "owner",
        "functional_units-TOTAL_FORMS": 0, "functional_units-INITIAL_FORMS": 0,
    }  # fmt: skip

    answer = client.post(f"/admin/accounts/team/{team.pk}/change/", form)

    assert answer.status_code == 302
    told = {entry.action: entry for entry in AuditEntry.objects.all()}
    assert told["team.changed"].after == {"name": "Renamed"}
    assert told["membership.added"].after["role"] == "owner"
    assert {entry.actor_name for entry in told.values()} == {admin.email}
    assert {entry.door for entry in told.values()} == {"admin"}
    assert all(entry.request_id for entry in told.values())


def test_a_new_password_is_written_down_without_being_told(client):
    admin, jane = UserFactory.create(is_staff=True, is_superuser=True), UserFactory.create()
    client.force_login(admin)
    given = {"usable_password": "true", "password1": "a-long-new-secret-9", "password2": "a-long-new-secret-9"}

    client.post(f"/admin/accounts/user/{jane.pk}/password/", given)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_name) == ("user.password_changed", jane.email)
    assert "secret" not in f"{entry.before}{entry.after}"


def test_the_admin_neither_changes_the_log_nor_deletes_accounts(client, team):
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    entry, account = an_entry(team), AwsAccountFactory.create(team=team)

    assert client.get("/admin/accounts/auditentry/").status_code == 200
    assert client.get("/admin/accounts/auditentry/add/").status_code == 403
    assert client.post(f"/admin/accounts/auditentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/accounts/awsaccount/{account.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/accounts/team/{team.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "as_csv", "_selected_action": [entry.pk]}
    assert b"alice@example.com" in b"".join(client.post("/admin/accounts/auditentry/", chosen))
    assert TeamFactory._meta.model.objects.filter(pk=team.pk).exists()


def test_rates_and_regions_of_the_platform_admin_are_written_down(client):
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    rate = {"currency": "eur", "day": "2026-03-01", "per_usd": "0.92", "source": "ECB"}
    region = CloudRegionFactory.create()
    kept = ["provider", "region", "name", "city", "country", "latitude", "longitude", "pue_source", "source"]
    form = {name: getattr(region, name) for name in kept} | {"zone": region.zone_id, "pue": "1.5"}

    client.post("/admin/costing/exchangerate/add/", rate)
    client.post(f"/admin/carbon/cloudregion/{region.pk}/change/", form)
    client.post("/admin/costing/exchangerate/", {"action": "delete_selected", "_selected_action": 1, "post": "yes"})
    client.post(f"/admin/carbon/cloudregion/{region.pk}/delete/", {"post": "yes"})

    told = list(AuditEntry.objects.order_by("pk"))
    assert [entry.action for entry in told][:2] == ["rate.added", "region.changed"]
    assert (told[0].after["currency"], told[1].after["pue"]) == ("EUR", 1.5)
    assert told[-1].action == "region.deleted"
