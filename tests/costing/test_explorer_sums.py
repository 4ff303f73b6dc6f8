"""For every grouping, on any rows: the lines add up to the bill to the cent and to the ledger to the gram."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.selectors.scope import Scope
from costing.estimators.exploration import Every
from costing.estimators.validation import USAGE_RECORD_TYPES
from costing.estimators.window import Window
from costing.models import BilledCost, BilledSplit, BilledStand, CostSnapshot
from costing.selectors.explorer import Dimension, Kind, Measure, Question, explore, why_unanswerable
from costing.services.bill_totals import add_up_bills
from tests.conftest import NOW
from tests.costing.rows import TODAY, sum_up
from tests.factories import (
    AwsAccountFactory,
    CostSnapshotFactory,
    InstanceFactory,
    MembershipFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
DAYS = 50  # with a whole month in it
WINDOW = Window.of_last_days(DAYS, now=NOW)
CENT = Decimal("0.01")
SERVICES, REGIONS, CURRENCIES = ("EC2", "S3", "Lambda"), ("eu-central-1", "us-east-1"), ("USD", "EUR")
GROUPINGS = [(one,) for one in Dimension] + [(one, two) for one in Dimension for two in Dimension if one != two]
BILLS = [each for each in GROUPINGS if not why_unanswerable(Question(Measure.BILLED, each))]
LEDGER = [each for each in GROUPINGS if not why_unanswerable(Question(Measure.ENERGY, each, tag="owner"))]
# Answered from rows alone: no two examples share any.
EXAMPLES = settings(
    max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)

amounts = st.decimals(min_value=-50, max_value=900, places=10, allow_nan=False, allow_infinity=False)
bill_rows = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 2 * DAYS),
        st.sampled_from(SERVICES),
        st.sampled_from((*USAGE_RECORD_TYPES[:2], "Tax", "Credit")),
        st.sampled_from(CURRENCIES),
        st.sampled_from(REGIONS),
        amounts,
    ),
    min_size=1,
    max_size=40,
)
ledger_rows = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(1, DAYS + 3),
        st.floats(0, 5000) | st.none(),
        st.decimals(0, 90, places=8) | st.none(),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda row: row[:2],
)


@pytest.fixture
def scope():
    """Somebody in two teams; the second has one account, the first a payer and its member."""
    teams = [TeamFactory.create() for _ in range(2)]
    user = UserFactory.create()
    for team in teams:
        MembershipFactory.create(team=team, user=user)
    return Scope(user, tuple(teams))


@pytest.fixture
def owned(scope):
    payer = AwsAccountFactory.create(team=scope.teams[0])
    return [
        payer,
        AwsAccountFactory.create(team=scope.teams[0], payer=payer),
        AwsAccountFactory.create(team=scope.teams[1]),
    ]


def days_ago(count):
    return TODAY - timedelta(days=count)


@EXAMPLES
@given(told=bill_rows, cut=st.tuples(st.integers(1, 4), st.sampled_from(list(Every))), is_added_up=st.booleans())
def test_the_lines_of_every_grouping_add_up_to_the_bill(scope, owned, told, cut, is_added_up):
    top, every = cut
    bill = store_bill(owned, told)
    BilledStand.objects.all().delete()
    for team in scope.teams if is_added_up else ():
        add_up_bills(team_id=team.pk, days=[])
    for group_by in BILLS:
        answer = explore(scope, WINDOW, Question(Measure.BILLED, group_by, every=every, top=top))
        if answer.refusal:
            assert {Dimension.SERVICE, Dimension.ACCOUNT} <= set(group_by) | {Dimension.TEAM}
            continue

        totals = {block.unit: block.total for block in answer.blocks}

        expected = counted(bill, answer)
        assert {unit: total.value for unit, total in totals.items()} == pytest.approx(expected, abs=CENT), group_by
        for block in answer.blocks:
            adds_up(block, tolerance=CENT)


def counted(bill, answer):
    """The bill's own rows of the complete days, by currency."""
    sums = defaultdict(Decimal)
    for (_, day, _, _, currency), cost in bill.items():
        if answer.first <= day <= answer.last:
            sums[currency] += cost
    return dict(sums)


def store_bill(owned, told):
    """The rows as a refresh leaves them; a payer's charges that are not usage have no service."""
    BilledCost.objects.all().delete()
    BilledSplit.objects.all().delete()
    bill, splits = defaultdict(Decimal), defaultdict(Decimal)
    payer = owned[0]
    for number, age, service, record_type, currency, region, cost in told:
        account, is_usage = owned[number], record_type in USAGE_RECORD_TYPES
        in_family = number < 2
        named = "" if in_family and not is_usage else service
        bill[account, days_ago(age), named, "Usage" if in_family and is_usage else record_type, currency] += cost
        if is_usage:
            for dimension, value in (("region", region), ("usage_type", f"{region}-{service}")):
                if in_family:
                    splits[payer, True, days_ago(age), service, dimension, value, currency] += cost
                    splits[account, False, days_ago(age), "", dimension, value, currency] += cost
                else:
                    splits[account, False, days_ago(age), service, dimension, value, currency] += cost
    BilledCost.objects.bulk_create(
        BilledCost(
            aws_account=account, day=day, service=service, record_type=record_type, currency=currency,
            unblended_cost=cost, amortized_cost=cost, retrieved_at=NOW,
        )
        for (account, day, service, record_type, currency), cost in bill.items()
    )  # fmt: skip
    BilledSplit.objects.bulk_create(
        BilledSplit(
            aws_account=account, covers_members=covers, day=day, service=service, dimension=dimension, value=value,
            currency=currency, unblended_cost=cost, amortized_cost=cost, retrieved_at=NOW,
        )
        for (account, covers, day, service, dimension, value, currency), cost in splits.items()
    )  # fmt: skip
    return bill


def adds_up(block, *, tolerance):
    """The lines and the total, over the whole, before it, and in every stretch."""
    total = block.total
    tolerance = float(tolerance)
    assert added(line.value for line in block.lines) == pytest.approx(added([total.value]), abs=tolerance)
    assert added(line.previous for line in block.lines) == pytest.approx(added([total.previous]), abs=tolerance)
    for number, value in enumerate(total.values):
        assert added(line.values[number] for line in block.lines) == pytest.approx(added([value]), abs=tolerance)
    assert added(total.values) == pytest.approx(added([total.value]), abs=tolerance)
    assert sum(line.kind is Kind.GROUP for line in block.lines) <= block.group_count


def added(values):
    return float(sum(value for value in values if value is not None))


@EXAMPLES
@given(
    told=ledger_rows,
    cut=st.tuples(st.integers(1, 3), st.sampled_from(list(Every))),
    measure=st.sampled_from((Measure.LIST, Measure.ENERGY, Measure.CARBON, Measure.OPERATIONAL, Measure.EMBODIED)),
)
def test_the_lines_of_every_grouping_add_up_to_the_ledger(scope, owned, told, cut, measure):
    store_ledger(owned, told)
    top, every = cut
    expected = of_rows(measure)
    for group_by in LEDGER:
        answer = explore(scope, WINDOW, Question(measure, group_by, every=every, top=top, tag="owner"))

        assert not answer.refusal
        values = [block.total.value for block in answer.blocks]
        assert added(values) == pytest.approx(added([expected]), abs=0.01), group_by
        assert any(value is not None for value in values) == (expected is not None)
        for block in answer.blocks:
            adds_up(block, tolerance=0.01)


def store_ledger(owned, told):
    CostSnapshot.objects.all().delete()
    instances = {}
    for number, age, gco2e, usd in told:
        if number not in instances:
            instances[number] = InstanceFactory.create(
                aws_account=owned[number % 3],
                region=REGIONS[number % 2],
                instance_type=("m5.large", "c5.xlarge")[number // 3],
                tags={"owner": "ana"} if number % 2 else {},
            )
        CostSnapshotFactory.create(
            instance=instances[number],
            day=days_ago(age),
            operational_gco2e=gco2e,
            energy_kwh=gco2e,
            embodied_gco2e=gco2e,
            list_cost_usd=usd,
        )
    sum_up()


def of_rows(measure):
    column = {Measure.LIST: "list_cost_usd", Measure.ENERGY: "energy_kwh"}.get(measure, "operational_gco2e")
    times = 2 if measure is Measure.CARBON else 1  # the rows have as much of both
    rows = CostSnapshot.objects.filter(day__gte=WINDOW.first, day__lt=TODAY)
    known = [getattr(row, column) for row in rows if getattr(row, column) is not None]
    return float(sum(known)) * times if known else None
