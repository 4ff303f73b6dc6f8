from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from accounts.models import TouchedDay
from costing.models import BilledCost
from costing.selectors.complete_days import is_complete, last_complete_day
from costing.services.bills import refresh_bills
from finops.core.periods import Period
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected
from tests.costing.cost_explorer import CostExplorer, answer, day
from tests.costing.local_aws import refusal
from tests.factories import NOW, AwsAccountFactory, BilledCostFactory, SourceStatusFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("explorer")]
EC2 = "Amazon Elastic Compute Cloud - Compute"
PAYER, MEMBER, STRANGER, UNTOLD = "111111111111", "222222222222", "333333333333", "444444444444"
DAYS = Period.of_days(date(2026, 3, 9), date(2026, 3, 11))


@pytest.fixture
def account(team):
    return AwsAccountFactory.create(team=team, account_id=PAYER, name="Payer")


@pytest.fixture
def member(account):
    return AwsAccountFactory.create(team=account.team, account_id=MEMBER, name="Member", payer=account)


@pytest.fixture
def explorer(local_aws):
    """The organisation's bill: 10 March, usage in three ways, tax and a credit."""
    made = CostExplorer(
        ("2026-03-10", PAYER, EC2, "Usage", "10", "10"),
        ("2026-03-10", PAYER, "Tax", "Tax", "1.90", "1.90"),
        ("2026-03-10", MEMBER, EC2, "Usage", "3", "3"),
        ("2026-03-10", MEMBER, EC2, "SavingsPlanCoveredUsage", "4", "2.50"),
        ("2026-03-10", MEMBER, EC2, "SavingsPlanNegation", "-4", "0"),
        ("2026-03-10", MEMBER, "AWS Lambda", "Usage", "0.50", "0.50"),
        ("2026-03-10", MEMBER, EC2, "Credit", "-1", "-1"),
        ("2026-03-11", MEMBER, EC2, "Usage", "2", "2"),
    )
    local_aws.answers["GetCostAndUsage"] = made
    return made


def refresh(account, aws, *, period=DAYS):
    return refresh_bills(account=account, aws=aws, period=period, now=NOW)


def stored(account):
    return {
        (str(row.day), row.service, row.record_type): (row.unblended_cost, row.amortized_cost)
        for row in BilledCost.objects.filter(aws_account=account)
    }


def test_an_account_on_its_own_has_its_bill_by_service_and_record_type(account, aws):
    outcome = refresh(account, aws)

    assert stored(account) == {
        ("2026-03-10", EC2, "Usage"): (10, 10),
        ("2026-03-10", "Tax", "Tax"): (Decimal("1.9"),) * 2,
    }
    assert (outcome.rows_read, outcome.rows_written, outcome.notes) == (2, 4, [])  # of usage one region, one type
    assert aws.meter.cost_usd == Decimal("0.03")


def test_a_payer_answers_for_its_members_and_every_cent_is_there_once(account, member, aws, explorer):
    outcome = refresh(account, aws)

    assert stored(account) == {
        ("2026-03-10", EC2, "Usage"): (10, 10),
        ("2026-03-10", "", "Tax"): (Decimal("1.9"), Decimal("1.9")),
    }
    assert stored(member) == {
        ("2026-03-10", EC2, "Usage"): (7, Decimal("5.5")),  # 3 + 4 as listed, 3 + 2.50 as paid for
        ("2026-03-10", "AWS Lambda", "Usage"): (Decimal("0.5"), Decimal("0.5")),
        ("2026-03-10", "", "SavingsPlanNegation"): (-4, 0),
        ("2026-03-10", "", "Credit"): (-1, -1),
        ("2026-03-11", EC2, "Usage"): (2, 2),
    }
    billed = sum(Decimal(item[4]) for item in explorer.items)
    assert sum(row.unblended_cost for row in BilledCost.objects.all()) == billed == Decimal("16.40")
    assert aws.meter.cost_usd == Decimal("0.06")  # the bill in two questions, each of two splits in two more
    assert outcome.notes == []


def test_a_member_is_not_asked_about_itself(member, aws, local_aws):
    BilledCostFactory.create(aws_account=member)

    outcome = refresh(member, aws)

    assert outcome.notes == [f"The bill of this account comes with its payer's, Payer ({PAYER})."]
    assert (local_aws.requests, aws.meter.cost_usd) == ([], 0)
    assert BilledCost.objects.count() == 1


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("denied", Reason.DENIED),
        ("login_needed", Reason.LOGIN_NEEDED),
        ("not_enabled", Reason.NOT_ENABLED),
        ("throttled", Reason.RATE_LIMITED),
        ("unavailable", Reason.UNAVAILABLE),
        ("degraded", Reason.UNAVAILABLE),
    ],
)
def test_a_member_whose_payer_is_not_answered_says_so_with_the_payers_own_reason(account, member, aws, state, reason):
    SourceStatusFactory.create(
        aws_account=account, source="aws_cost_explorer", state=state, last_error="Not permitted.", fix="Allow it."
    )

    with pytest.raises(UpstreamError) as caught:
        refresh(member, aws)

    error = caught.value
    assert (error.reason, error.fix) == (reason, "Allow it.")
    assert isinstance(error, UpstreamRejected) is (state in {"denied", "login_needed", "not_enabled"})
    assert error.message == f"The payer, Payer ({PAYER}), was not answered: Not permitted."


@pytest.mark.usefixtures("member")
def test_linked_accounts_that_are_not_the_teams_are_summed_up_and_never_stored(account, aws, explorer):
    AwsAccountFactory.create(account_id=STRANGER)  # of another team
    alone = AwsAccountFactory.create(team=account.team, account_id=UNTOLD)
    explorer.items += [
        ("2026-03-10", STRANGER, EC2, "Usage", "100.25", "100.25"),
        ("2026-03-11", "999999999999", EC2, "Refund", "-0.25", "-0.25"),
        ("2026-03-10", UNTOLD, EC2, "Usage", "7", "7"),
    ]

    outcome = refresh(account, aws)

    assert outcome.notes == [
        "Linked accounts not registered in this team: 2, billed 100.00 USD (unblended), not stored here.",
        "Linked accounts registered without this payer: 1, billed 7.00 USD (unblended), not stored here.",
    ]
    assert set(BilledCost.objects.values_list("aws_account__account_id", flat=True)) == {PAYER, MEMBER}
    assert not stored(alone)


def test_a_payer_without_registered_members_is_not_billed_for_its_whole_organisation(account, aws):
    refresh(account, aws)

    assert sum(row.unblended_cost for row in BilledCost.objects.all()) == Decimal("11.90")


def test_a_restated_day_replaces_the_old_one_as_a_whole(account, member, aws, explorer):
    refresh(account, aws)
    explorer.items = [item for item in explorer.items if item[3] != "Credit" and item[2] != "AWS Lambda"]
    explorer.items.append(("2026-03-10", MEMBER, EC2, "Usage", "0.25", "0.25"))

    outcome = refresh(account, aws)

    assert stored(member) == {
        ("2026-03-10", EC2, "Usage"): (Decimal("7.25"), Decimal("5.75")),
        ("2026-03-10", "", "SavingsPlanNegation"): (-4, 0),
        ("2026-03-11", EC2, "Usage"): (2, 2),
    }
    assert outcome.rows_written == 9  # one changed, two vanished; so in each split, less the credit's and one more


def test_a_day_outside_the_period_and_another_account_stay_as_they_are(account, aws):
    before = BilledCostFactory.create(aws_account=account, day=date(2026, 3, 8))
    others = BilledCostFactory.create(day=date(2026, 3, 10))

    refresh(account, aws)

    assert BilledCost.objects.filter(pk__in=[before.pk, others.pk]).count() == 2


def test_a_day_that_is_not_answered_stays_as_it_was(account, aws, local_aws):
    kept = BilledCostFactory.create(aws_account=account, day=date(2026, 3, 9))
    emptied = BilledCostFactory.create(aws_account=account, day=date(2026, 3, 10))
    local_aws.answers["GetCostAndUsage"] = lambda _: answer(day("2026-03-10"), day("2026-03-11"))

    outcome = refresh(account, aws)

    assert outcome.notes == ["Cost Explorer left out 1 of 3 days; they stay as they were."]
    assert BilledCost.objects.filter(pk=kept.pk).exists()
    assert not BilledCost.objects.filter(pk=emptied.pk).exists()


def test_half_of_a_payers_answer_writes_nothing(account, member, aws, local_aws, explorer):
    kept = BilledCostFactory.create(aws_account=member, day=date(2026, 3, 10))
    local_aws.answers["GetCostAndUsage"] = lambda asked: (
        refusal("AccessDeniedException") if "Not" in asked["Filter"] else explorer(asked)
    )

    with pytest.raises(UpstreamRejected):
        refresh(account, aws)

    assert list(BilledCost.objects.all()) == [kept]


@pytest.mark.usefixtures("member")
def test_a_second_run_changes_nothing(account, aws):
    refresh(account, aws)
    before = list(BilledCost.objects.order_by("pk").values())

    again = refresh(account, aws)

    assert again.rows_written == 0
    assert list(BilledCost.objects.order_by("pk").values()) == before
    assert not TouchedDay.objects.exists()


def test_an_estimated_day_is_marked_until_it_is_final(account, aws, explorer):
    explorer.estimated_days = {"2026-03-10"}
    refresh(account, aws)
    assert set(BilledCost.objects.values_list("is_estimated", flat=True)) == {True}

    explorer.estimated_days = set()
    refresh(account, aws)

    assert set(BilledCost.objects.values_list("is_estimated", flat=True)) == {False}


def test_cost_explorer_is_not_asked_about_what_it_cannot_know(account, aws, local_aws):
    years = Period(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))

    refresh(account, aws, period=years)

    assert local_aws.asked("GetCostAndUsage")[0]["TimePeriod"] == {"Start": "2025-03-01", "End": "2026-03-19"}


def test_a_period_long_past_is_not_asked_about_at_all(account, aws, local_aws):
    outcome = refresh(account, aws, period=Period.of_day(date(2020, 1, 1)))

    assert "nothing was asked" in outcome.notes[0]
    assert local_aws.requests == []


@pytest.mark.usefixtures("member")
def test_the_model_is_held_against_compute_usage_alone(account, aws):
    # Payer 10, member 3 + 4 and 2; not Lambda, tax, credit or the savings plan's negation
    refresh(account, aws)

    assert sum(row.unblended_cost for row in BilledCost.objects.of_compute_usage()) == 19


@pytest.mark.usefixtures("member")
def test_charlie_sees_nothing_of_a_payers_answer(account, aws, alice, charlie):
    refresh(account, aws)

    assert BilledCost.objects.visible_to(alice).count() == 7
    assert not BilledCost.objects.visible_to(charlie).exists()


def test_a_payer_of_another_team_answers_for_none_of_this_teams_accounts(account, aws):
    # Nobody can set this through the product; the row is not trusted all the same.
    foreign = AwsAccountFactory.create(account_id=MEMBER, payer=account)

    refresh(account, aws)
    assert not stored(foreign)

    outcome = refresh(foreign, aws)

    assert outcome.notes == []
    assert sum(amount for amount, _ in stored(foreign).values()) == Decimal("4.50")


def test_a_billed_day_is_complete_after_the_lag_that_is_set(settings, now):
    # now is 18 March 12:30: with 48 h, 15 March is complete; with 24 h, 16 March too
    assert (is_complete(date(2026, 3, 15), now=now), is_complete(date(2026, 3, 16), now=now)) == (True, False)

    settings.BILLING_LAG_HOURS = 24

    assert last_complete_day(now=now) == date(2026, 3, 16)
