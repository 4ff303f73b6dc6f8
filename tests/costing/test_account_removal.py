"""Removing an account: said before, gone at once from every page, wiped in bounded statements."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, AwsAccount, Instance, InstanceEvent, RefreshRun, Team
from accounts.selectors.known_sources import KNOWN_SOURCES
from accounts.services import removal
from accounts.services.audit import Actor
from accounts.services.removal import continue_removals, request_removal, wipe
from accounts.services.runs import LeaseLost, claim_run, request_run
from carbon.models import CarbonReading
from costing.models import BilledCost, CostSnapshot, DailyTotal, Price
from tests.conftest import NOW
from tests.factories import (
    AwsAccountFactory,
    BilledCostFactory,
    CarbonReadingFactory,
    CostSnapshotFactory,
    DailyTotalFactory,
    InstanceEventFactory,
    InstanceFactory,
    MembershipFactory,
    PriceFactory,
    SourceStatusFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

ACTOR = Actor("page", "alice@example.com")


def fill(account, *, instances=3):
    for _ in range(instances):
        instance = InstanceFactory.create(aws_account=account)
        InstanceEventFactory.create(aws_account=account, instance_id=instance.instance_id)
        for day in (9, 10):
            CostSnapshotFactory.create(instance=instance, day=date(2026, 3, day))
    for day in (9, 10):
        DailyTotalFactory.create(aws_account=account, day=date(2026, 3, day), instance_count=instances)
        BilledCostFactory.create(aws_account=account, day=date(2026, 3, day))
    SourceStatusFactory.create(aws_account=account)
    return account


@pytest.fixture
def account(team):
    return fill(AwsAccountFactory.create(team=team, name="shop", account_id="123456789012"))


def removed(account):
    request_removal(account=account, actor=ACTOR, now=NOW)
    return account


def rows_that_point_at(account):
    counts = {}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model in (AwsAccount, Instance):
                name = field.name if field.related_model is AwsAccount else f"{field.name}__aws_account"
                counts[f"{model._meta.label}.{field.name}"] = model._base_manager.filter(**{name: account}).count()
    return {name: count for name, count in counts.items() if count}


def test_the_page_says_what_is_wiped_and_what_is_kept(alice_client, account):
    page = alice_client.get(f"/accounts/{account.pk}/remove/")

    wiped = page.context["wiped"]
    assert (wiped.instances, wiped.events, wiped.ledger_days, wiped.instance_days) == (3, 3, 2, 6)
    assert (wiped.billed_days, wiped.billed_rows) == (2, 2)
    assert "the audit log" in page.content.decode()
    assert AwsAccount.objects.exists()


@pytest.mark.parametrize("typed", ["", "123456789013", "shop"])
def test_nothing_goes_before_its_id_is_typed(alice_client, account, typed):
    answer = alice_client.post(f"/accounts/{account.pk}/remove/", {"confirmation": typed})

    assert answer.status_code == 200
    account.refresh_from_db()
    assert account.removal_requested_at is None


def test_an_account_goes_with_all_that_hangs_on_it_and_nothing_else(alice_client, account, team):
    other = fill(AwsAccountFactory.create(team=team, payer=account))
    PriceFactory.create(), CarbonReadingFactory.create()
    before = rows_that_point_at(other)

    answer = alice_client.post(f"/accounts/{account.pk}/remove/", {"confirmation": account.account_id})

    assert (answer.status_code, answer["Location"]) == (302, "/accounts/")
    assert not AwsAccount.objects.filter(pk=account.pk).exists()
    assert rows_that_point_at(account.pk) == {}
    other.refresh_from_db()
    assert rows_that_point_at(other) == before
    assert other.payer is None
    assert Price.objects.exists()
    assert CarbonReading.objects.exists()
    assert (CostSnapshot.objects.count(), DailyTotal.objects.count(), BilledCost.objects.count()) == (6, 2, 2)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_name, entry.team) == ("account.removed", "shop (123456789012)", team)


def test_nobody_sees_it_from_the_request_on(alice_client, account):
    removed(account)

    assert alice_client.get(f"/accounts/{account.pk}/").status_code == 404
    assert alice_client.get("/api/v1/accounts").json()["count"] == 0
    assert "123456789012" not in alice_client.get("/").content.decode()
    assert "1 removed account is still being wiped" in alice_client.get("/accounts/").content.decode()


def test_a_wipe_stops_after_its_statements_and_goes_on_with_the_next_tick(account, monkeypatch):
    monkeypatch.setattr(removal, "_INSTANCES_A_STATEMENT", 1)
    removed(account)

    is_gone = wipe(account=account, statements=2)

    assert (is_gone, Instance.objects.count(), InstanceEvent.objects.count()) == (False, 1, 3)
    assert continue_removals() == 1
    assert rows_that_point_at(account.pk) == {}
    assert continue_removals() == 0


def test_no_statement_grows_with_the_account(account, monkeypatch):
    monkeypatch.setattr(removal, "_ROWS_A_STATEMENT", 2)
    removed(account)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        wipe(account=account, statements=1000)

    deletes = [query["sql"] for query in queries if 'DELETE FROM "accounts_instanceevent"' in query["sql"]]
    by_key = [sql for sql in deletes if '"id" IN' in sql or '"id" = ' in sql]
    assert len(by_key) == 2  # three events, two at a time; what goes with the account itself finds none left


def test_what_nobody_asked_to_remove_is_not_wiped(account):
    with pytest.raises(ValueError, match="not requested"):
        wipe(account=account, statements=9)

    assert request_removal(account=account, actor=ACTOR, now=NOW) is True
    assert request_removal(account=account, actor=ACTOR, now=NOW) is False
    assert AuditEntry.objects.count() == 1


def test_a_worker_in_the_middle_of_it_writes_nothing_more(account):
    run = request_run(account=account, now=NOW, announce=False)
    claim = claim_run(run_id=run.pk, now=NOW)

    removed(account)

    with pytest.raises(LeaseLost), claim.writing():
        pass
    assert RefreshRun.objects.get().error_code == "account_removed"
    assert claim_run(run_id=run.pk, now=NOW + timedelta(days=1)) is None


def test_it_can_be_registered_again_only_when_all_of_it_is_gone(alice_client, account, team):
    removed(account)
    body = {"team": team.slug, "access_kind": "host_profile", "account_id": account.account_id, "name": "x",
            "profile_name": "p"}  # fmt: skip

    answer = alice_client.post("/api/v1/accounts", body, content_type="application/json")

    assert "still being removed" in answer.json()["errors"][0]["message"]


def test_the_page_of_an_account_costs_the_same_with_many_sources(alice_client, team, django_assert_max_num_queries):
    for number in range(12):
        account = AwsAccountFactory.create(team=team)
        SourceStatusFactory.create(aws_account=account, source=f"source_{number}", state="denied", last_error="No.")

    with django_assert_max_num_queries(12):
        assert len(alice_client.get("/accounts/").context["states"]) == 12
    with django_assert_max_num_queries(14):
        assert alice_client.get(f"/accounts/{account.pk}/").status_code == 200


ALL = sum(not source.is_shared for source in KNOWN_SOURCES.values())


@pytest.mark.parametrize(
    ("statuses", "run", "state", "says"),
    [
        ([], None, "never", "not refreshed yet"),
        ([("aws_ec2", "available")], None, "available", "every source answers"),
        ([("aws_ec2", "login_needed"), ("aws_cloudtrail", "denied")], None, "login_needed", "sign-in to AWS needed"),
        (
            [("aws_ec2", "available"), ("aws_cloudtrail", "denied")],
            None,
            "denied",
            f"1 of {ALL} sources is in trouble",
        ),
        (
            [("aws_ec2", "denied"), ("aws_cloudtrail", "denied")],
            None,
            "denied",
            f"2 of {ALL} sources are in trouble",
        ),
        ([("aws_ec2", "denied")], "queued", "waiting", "waits for a worker"),
        ([("aws_ec2", "login_needed")], "running", "login_needed", "sign-in to AWS needed"),
    ],
)
def test_an_accounts_state_is_told_in_words(alice_client, statuses, run, state, says):
    account = AwsAccountFactory.create(team=Team.objects.get())
    for source, how in statuses:
        SourceStatusFactory.create(aws_account=account, source=source, state=how, last_error="No.", fix="aws sso login")
    if run:
        request_run(account=account, now=NOW, announce=False)
        RefreshRun.objects.update(state=run)

    page = alice_client.get("/accounts/")

    [told] = page.context["states"]
    assert (told.state, told.words) == (state, says)
    assert ("aws sso login" in page.content.decode()) == any(how != "available" for _, how in statuses)


def test_a_viewer_sees_the_account_without_what_she_may_not_do(client, team, account):
    user = UserFactory.create()
    MembershipFactory.create(team=team, user=user, role="viewer")
    AwsAccount.objects.update(access_kind="role", role_arn="arn:aws:iam::123456789012:role/x", external_id="CANARY-ID")
    client.force_login(user)

    page = client.get(f"/accounts/{account.pk}/").content.decode()

    assert "Refresh now" not in page
    assert "/remove/" not in page
    assert "CANARY-ID" not in page
