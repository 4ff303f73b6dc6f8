"""Holding an account against the rules: what is kept, what comes and goes, who set the limits, who decided what."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
import time_machine
from django.urls import reverse

from accounts.models import AuditEntry, MetricDay, ResourceMetricDay
from accounts.services.audit import Actor
from accounts.services.refusal import Refused
from costing.models import Evaluation, Finding, FindingState, Threshold, WindowTotal
from costing.services.findings import accept, dismiss, evaluate_findings, reopen, snooze
from finops.core.partitions import ensure_month_partitions
from finops.core.periods import DAY, utc_day
from tests.factories import (
    NOW,
    AwsAccountFactory,
    FindingFactory,
    InstanceFactory,
    ResourceFactory,
    SourceStatusFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
ACTOR = Actor(door="page", name="alice@example.com")


@pytest.fixture
def account(team):
    return AwsAccountFactory.create(team=team, name="shop")


def measure(thing, days=14, **metrics):
    """`metrics` of each hour of the last days; a single value, or 24 for every day."""
    model, owner = (MetricDay, "instance") if type(thing).__name__ == "Instance" else (ResourceMetricDay, "resource")
    dates = [utc_day(NOW) - number * DAY for number in range(1, days + 1)]
    ensure_month_partitions(model, dates)
    for name, (statistic, value) in metrics.items():
        for day in dates:
            hours = np.broadcast_to(np.asarray(value, dtype=np.float32), 24)
            row, _ = model.objects.get_or_create(
                **{owner: thing}, metric=name, day=day, defaults={"retrieved_at": NOW, statistic: hours}
            )
            if getattr(row, statistic) is None:
                model.objects.filter(pk=row.pk).update(**{statistic: hours})


def database(account, **more):
    facts = {"engine": "mysql"}
    return ResourceFactory.create(
        aws_account=account, kind="rds_instance", resource_class="db.m5.large", facts=facts, **more
    )


def standing():
    return sorted(Finding.objects.filter(resolved_at=None).values_list("rule", flat=True))


def test_a_finding_keeps_its_evidence_and_the_limit_in_force(account):
    measure(database(account, size_gib=100), FreeStorageSpace=("average", 5 * 1024**3))

    evaluate_findings(account=account, now=NOW)

    finding = Finding.objects.get()
    assert (finding.rule, finding.severity, finding.state) == ("rds_storage", "high", "open")
    assert finding.evidence["measured"] == {"latest": 5}  # 5 of 100 GiB
    assert finding.evidence["limits"][0] | {"label": ""} == {
        "parameter": "rds_storage.free_percent", "label": "", "unit": "%", "value": 10, "set_by": "default",
    }  # fmt: skip
    series = finding.evidence["series"]
    # Whole days only were measured: of the last 48 hours those before midnight, 12 h ago.
    assert (series["hours_measured"], series["values"][-13:-11]) == (14 * 24, [5 * 1024**3, None])
    assert (finding.usd_per_month, finding.stake_reason != "") == (None, True)


def test_evaluating_twice_changes_nothing(account):
    measure(database(account, size_gib=100), FreeStorageSpace=("average", 5 * 1024**3))
    evaluate_findings(account=account, now=NOW)
    before = list(Finding.objects.values())

    outcome = evaluate_findings(account=account, now=NOW)

    assert (outcome.rows_written, list(Finding.objects.values())) == (0, before)


def test_money_and_carbon_at_stake_are_those_of_an_average_month(account):
    instance = InstanceFactory.create(aws_account=account)
    measure(instance, CPUUtilization=("average", 2), NetworkIn=("total", 1000), NetworkOut=("total", 1000))
    WindowTotal.objects.create(
        instance=instance, days=30, instance_days=10, running_hours=240, billed_hours=240, list_cost_usd=Decimal(30),
        energy_kwh=1, operational_gco2e=600.0, embodied_gco2e=100.0, hours_with_runtime=240, hours_aligned=240,
        days_without_price=0, days_without_power=0, days_without_intensity=0,
    )  # fmt: skip

    evaluate_findings(account=account, now=NOW)

    finding = Finding.objects.get()
    # 3 USD and 70 g a day, × 365.25 / 12 = 30.4375 days.
    assert (finding.rule, finding.usd_per_month) == ("ec2_idle", Decimal("91.3125"))
    assert finding.gco2e_per_month == pytest.approx(70 * 30.4375)


def test_what_goes_away_is_resolved_by_itself_and_opens_again_when_it_comes_back(account):
    disk = ResourceFactory.create(aws_account=account, attached_to="")
    evaluate_findings(account=account, now=NOW)
    assert standing() == ["volume_unattached"]

    type(disk).objects.update(attached_to="i-1")
    evaluate_findings(account=account, now=NOW + DAY)
    assert Finding.objects.get().state == FindingState.RESOLVED

    type(disk).objects.update(attached_to="", state_since_at=NOW + DAY)
    evaluate_findings(account=account, now=NOW + 3 * DAY)
    assert (Finding.objects.get().state, Finding.objects.get().found_at) == (FindingState.OPEN, NOW + 3 * DAY)


def test_a_finding_stays_while_there_is_not_enough_data_to_say_otherwise(account):
    measure(database(account, size_gib=100), FreeStorageSpace=("average", 5 * 1024**3))
    evaluate_findings(account=account, now=NOW)

    evaluate_findings(account=account, now=NOW + 20 * DAY)  # nothing was measured meanwhile

    assert standing() == ["rds_storage"]
    assert Evaluation.objects.get().undecided == 1


def test_what_is_dismissed_stays_so_though_it_comes_and_goes(account):
    disk = ResourceFactory.create(aws_account=account, attached_to="")
    evaluate_findings(account=account, now=NOW)
    dismiss(finding=Finding.objects.get(), reason="a spare", actor=ACTOR, now=NOW)

    type(disk).objects.update(attached_to="i-1")
    evaluate_findings(account=account, now=NOW + DAY)
    type(disk).objects.update(attached_to="", state_since_at=NOW + DAY)
    evaluate_findings(account=account, now=NOW + 3 * DAY)

    assert (Finding.objects.get().state, Finding.objects.get().reason) == (FindingState.DISMISSED, "a spare")


def test_a_volume_just_detached_is_not_yet_a_finding(account):
    ResourceFactory.create(aws_account=account, kind="elastic_ip", attached_to="i-2", first_seen_at=NOW - 20 * DAY)
    ResourceFactory.create(aws_account=account, attached_to="", state_since_at=NOW - timedelta(hours=23))

    evaluate_findings(account=account, now=NOW)

    assert standing() == []


def test_a_snapshot_is_not_old_while_its_volumes_cannot_be_listed(account):
    ResourceFactory.create(aws_account=account, kind="ebs_snapshot", attached_to="vol-gone", created_at=NOW - 100 * DAY)
    status = SourceStatusFactory.create(aws_account=account, source="aws_ebs", state="denied")

    evaluate_findings(account=account, now=NOW)
    assert standing() == []

    status.state = "available"
    status.save()
    evaluate_findings(account=account, now=NOW)
    assert standing() == ["snapshot_old"]


def test_the_narrowest_limit_counts(account, team):
    measure(database(account, size_gib=100), FreeStorageSpace=("average", 15 * 1024**3))
    Threshold.objects.create(parameter="rds_storage.free_percent", value=20)
    evaluate_findings(account=account, now=NOW)
    assert standing() == ["rds_storage"]

    Threshold.objects.create(parameter="rds_storage.free_percent", team=team, value=12)
    evaluate_findings(account=account, now=NOW)
    assert standing() == []

    Threshold.objects.create(parameter="rds_storage.free_percent", aws_account=account, value=16)
    evaluate_findings(account=account, now=NOW)
    assert standing() == ["rds_storage"]
    assert Finding.objects.get().evidence["limits"][0]["set_by"] == "shop"


@time_machine.travel(NOW, tick=False)
def test_a_limit_changed_in_the_admin_is_previewed_counts_next_time_and_says_who_changed_it(account, client):
    measure(database(account, size_gib=100), FreeStorageSpace=("average", 15 * 1024**3))
    admin = UserFactory.create(email="admin@example.com", is_staff=True, is_superuser=True)
    client.force_login(admin)
    form = {"parameter": "rds_storage.free_percent", "value": "20"}

    preview = client.post(reverse("admin:costing_threshold_add"), form)
    assert (preview.context["preview"].found_before, preview.context["preview"].found_after) == (0, 1)
    assert not Threshold.objects.exists()

    client.post(reverse("admin:costing_threshold_add"), form | {"_preview_seen": "yes"})
    evaluate_findings(account=account, now=NOW)

    assert standing() == ["rds_storage"]
    assert Finding.objects.get().evidence["limits"][0]["set_by"] == "all"
    entry = AuditEntry.objects.get(action="threshold.added")
    assert (entry.actor_name, entry.after["value"]) == ("admin@example.com", 20)


def test_the_admin_refuses_a_limit_out_of_bounds(client):
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))

    response = client.post(
        reverse("admin:costing_threshold_add"), {"parameter": "rds_storage.free_percent", "value": "101"}
    )

    assert "from 0 to 100 %" in response.content.decode()
    assert not Threshold.objects.exists()


def test_the_queries_of_an_evaluation_do_not_grow_with_the_account(account, django_assert_max_num_queries):
    for _ in range(6):
        ResourceFactory.create(aws_account=account, attached_to="")
        measure(database(account, size_gib=100), days=2, FreeStorageSpace=("average", 5 * 1024**3))
        InstanceFactory.create(aws_account=account)

    with django_assert_max_num_queries(20):
        evaluate_findings(account=account, now=NOW)


def test_every_decision_is_written_down_once(account):
    finding = FindingFactory.create(resource__aws_account=account)

    accept(finding=finding, actor=ACTOR, now=NOW)
    accept(finding=finding, actor=ACTOR, now=NOW)
    snooze(finding=finding, until=NOW + 7 * DAY, actor=ACTOR, now=NOW)
    dismiss(finding=finding, reason=" a spare ", actor=ACTOR, now=NOW)
    reopen(finding=finding, actor=ACTOR, now=NOW)

    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["finding.accepted", "finding.snoozed", "finding.dismissed", "finding.reopened"]
    finding.refresh_from_db()
    assert (finding.state, finding.reason, finding.snoozed_until) == ("open", "", None)


def test_what_is_put_off_waits_again_when_its_day_has_come(account):
    finding = FindingFactory.create(resource__aws_account=account)

    snooze(finding=finding, until=NOW + 7 * DAY, actor=ACTOR, now=NOW)

    assert not Finding.objects.open_at(NOW + 6 * DAY).exists()
    assert Finding.objects.open_at(NOW + 7 * DAY).exists()


@pytest.mark.parametrize("days", [0, -1, 400])
def test_a_finding_is_put_off_to_a_day_to_come_and_not_for_ever(account, days):
    finding = FindingFactory.create(resource__aws_account=account)

    with pytest.raises(Refused):
        snooze(finding=finding, until=NOW + days * DAY, actor=ACTOR, now=NOW)


def test_a_dismissal_says_why_and_what_is_resolved_takes_none(account):
    finding = FindingFactory.create(resource__aws_account=account)
    with pytest.raises(Refused, match="Say why"):
        dismiss(finding=finding, reason=" ", actor=ACTOR, now=NOW)

    Finding.objects.update(resolved_at=NOW, state=FindingState.RESOLVED)
    with pytest.raises(Refused, match="resolved by itself"):
        accept(finding=finding, actor=ACTOR, now=NOW)
