from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costing.estimators.bridge import Charge, StepName, bridge, charge_of

amounts = st.decimals(min_value=-100_000, max_value=100_000, places=10, allow_nan=False, allow_infinity=False)
costs = st.decimals(min_value=0, max_value=100_000, places=8, allow_nan=False, allow_infinity=False)


def test_a_bridge_by_hand():
    days = [(Decimal(10), Decimal(12)), (Decimal(10), Decimal(7)), (None, Decimal(3))]
    charges = [
        (Charge.COMMITMENTS, Decimal(-4)),
        (Charge.CREDITS, Decimal(-1)),
        (Charge.TAX, Decimal("3.1")),
        (Charge.OTHER_SERVICES, Decimal("6.055")),
    ]

    answer = bridge(days=days, charges=charges, currency="USD")

    # Modelled 10 + 10; above it 2 + 3, below it 3, so 22 of usage; - 4 - 1 + 3.1 + 6.055 = 26.155, rounded 26.16.
    assert (answer.modelled, answer.billed_usage, answer.billed.amount) == (20, 22, Decimal("26.16"))
    assert {step.name: step.amount for step in answer.steps if step.amount} == {
        StepName.MISSING: 5,
        StepName.DISCOUNTED: -3,
        StepName.COMMITMENTS: -4,
        StepName.CREDITS: -1,
        StepName.TAX: Decimal("3.1"),
        StepName.OTHER_SERVICES: Decimal("6.055"),
        StepName.ROUNDING: Decimal("0.005"),
    }


@given(
    days=st.lists(st.tuples(st.none() | costs, amounts), max_size=31),
    charges=st.lists(st.tuples(st.sampled_from(Charge), amounts), max_size=20),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_the_steps_add_up_to_the_bill_exactly(days, charges, currency):
    answer = bridge(days=days, charges=charges, currency=currency)

    amount = {step.name: step.amount for step in answer.steps}
    assert answer.modelled + sum(amount.values()) == answer.billed.amount == answer.steps[-1].ends_at
    assert answer.billed_usage == answer.modelled + amount["missing"] + amount["discounted"]
    assert answer.billed_usage == sum(usage for _, usage in days)
    assert amount["missing"] >= 0 >= amount["discounted"]
    assert abs(amount["rounding"]) <= Decimal("0.5")


def test_a_bridge_of_nothing_is_flat():
    answer = bridge(days=[], charges=[], currency="USD")

    assert {step.amount for step in answer.steps} | {answer.modelled, answer.billed.amount} == {0}


@pytest.mark.parametrize(
    ("record_type", "charge"),
    [
        ("Usage", Charge.OTHER_SERVICES),
        ("SavingsPlanCoveredUsage", Charge.OTHER_SERVICES),
        ("SavingsPlanNegation", Charge.COMMITMENTS),
        ("SavingsPlanRecurringFee", Charge.COMMITMENTS),
        ("RIFee", Charge.COMMITMENTS),
        ("EdpDiscount", Charge.DISCOUNTS),
        ("Credit", Charge.CREDITS),
        ("Refund", Charge.CREDITS),
        ("Tax", Charge.TAX),
        ("Support", Charge.OTHER),
        ("Something new", Charge.OTHER),
    ],
)
def test_each_record_type_is_one_kind_of_charge(record_type, charge):
    assert charge_of(record_type) == charge
