"""Signing in and out, data health, refreshes, and the probes of whoever watches the process."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from accounts.models import Part, RefreshRun, SourceStatus
from accounts.selectors.health import data_health
from accounts.selectors.known_sources import KNOWN_SOURCES
from accounts.selectors.scope import scope_of
from accounts.services.heartbeat import note_alive
from finops.pipeline import PIPELINE
from tests.conftest import NOW
from tests.factories import AwsAccountFactory, MembershipFactory, SourceStatusFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

PASSWORD = "correct horse battery"


@pytest.fixture
def account(team):
    return AwsAccountFactory.create(team=team, name="shop")


@pytest.fixture
def viewer(team):
    user = UserFactory.create(email="vera@example.com")
    MembershipFactory.create(team=team, user=user, role="viewer")
    return user


def a_run(account, **values):
    given = {
        "aws_account": account,
        "steps": ["inventory", "grid"],
        "period_start": NOW - timedelta(days=35),
        "period_end": NOW,
        "state": "running",
        "next_try_at": NOW,
        "created_at": NOW,
    }
    return RefreshRun.objects.create(**given | values)


# Signing in ----------------------------------------------------------------------------------------------------


def test_people_sign_in_with_their_e_mail_address_in_any_case(client):
    UserFactory.create(email="jane@example.com")

    answer = client.post("/sign-in/", {"username": "Jane@Example.com", "password": PASSWORD, "next": "/instances/"})

    assert (answer.status_code, answer["Location"]) == (302, "/instances/")


def test_a_sign_in_leads_nowhere_else(client):
    UserFactory.create(email="jane@example.com")

    answer = client.post(
        "/sign-in/", {"username": "jane@example.com", "password": PASSWORD, "next": "https://evil.example/"}
    )

    assert answer["Location"] == "/"


@pytest.mark.parametrize("password", ["wrong", "", "x" * 5000])
def test_a_wrong_password_is_told_without_saying_which_was_wrong(client, password):
    UserFactory.create(email="jane@example.com")

    known = client.post("/sign-in/", {"username": "jane@example.com", "password": password})
    unknown = client.post("/sign-in/", {"username": "nobody@example.com", "password": password})

    assert (known.status_code, unknown.status_code) == (200, 200)
    said = [error for answer in (known, unknown) for error in answer.context["form"].non_field_errors()]
    assert len(set(said)) <= 1


def test_signing_out_wants_a_post(alice_client):
    assert alice_client.get("/sign-out/").status_code == 405
    assert alice_client.post("/sign-out/")["Location"] == "/sign-in/"
    assert alice_client.get("/").status_code == 302


def test_the_admin_turns_away_who_is_no_platform_admin(alice_client):
    assert alice_client.get("/admin/", follow=True).status_code == 403


def test_a_platform_admin_reaches_every_list(client, account):
    SourceStatusFactory.create(aws_account=account)
    a_run(account)
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))

    pages = [
        "",
        "accounts/user/",
        "accounts/user/add/",
        "accounts/team/",
        f"accounts/team/{account.team_id}/change/",
        "accounts/awsaccount/",
        f"accounts/awsaccount/{account.pk}/change/",
        "accounts/sourcestatus/",
        "accounts/refreshrun/",
    ]

    assert [client.get(f"/admin/{page}").status_code for page in pages] == [200] * len(pages)
    assert client.get("/admin/accounts/refreshrun/add/").status_code == 403


# Data health --------------------------------------------------------------------------------------------------


def test_every_source_of_the_pipeline_is_shown_with_its_cadence():
    asked = {step.source: (step.cadence, step.is_shared) for step in PIPELINE.values()}
    shown = {source.name: (source.cadence, source.is_shared) for source in KNOWN_SOURCES.values()}

    assert shown == asked


def test_health_shows_a_source_that_nobody_asked_yet(alice, account):
    health = data_health(scope_of(alice), now=NOW)

    of_account = health.accounts[1]
    assert of_account.account_id == account.pk
    assert {source.state for source in of_account.sources} == {"never"}
    assert len(of_account.sources) + len(health.accounts[0].sources) == len(KNOWN_SOURCES)


def test_calls_of_an_earlier_month_are_not_this_months(alice, account):
    SourceStatusFactory.create(
        aws_account=account, source="aws_cost_explorer", month=NOW.date().replace(day=1), calls=7, cost_usd="0.07"
    )
    SourceStatusFactory.create(
        aws_account=account, source="aws_cloudwatch", month="2026-02-01", calls=900, cost_usd="9.00"
    )

    health = data_health(scope_of(alice), now=NOW)

    assert (health.calls, health.cost_usd) == (7, Decimal("0.07"))


def test_the_page_says_state_age_error_fix_and_refused_values(alice_client, account):
    SourceStatusFactory.create(
        aws_account=account,
        state="login_needed",
        last_success_at=NOW - timedelta(hours=30),
        last_error="The sign-in of profile shop has expired.",
        fix="aws sso login --profile shop",
        refused_values=41,
        detail={"eu-west-3": {"state": "denied", "error": "Not allowed in this region."}},
    )

    page = alice_client.get("/data-health/").content.decode()

    for words in (
        "login needed",
        "30 h ago",
        "has expired",
        "aws sso login --profile shop",
        ">41<",
        "eu-west-3: Not allowed",
    ):
        assert words in page


def test_parts_of_a_shared_source_are_nobodys_business(alice_client, account):
    assert account
    SourceStatusFactory.create(aws_account=None, source="boavizta", detail={"x2iedn.32xlarge": {"error": "unknown"}})

    assert "x2iedn" not in alice_client.get("/data-health/").content.decode()


def test_health_asks_the_database_as_often_for_many_accounts(alice, team, django_assert_max_num_queries):
    counts = []
    for more in (3, 60):
        for _ in range(more):
            SourceStatusFactory.create(aws_account=AwsAccountFactory.create(team=team))
        with django_assert_max_num_queries(3) as queries:
            data_health(scope_of(alice), now=NOW)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_stranger_sees_the_installation_and_no_account(client, charlie, account):
    SourceStatusFactory.create(aws_account=account, last_error="Secret of Alice's")
    client.force_login(charlie)

    page = client.get("/data-health/").content.decode()

    assert "Installation" in page
    assert "shop" not in page
    assert "Secret" not in page


def test_everything_fresh_is_not_said_before_anything_answered(alice_client, account):
    assert account
    assert "No source has answered yet" in alice_client.get("/").content.decode()

    SourceStatus.objects.create(aws_account=account, source="aws_ec2", state="available", last_success_at=NOW)

    assert f"{len(KNOWN_SOURCES) - 1} sources not fetched yet" in alice_client.get("/").content.decode()

    for source in KNOWN_SOURCES.values():
        if source.name != "aws_ec2":
            owner = None if source.is_shared else account
            SourceStatus.objects.create(aws_account=owner, source=source.name, state="available", last_success_at=NOW)

    assert "every source answers" in alice_client.get("/").content.decode()


# Refreshes ------------------------------------------------------------------------------------------------------


def test_an_owner_starts_a_refresh_and_a_second_click_joins_it(alice, alice_client, account):
    first = alice_client.post(f"/accounts/{account.pk}/refresh", {"next": "/data-health/"})
    second = alice_client.post(f"/accounts/{account.pk}/refresh")

    assert (first["Location"], second["Location"]) == ("/data-health/", "/")
    run = RefreshRun.objects.get()
    assert (run.state, run.requested_by) == ("queued", alice)


def test_the_way_back_stays_on_this_site(alice_client, account):
    answer = alice_client.post(f"/accounts/{account.pk}/refresh", {"next": "https://evil.example/"})

    assert answer["Location"] == "/"


def test_a_viewer_may_look_and_not_refresh(client, viewer, account):
    client.force_login(viewer)

    page = client.post(f"/accounts/{account.pk}/refresh")
    api = client.post(f"/api/v1/accounts/{account.pk}/refresh")

    assert (page.status_code, api.status_code) == (403, 403)
    assert "Only operators and owners" in page.content.decode()
    assert api["Content-Type"] == "application/problem+json"
    assert not RefreshRun.objects.exists()
    assert f'action="/accounts/{account.pk}/refresh"' not in client.get("/").content.decode()


def test_an_account_that_is_switched_off_is_not_refreshed(alice_client, account):
    account.is_active = False
    account.save()

    page = alice_client.post(f"/accounts/{account.pk}/refresh", follow=True)
    api = alice_client.post(f"/api/v1/accounts/{account.pk}/refresh")

    assert "is switched off" in page.content.decode()
    assert api.status_code == 403
    assert not RefreshRun.objects.exists()


def test_the_api_answers_with_the_run(alice_client, account):
    answer = alice_client.post(f"/api/v1/accounts/{account.pk}/refresh")

    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    assert alice_client.get(f"/api/v1/runs/{answer.json()['id']}").json() == answer.json()


def test_a_run_going_on_asks_for_itself_again(alice_client, account):
    run = a_run(
        account,
        progress={"inventory": {"state": "done", "rows": 213}, "grid": {"state": "running", "done": 1, "total": 3}},
    )

    part = alice_client.get(f"/runs/{run.pk}/", headers={"hx-request": "true"})

    page = part.content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert "<html" not in page
    assert "213 rows." in page
    assert '<progress max="3" value="1"' in page
    assert "HX-Refresh" not in part


def test_a_run_that_is_over_stops_asking_and_renews_the_page(alice_client, account):
    run = a_run(account, state="done", finished_at=NOW)

    part = alice_client.get(f"/runs/{run.pk}/", headers={"hx-request": "true"})

    assert part["HX-Refresh"] == "true"
    assert "hx-trigger" not in part.content.decode()


def test_a_run_has_a_page_of_its_own_without_javascript(alice_client, account):
    run = a_run(account, state="parked", attempts=5, error_message="The worker ended in mid-work several times.")

    page = alice_client.get(f"/runs/{run.pk}/").content.decode()

    assert "<html" in page
    assert "gave up after 5 attempts" in page
    assert "ended in mid-work" in page


def test_a_run_that_gave_up_is_an_open_item(alice_client, account):
    a_run(account, state="parked", attempts=5, error_message="Too often.")

    assert "gave up after 5 attempts" in alice_client.get("/").content.decode()


# Probes ---------------------------------------------------------------------------------------------------------


def test_a_live_process_answers_without_sign_in(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/health/live")

    assert answer.json() == {"status": "live"}


def test_a_ready_process_has_its_database_and_its_schema_and_others_that_keep_it_fresh(client):
    for part in Part:
        note_alive(part=part, name="one@here", now=timezone.now())

    answer = client.get("/health/ready")

    checks = dict.fromkeys(("database", "migrations", "worker", "beat", "tick"), "ok")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "checks": checks})


def test_pages_go_on_without_workers_and_readiness_says_what_is_missing(client):
    note_alive(part=Part.BEAT, name="beat@here", now=timezone.now())
    note_alive(part=Part.WORKER, name="celery@here", now=timezone.now() - timedelta(minutes=2))

    answer = client.get("/health/ready")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["worker"].startswith("Worker was last heard of at 20")
    assert answer.json()["checks"]["beat"] == "ok"
    assert answer.json()["checks"]["tick"].startswith("Not known while")


def test_a_clock_that_no_worker_hears_is_told_though_both_live(client):
    for part in (Part.WORKER, Part.BEAT):
        note_alive(part=part, name="one@here", now=timezone.now())

    checks = client.get("/health/ready").json()["checks"]

    assert checks["tick"].startswith("Tick was never heard of. All workers are busy")


def test_a_process_whose_schema_is_behind_is_not_ready(client):
    MigrationRecorder(connection).migration_qs.filter(app="costing").delete()

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert "manage.py migrate" in answer.json()["checks"]["migrations"]


# Headers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/instances/", "/data-health/", "/sign-in/", "/api/v1/overview", "/admin/", "/nope"]
)
def test_every_answer_forbids_foreign_and_inline_code(alice_client, path):
    answer = alice_client.get(path)

    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"


def test_a_broken_page_tells_nothing_of_its_inside(rf):
    from finops.core.problems import server_error  # noqa: PLC0415 (here only)

    page = server_error(rf.get("/instances/"))
    api = server_error(rf.get("/api/v1/instances"))

    assert (page.status_code, api.status_code) == (500, 500)
    assert "Something of ours broke" in page.content.decode()
    assert api["Content-Type"] == "application/problem+json"
