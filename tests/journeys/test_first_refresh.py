"""One refresh of four accounts over HTTP: what every team then sees, and what one that failed does not spoil."""

import pytest
from django.urls import reverse

from accounts.models import AwsAccount, RefreshRun, SourceState, SourceStatus, SsoSession, TouchedDay
from carbon.models import CarbonForecast, CarbonReading, ForecastBackTest
from costing.models import BilledCost, CostSnapshot, DailyTotal
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP
from tests.journeys.conftest import NOW

ESTATE_SOURCES = {"aws_rds", "aws_s3", "aws_lambda", "aws_ebs", "aws_eip", "aws_metrics"}
AWS_SOURCES = {"aws_ec2", "aws_cloudtrail", "aws_cloudwatch", "aws_pricing", "aws_cost_explorer"} | ESTATE_SOURCES
SOURCES = AWS_SOURCES | {"ledger", "findings"}
LOADED = [PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH]


def states(account):
    rows = SourceStatus.objects.filter(aws_account__account_id=account.account_id)
    return {row.source: row.state for row in rows}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("account", LOADED, ids=lambda account: account.profile_name)
def test_an_account_has_cost_energy_and_carbon_after_one_refresh(account):
    days = DailyTotal.objects.filter(aws_account__account_id=account.account_id, day__lt=NOW.date())

    assert days.values("day").distinct().count() == 35
    for day in days.filter(cost_grade__lt="D", carbon_grade__lt="D", running_hours__gt=0):
        assert min(day.list_cost_usd, day.energy_kwh, day.operational_gco2e, day.embodied_gco2e) > 0, day


@pytest.mark.parametrize(
    ("person", "accounts"),
    [("ana@platform.example", 2), ("ravi@research.example", 1), ("viktor@finance.example", 4)],
)
def test_a_member_sees_figures_on_the_overview_and_in_the_api(world, person, accounts):
    client = world.client(person)

    page = client.get(reverse("overview"), {"days": "30"})
    answer = client.get(reverse("api-overview"), {"days": "30"}).json()

    figures = {name: answer["figures"][name]["value"] for name in ("list_cost", "energy", "operational", "embodied")}
    assert all(float(value) > 0 for value in figures.values()), figures
    assert (len(answer["accounts"]), answer["days_with_ledger"], answer["days_asked"]) == (accounts, 30, 30)
    for name in figures:
        assert f'data-figure="{name}"' in page.content.decode()


def test_an_ended_sign_in_is_told_with_its_command_and_spoils_nothing_else(world):
    of_shop = SourceStatus.objects.filter(aws_account__account_id=SHOP.account_id)

    asked = of_shop.filter(source__in=AWS_SOURCES)
    assert {row.state for row in asked} == {SourceState.LOGIN_NEEDED}
    assert asked.count() == len(AWS_SOURCES)
    page = reverse("sso-session", args=[SsoSession.objects.get().pk])
    assert all(row.fix == f"Sign in to AWS at {page}" for row in asked), asked
    assert world.said == "2 of 4 accounts had steps that failed; their lines say why."
    for account in (PLATFORM_PAYER, PLATFORM_WORKLOADS):
        assert states(account) == dict.fromkeys(SOURCES, SourceState.AVAILABLE)
    assert not CostSnapshot.objects.filter(aws_account__account_id=SHOP.account_id).exists()


def test_the_command_says_in_full_what_mends_a_step_however_narrow_the_terminal(own_world, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")

    own_world.refresh("--account", SHOP.account_id, "--step", "inventory")

    (line,) = [line for line in capsys.readouterr().err.splitlines() if "inventory (failed):" in line]
    status = SourceStatus.objects.get(aws_account__account_id=SHOP.account_id, source="aws_ec2")
    assert line.endswith(status.fix)
    assert len(line) > 80
    assert "Sign in to AWS at /accounts/sign-ins/" in line


def test_the_page_of_an_account_that_needs_a_sign_in_says_so_and_shows_no_zero(world):
    client = world.client("sofia@shop.example")

    page = client.get(reverse("overview")).content.decode()
    answer = client.get(reverse("api-overview")).json()

    assert f'href="{reverse("sso-session", args=[SsoSession.objects.get().pk])}">Sign in to AWS</a>' in page
    assert answer["emptiness"] == "login_needed"
    assert answer["figures"]["list_cost"]["value"] is None


def test_a_denied_action_is_named_and_the_rest_of_its_account_is_loaded(world):
    trail = SourceStatus.objects.get(aws_account__account_id=RESEARCH.account_id, source="aws_cloudtrail")

    assert trail.state == SourceState.DENIED
    assert "cloudtrail:LookupEvents" in trail.last_error
    assert trail.last_success_at is None
    others = {source: state for source, state in states(RESEARCH).items() if source != "aws_cloudtrail"}
    assert others == dict.fromkeys(SOURCES - {"aws_cloudtrail"}, SourceState.AVAILABLE)
    assert CostSnapshot.objects.filter(aws_account__account_id=RESEARCH.account_id).exists()
    health = world.client("ravi@research.example").get(reverse("health")).content.decode()
    assert "cloudtrail:LookupEvents" in health


@pytest.mark.usefixtures("world")
def test_the_shared_upstreams_answered_but_for_the_zone_that_the_key_does_not_include():
    shared = {row.source: row for row in SourceStatus.objects.filter(aws_account=None)}

    assert {source: row.state for source, row in shared.items()} == {
        "electricity_maps": SourceState.DEGRADED,
        "grid_forecasts": SourceState.AVAILABLE,
        "boavizta": SourceState.AVAILABLE,
    }
    zones = shared["electricity_maps"].detail
    assert {zone for zone, told in zones.items() if told["state"] != SourceState.AVAILABLE} == {"BR-CS"}
    assert shared["electricity_maps"].last_error.startswith(f"1 of {len(zones)} parts: The plan of this")


@pytest.mark.usefixtures("world")
def test_every_zone_whose_hours_are_known_has_a_forecast_and_says_who_made_it():
    zones = set(CarbonReading.objects.values_list("zone", flat=True))

    assert set(CarbonForecast.objects.filter(is_latest=True).values_list("zone", "source")) == {
        (zone, "simulated") for zone in zones
    }
    assert set(ForecastBackTest.objects.values_list("zone", flat=True)) == zones


@pytest.mark.usefixtures("world")
def test_every_run_ended_and_only_today_waits_to_be_derived_again():
    assert set(RefreshRun.objects.values_list("state", "error_code")) == {("done", "")}
    assert set(TouchedDay.objects.values_list("day", flat=True)) == {NOW.date()}


def test_the_payers_bill_answers_for_its_member(world):
    payer = AwsAccount.objects.get(account_id=PLATFORM_PAYER.account_id)
    member = AwsAccount.objects.get(account_id=PLATFORM_WORKLOADS.account_id)
    log = world.sandbox.log

    assert member.payer == payer
    assert log.count("GetCostAndUsage", account_id=PLATFORM_PAYER.account_id) > 0
    assert log.count("GetCostAndUsage", account_id=PLATFORM_WORKLOADS.account_id) == 0
    bills = world.sandbox.aws.cost_explorer.bills
    for account in (payer, member):
        rows = BilledCost.objects.filter(aws_account=account)
        days = sorted(set(rows.values_list("day", flat=True)))
        truth = sum(
            line.unblended_usd
            for day in days
            for line in bills.lines(PLATFORM_PAYER.account_id, day, at=NOW)
            if line.account_id == account.account_id
        )
        assert len(days) >= 35
        assert float(sum(row.unblended_cost for row in rows)) == pytest.approx(float(truth), abs=0.001)


@pytest.mark.parametrize("name", ["overview", "instances", "health"])
def test_charlie_sees_nothing_of_it_on_the_pages(world, name):
    page = world.client("charlie@example.com").get(reverse(name)).content.decode()

    for secret in (PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP):
        assert secret.account_id not in page
        assert secret.name not in page
    for machine in world.scenario.all_machines:
        assert machine.instance_id not in page


@pytest.mark.parametrize(
    "name",
    ["api-overview", "api-totals", "api-instances", "api-snapshots", "api-accounts", "api-runs", "api-health"],
)
def test_charlie_gets_nothing_of_it_from_the_api(world, name):
    answer = world.client("charlie@example.com").get(reverse(name), {})

    assert answer.status_code == 200, answer.content
    body = answer.content.decode()
    for secret in (PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP):
        assert secret.account_id not in body
        assert secret.name not in body
    assert not any(machine.instance_id in body for machine in world.scenario.all_machines)


def test_charlie_finds_no_single_row_either(world):
    client = world.client("charlie@example.com")
    snapshot = CostSnapshot.objects.order_by("instance_id", "day").first()
    run = RefreshRun.objects.first()
    account = AwsAccount.objects.first()

    answers = [
        client.get(reverse("instance", args=[snapshot.instance_id])),
        client.get(reverse("api-instance", args=[snapshot.instance_id])),
        client.get(reverse("api-instance-hours", args=[snapshot.instance_id])),
        client.get(reverse("api-run", args=[run.pk])),
        client.post(reverse("api-account-refresh", args=[account.pk])),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
