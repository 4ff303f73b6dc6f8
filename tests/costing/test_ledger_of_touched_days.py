from datetime import UTC, date, datetime, timedelta
from threading import Event, Thread

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import CPU_UTILIZATION, AwsAccount, MetricDay, TouchedDay
from accounts.services.touched_days import touch_days
from costing.models import CostSnapshot, DailyTotal
from costing.services.ledger import derive_touched_days
from finops.core.partitions import ensure_month_partitions
from finops.pipeline import PIPELINE, due_steps
from tests.factories import (
    AwsAccountFactory,
    CarbonReadingFactory,
    CloudRegionFactory,
    InstanceEventFactory,
    InstanceFactory,
    PowerProfileFactory,
    PriceFactory,
    SourceStatusFactory,
)

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
DAY = date(2026, 3, 16)


@pytest.fixture
def account(db):  # noqa: ARG001 (asks for the database)
    """An account with one machine that ran all of DAY at full load, and all that its ledger rests on."""
    account = AwsAccountFactory.create()
    instance = InstanceFactory.create(aws_account=account, last_seen_at=NOW)
    region = CloudRegionFactory.create()
    PowerProfileFactory.create(load_percent=[0, 50, 100], watts=[2.0, 10.0, 14.0])
    PriceFactory.create()
    for hour in range(24):
        CarbonReadingFactory.create(zone=region.zone, starts_at=datetime(2026, 3, 16, hour, tzinfo=UTC))
    ensure_month_partitions(MetricDay, [DAY])
    full = np.full(24, 100.0)
    MetricDay.objects.create(
        instance=instance, metric=CPU_UTILIZATION, day=DAY, average=full, maximum=full,
        sample_count=np.full(24, 60.0), retrieved_at=NOW,
    )  # fmt: skip
    touch_days(account_ids=[account.pk], days=[DAY])
    return account


def test_a_day_is_derived_and_its_mark_removed(account):
    derive_touched_days(account=account, now=NOW)

    snapshot = CostSnapshot.objects.get()
    # 14 W at full load / 1000 × 24 h × PUE 1.35 = 0.4536 kWh; × 300 g = 136.08 g; 24 h × 0.115 = 2.76 USD
    assert (snapshot.day, float(snapshot.list_cost_usd)) == (DAY, 2.76)
    assert snapshot.energy_kwh == pytest.approx(0.4536)
    assert snapshot.operational_gco2e == pytest.approx(136.08)
    assert DailyTotal.objects.get().list_cost_usd == snapshot.list_cost_usd
    assert not TouchedDay.objects.exists()


def test_deriving_again_writes_nothing(account):
    derive_touched_days(account=account, now=NOW)
    touch_days(account_ids=[account.pk], days=[DAY])

    again = derive_touched_days(account=account, now=NOW + timedelta(hours=1))

    assert again.rows_written == 0
    assert CostSnapshot.objects.get().derived_at == NOW


def test_another_power_model_makes_every_day_due_and_derives_it(account):
    derive_touched_days(account=account, now=NOW)
    for step in PIPELINE.values():
        SourceStatusFactory.create(
            aws_account=None if step.is_shared else account, source=step.source, next_due_at=NOW + timedelta(hours=1)
        )
    account.team.power_model = "linear_30_70"
    account.team.save()
    account = AwsAccount.objects.get()
    assert due_steps(account=account, now=NOW) == ["derive"]

    derive_touched_days(account=account, now=NOW)

    # 10 W average × (0.3 + 0.7 × 1) = 10 W / 1000 × 24 h × 1.35 = 0.324 kWh
    assert CostSnapshot.objects.get().energy_kwh == pytest.approx(0.324)
    assert CostSnapshot.objects.get().power_model == "linear_30_70"
    assert due_steps(account=AwsAccount.objects.get(), now=NOW) == []


def test_an_instance_that_was_gone_by_then_leaves_the_ledger(account):
    derive_touched_days(account=account, now=NOW)
    account.instances.update(state="terminated", gone_at=NOW, launched_at=datetime(2026, 3, 1, tzinfo=UTC))
    InstanceEventFactory.create(
        aws_account=account,
        instance_id=account.instances.get().instance_id,
        name="TerminateInstances",
        previous_state="running",
        occurred_at=datetime(2026, 3, 15, 12, tzinfo=UTC),
    )
    MetricDay.objects.all().delete()
    touch_days(account_ids=[account.pk], days=[DAY])

    derive_touched_days(account=account, now=NOW)

    assert not CostSnapshot.objects.exists()
    assert not DailyTotal.objects.exists()


@pytest.mark.parametrize(
    "ended",
    [
        {"state": "terminated", "state_transition_reason": "User initiated (2026-03-17 09:00:00 GMT)"},
        {"state": "stopped", "gone_at": datetime(2026, 3, 17, 9, tzinfo=UTC)},
        {"state": "terminated", "last_seen_at": datetime(2026, 3, 17, 9, tzinfo=UTC)},
        {"state": "terminated", "gone_at": NOW},
    ],
    ids=["dated", "vanished", "undated", "by its event"],
)
def test_a_day_on_which_an_instance_stood_still_is_derived_alike_after_its_end(account, ended):
    MetricDay.objects.all().delete()
    stopped = {"launched_at": datetime(2026, 3, 1, tzinfo=UTC), "state": "stopped"}
    account.instances.update(**stopped, state_transition_reason="User initiated (2026-03-10 18:00:00 GMT)")
    instance_id = account.instances.get().instance_id
    common = {"aws_account": account, "instance_id": instance_id}
    InstanceEventFactory.create(
        **common, name="StopInstances", previous_state="running", occurred_at=datetime(2026, 3, 10, 18, tzinfo=UTC)
    )
    days = [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
    derive_touched_days(account=account, now=NOW)
    first = list(CostSnapshot.objects.values_list("day", "running_hours", "list_cost_usd"))
    assert first == [(DAY, 0, 0)]

    account.instances.update(**ended)
    if ended == {"state": "terminated", "gone_at": NOW}:
        InstanceEventFactory.create(
            **common,
            name="TerminateInstances",
            previous_state="stopped",
            occurred_at=datetime(2026, 3, 17, 9, tzinfo=UTC),
        )
    touch_days(account_ids=[account.pk], days=days)
    derive_touched_days(account=account, now=NOW)

    # It was there on the 16th and until nine on the 17th, and on the 18th no more.
    assert list(CostSnapshot.objects.order_by("day").values_list("day", "running_hours")) == [
        (days[0], 0),
        (days[1], 0),
    ]


@pytest.mark.parametrize("left", [0, 1], ids=["with it all others", "and another stays"])
def test_as_many_queries_remove_many_instances_from_the_ledger_as_remove_one(account, left):
    counts = []
    for gone in (1, 12):
        doomed = InstanceFactory.create_batch(gone, aws_account=account, last_seen_at=NOW)
        touch_days(account_ids=[account.pk], days=[DAY])
        derive_touched_days(account=account, now=NOW)
        assert CostSnapshot.objects.count() == gone + 1
        launched_at = NOW + timedelta(days=1)  # so it was not there on that day
        account.instances.filter(pk__in=[instance.pk for instance in doomed]).update(first_launched_at=launched_at)
        if not left:
            account.instances.update(first_launched_at=launched_at)
        touch_days(account_ids=[account.pk], days=[DAY])

        with CaptureQueriesContext(connection) as queries:
            derive_touched_days(account=account, now=NOW)

        counts.append(len(queries))
        assert CostSnapshot.objects.count() == left
        account.instances.update(first_launched_at=datetime(2026, 3, 1, tzinfo=UTC))
        account.instances.filter(pk__in=[instance.pk for instance in doomed]).delete()

    assert counts[0] == counts[1]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_touch_that_meets_a_derive_is_not_lost():
    account = AwsAccountFactory.create()
    touch_days(account_ids=[account.pk], days=[DAY])
    seen = TouchedDay.objects.get()
    touched, derived = Event(), Event()

    def touch():
        try:
            with transaction.atomic():
                touch_days(account_ids=[account.pk], days=[DAY])
                touched.set()
                derived.wait(1)
        finally:
            connection.close()

    thread = Thread(target=touch)
    thread.start()
    touched.wait(5)
    removed, _ = TouchedDay.objects.filter(pk=seen.pk, version=seen.version).delete()
    derived.set()
    thread.join()

    assert removed == 0
    assert TouchedDay.objects.get().version > seen.version


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_may_need_the_same_new_month_at_once():
    failed = []

    def make():
        try:
            with transaction.atomic():
                ensure_month_partitions(MetricDay, [date(2031, 5, 1)])
        except Exception as error:  # noqa: BLE001 (whatever it is, the test shows it)
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
