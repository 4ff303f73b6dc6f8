"""The pages of resources and findings, loading them, and the customer's routes: all say the same."""

from datetime import timedelta

import numpy as np
import pytest
import time_machine
from django.urls import reverse

from accounts.models import AuditEntry, Membership, RefreshRun, ResourceMetricDay
from costing.models import Evaluation, Finding
from finops.core.partitions import ensure_month_partitions
from finops.core.periods import DAY, utc_day
from tests.factories import (
    NOW,
    AwsAccountFactory,
    FindingFactory,
    InstanceFactory,
    ResourceFactory,
    SourceStatusFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def at_now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def account(team):
    return AwsAccountFactory.create(team=team, name="shop", enabled_regions=["eu-central-1", "eu-west-1"])


@pytest.fixture
def database(account):
    return ResourceFactory.create(
        aws_account=account, kind="rds_instance", region="eu-west-1", resource_id="orders-db", name="orders-db",
        state="available", resource_class="db.m5.large", size_gib=100.0, facts={"engine": "mysql"},
        tags={"service": "orders", "odd": "</script><script>alert(1)</script>"},
        raw={"DBInstanceIdentifier": "orders-db", "Note": "</code><script>alert(1)</script>"},
    )  # fmt: skip


def measured(resource, metric="CPUUtilization"):
    day = utc_day(NOW)
    ensure_month_partitions(ResourceMetricDay, [day])
    hours = np.full(24, np.nan, dtype=np.float32)
    hours[:12] = np.arange(12) + 0.5
    ResourceMetricDay.objects.create(
        resource=resource, metric=metric, day=day, average=hours, maximum=hours + 1, retrieved_at=NOW
    )


def shown(client, **query):
    response = client.get(reverse("resources"), query)
    return [line.name for line in response.context["list"].lines], response


def test_all_kinds_stand_in_one_list_instances_first(alice_client, account, database):
    InstanceFactory.create(aws_account=account, name="web")
    ResourceFactory.create(aws_account=account, name="disk")
    FindingFactory.create(resource=database)

    names, response = shown(alice_client)

    assert names == ["web", "disk", "orders-db"]
    assert (response.context["list"].count, response.context["list"].size_gib) == (3, 200.0)
    assert [line.findings for line in response.context["list"].lines] == [0, 0, 1]


@pytest.mark.parametrize(
    "query",
    [{"q": "ORDERS"}, {"kind": "rds_instance"}, {"region": "eu-west-1"}, {"state": "available"},
     {"tag_key": "service"}, {"tag_key": "service", "tag_value": "orders"}],
    ids=str,
)  # fmt: skip
def test_the_list_is_filtered(alice_client, account, database, query):  # noqa: ARG001 (it is there)
    InstanceFactory.create(aws_account=account, name="web")
    ResourceFactory.create(aws_account=account, name="disk")

    assert shown(alice_client, **query)[0] == ["orders-db"]


def test_what_is_gone_is_history(alice_client, account):
    ResourceFactory.create(aws_account=account, name="gone", gone_at=NOW - DAY)

    names, response = shown(alice_client)
    assert (names, response.context["list"].gone) == ([], 1)
    assert shown(alice_client, state="gone")[0] == ["gone"]


def test_pages_go_on_from_instances_to_the_rest(alice_client, account):
    for number in range(49):
        InstanceFactory.create(aws_account=account, name=f"web-{number:02}")
    for name in ("a", "b"):
        ResourceFactory.create(aws_account=account, name=name)

    assert shown(alice_client)[0][-2:] == ["web-48", "a"]
    assert shown(alice_client, page=2)[0] == ["b"]
    assert alice_client.get(reverse("resources"), {"page": 3}).status_code == 404


def test_none_found_and_not_allowed_to_look_differ(alice_client, account):
    for source in ("aws_ec2", "aws_rds", "aws_s3", "aws_lambda", "aws_ebs", "aws_eip"):
        SourceStatusFactory.create(aws_account=account, source=source)
    assert b"There are no resources, and that is complete" in shown(alice_client)[1].content

    status = account.source_statuses.get(source="aws_rds")
    status.state, status.last_error = "denied", "rds:DescribeDBInstances is not permitted."
    status.save()

    body = shown(alice_client)[1].content
    assert b"rds:DescribeDBInstances is not permitted" in body
    assert b"that is complete" not in body


def test_the_number_of_queries_does_not_grow_with_the_list(alice_client, account, django_assert_max_num_queries):
    for _ in range(12):
        ResourceFactory.create(aws_account=account)
        InstanceFactory.create(aws_account=account)

    with django_assert_max_num_queries(24):
        shown(alice_client)


def test_a_resource_shows_its_metrics_with_the_limit_and_nothing_unescaped(alice_client, database):
    measured(database)

    response = alice_client.get(reverse("resource", args=[database.pk]))

    (series,) = response.context["detail"].series
    assert (series.measured, series.line.value) == (12, 80.0)
    body = response.content.decode()
    assert "<script>alert(1)" not in body
    assert "&lt;/code&gt;&lt;script&gt;alert(1)" in body


def test_a_stranger_sees_no_resource_and_decides_nothing(client, charlie, database):
    finding = FindingFactory.create(resource=database)
    client.force_login(charlie)

    assert client.get(reverse("resource", args=[database.pk])).status_code == 404
    assert client.post(reverse("finding-decide", args=[finding.pk]), {"decision": "accept"}).status_code == 404
    assert client.get("/api/bottlenecks").json()["data"] == []


def test_findings_say_how_far_the_rules_could_look(alice_client, account, database):
    assert b"not looked at any account yet" in alice_client.get(reverse("findings")).content
    Evaluation.objects.create(aws_account=account, evaluated_at=NOW, things=5, undecided=2)
    FindingFactory.create(resource=database)

    response = alice_client.get(reverse("findings"))

    assert (response.context["list"].count, response.context["list"].coverage.undecided) == (1, 2)
    assert b"not enough data" in response.content


def test_a_finding_is_dismissed_from_its_page_and_the_log_says_by_whom(alice_client, database):
    finding = FindingFactory.create(resource=database)
    address = reverse("finding-decide", args=[finding.pk])

    alice_client.post(address, {"decision": "dismiss", "reason": ""})
    assert Finding.objects.get().state == "open"
    response = alice_client.post(address, {"decision": "dismiss", "reason": "a spare", "next": "https://elsewhere/"})

    assert response.url == reverse("findings")
    assert (Finding.objects.get().state, Finding.objects.get().reason) == ("dismissed", "a spare")
    assert AuditEntry.objects.get().actor_name == "alice@example.com"


def test_a_viewer_decides_nothing_and_loads_nothing(alice_client, account, database):
    finding = FindingFactory.create(resource=database)
    Membership.objects.update(role="viewer")

    assert alice_client.post(reverse("finding-decide", args=[finding.pk]), {"decision": "accept"}).status_code == 403
    assert alice_client.post(reverse("resources-load"), {"accounts": account.account_id}).status_code == 403
    assert not RefreshRun.objects.exists()


def test_a_second_click_joins_the_refresh_that_is_going_on(alice_client, account):
    asked = {"accounts": account.account_id, "regions": "eu-west-1"}
    alice_client.post(reverse("resources-load"), asked)
    first = RefreshRun.objects.get()

    response = alice_client.post(
        "/api/v1/refreshes", {"accounts": [account.account_id]}, content_type="application/json"
    )

    assert first.regions == ["eu-west-1"]
    assert (response.status_code, [run["id"] for run in response.json()["results"]]) == (202, [first.pk])
    assert RefreshRun.objects.get().regions == []  # the second asked for all
    page = alice_client.get(reverse("resources-load")).content.decode()
    assert f'hx-get="{reverse("run", args=[first.pk])}"' in page


@pytest.mark.parametrize(
    "body", [{}, {"accounts": []}, {"accounts": ["000000000000"]}, {"accounts": 1}, {"regions": []}]
)
def test_a_refresh_of_nothing_known_is_refused(alice_client, account, body):  # noqa: ARG001 (it is there)
    response = alice_client.post("/api/v1/refreshes", body, content_type="application/json")

    assert (response.status_code, RefreshRun.objects.count()) == (400, 0)


def test_the_customer_gets_resources_by_kind_and_region(alice_client, account, database):  # noqa: ARG001 (it is there)
    InstanceFactory.create(aws_account=account, instance_id="i-1234", instance_type="t2.micro")

    everything = alice_client.get("/api/resources").json()
    some = alice_client.get("/api/resources?regions=eu-west-1&regions[]=eu-north-1").json()

    assert everything["success"] is True
    assert {key: everything["data"]["ec2"][0][key] for key in ("id", "type", "state", "region")} == {
        "id": "i-1234", "type": "t2.micro", "state": "running", "region": "eu-central-1",
    }  # fmt: skip
    assert everything["data"]["rds"][0]["storage_gb"] == 100
    assert (some["data"]["ec2"], some["data"]["rds"][0]["id"]) == ([], "orders-db")


def test_the_customer_gets_regions_metrics_and_bottlenecks(alice_client, database):
    measured(database)
    FindingFactory.create(resource=database, rule="rds_cpu", side="strained", severity="high")

    regions = alice_client.get("/api/regions").json()
    metrics = alice_client.get(
        "/api/metrics?resource_ids=orders-db,none&resource_type=rds&region=eu-west-1&hours=3"
    ).json()
    bottlenecks = alice_client.get("/api/bottlenecks").json()

    assert regions == {"success": True, "data": ["eu-central-1", "eu-west-1"]}
    # 12:30: the hours of 10, 11 and 12 o'clock, the last of which is not measured.
    assert metrics["data"]["orders-db"]["cpu"] == [
        {"Timestamp": "2026-03-18T10:00:00Z", "Average": 10.5, "Maximum": 11.5},
        {"Timestamp": "2026-03-18T11:00:00Z", "Average": 11.5, "Maximum": 12.5},
    ]
    assert metrics["unknown_ids"] == ["none"]
    assert [(row["resource_id"], row["type"], row["rule"]) for row in bottlenecks["data"]] == [
        ("orders-db", "bottleneck", "rds_cpu")
    ]


@pytest.mark.parametrize(
    ("address", "status", "word"),
    [
        ("/api/metrics?resource_type=rds", 400, "resource_ids"),
        ("/api/metrics?resource_ids=a&resource_type=s3", 400, "s3"),
        ("/api/metrics?resource_ids=a&resource_type=rds&hours=0", 400, "hours"),
        ("/api/resources?region=x", 400, "region"),
        ("/api/bottlenecks?team=nobodys", 404, ""),
    ],
)
def test_the_customer_is_told_what_is_wrong(alice_client, address, status, word):
    response = alice_client.get(address)

    assert (response.status_code, response.json()["success"]) == (status, False)
    assert word in response.json()["error"]


def test_the_customers_routes_want_a_sign_in(client):
    response = client.get("/api/bottlenecks")

    assert (response.status_code, response.json()["success"]) == (401, False)


def test_what_was_snoozed_until_today_waits_again(alice_client, database):
    FindingFactory.create(resource=database, state="snoozed", snoozed_until=NOW - timedelta(minutes=1))

    assert alice_client.get(reverse("findings")).context["list"].count == 1
