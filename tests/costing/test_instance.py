from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from accounts.clients.aws.events import EVENT_NAMES
from accounts.models import EventWatermark
from carbon.models import PowerProfile
from costing.estimators.window import Window
from costing.selectors.hours import hour_lines
from costing.selectors.instance import instance_detail, runtime_detail
from finops.core.periods import Period, start_of_day
from tests.conftest import NOW
from tests.costing.rows import TODAY, an_account, an_instance, days_ago, expected, figure_on, sum_up
from tests.factories import (
    CarbonReadingFactory,
    CloudRegionFactory,
    InstanceEventFactory,
    PowerProfileFactory,
    PriceFactory,
    SourceStatusFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

WINDOW = Window.of_last_days(30, now=NOW)
NAN = float("nan")


@pytest.fixture
def server(team):
    CloudRegionFactory.create()
    PowerProfileFactory.create()
    PriceFactory.create(sku="SKU-1")
    instance = an_instance(an_account(team, name="shop"), name="server", days=(0, 1, 2), tags={"owner": "jane"})
    sum_up()
    return instance


def detail_of(user, instance, hours=48):
    return instance_detail(user, instance=instance, window=WINDOW, hours=hours)


def test_page_and_api_agree_with_the_rows(alice_client, server):
    rows = expected({server.aws_account_id}, instance=server.pk)

    page = alice_client.get(f"/instances/{server.pk}/").content.decode()
    api = alice_client.get(f"/api/v1/instances/{server.pk}").json()

    assert Decimal(figure_on(page, "list_cost")) == Decimal(api["figures"]["list_cost"]["value"]) == rows["list_cost"]
    for name in ("energy", "operational", "embodied"):
        assert float(figure_on(page, name)) == api["figures"][name]["value"] == pytest.approx(rows[name])
    assert sum(Decimal(day["amounts"]["list_cost"]) for day in api["days"] if day["is_complete"]) == rows["list_cost"]
    assert "jane" in page


def test_hours_are_those_of_the_packed_day(alice, server):
    hours = hour_lines(alice, server, Period.of_day(days_ago(1)), now=NOW)

    assert len(hours) == 24
    assert hours[5].starts_at == start_of_day(days_ago(1)) + timedelta(hours=5)
    assert (hours[5].running_seconds, hours[5].cpu_utilization) == (3600.0, 0.2)
    assert hours[5].list_cost_usd == Decimal("0.11500000")
    assert hours[5].quality == {
        "runtime": "exact",
        "cpu": "measured",
        "intensity": "measured",
        "power": "curve",
        "price": "listed",
    }


def test_the_hours_of_a_day_add_up_to_it(alice, server):
    hours = hour_lines(alice, server, Period.of_day(days_ago(1)), now=NOW)

    assert sum(hour.list_cost_usd for hour in hours) == Decimal("2.76")
    assert sum(hour.operational_gco2e for hour in hours) == pytest.approx(72.0)


def test_hours_that_have_not_come_are_not_told(alice, server):
    hours = hour_lines(alice, server, Period.of_day(TODAY), now=NOW)

    assert hours[-1].starts_at == datetime(2026, 3, 18, 12, tzinfo=UTC)
    assert not hours[-1].is_over
    assert hours[-2].is_over


def test_an_hour_nobody_knows_is_null_and_not_zero(alice_client, team):
    unknown = {
        "cpu_utilization_by_hour": [NAN] * 24,
        "operational_gco2e_by_hour": [NAN] * 24,
        "list_cost_usd_by_hour": [0.0] * 24,
    }
    instance = an_instance(an_account(team), days=(1,), ledger=unknown)

    hours = alice_client.get(
        f"/api/v1/instances/{instance.pk}/hours?from=2026-03-17T00:00:00Z&to=2026-03-18T00:00:00Z"
    ).json()

    assert hours["results"][0]["cpu_utilization"] is None
    assert hours["results"][0]["operational_gco2e"] is None
    assert Decimal(hours["results"][0]["list_cost_usd"]) == 0


def test_lanes_hold_the_same_hours_as_the_table(alice_client, server):
    page = alice_client.get(f"/instances/{server.pk}/").content.decode()

    assert page.count('data-chart="instance-lanes"') == 5
    assert 'id="instance-lanes" type="application/json"' in page
    assert "<summary>The same as a table</summary>" in page


def test_35_days_of_hours_can_be_drawn(alice, server):
    assert len(detail_of(alice, server, hours=840).hours) == 24 + 24 + 13


def test_what_the_figures_rest_on_is_told(alice, server):
    CarbonReadingFactory.create(starts_at=NOW - timedelta(hours=3))

    grounds = {ground.part: ground for ground in detail_of(alice, server).grounds}

    assert grounds["price"].says == "0.115 USD per hour on demand, SKU SKU-1."
    assert grounds["power"].says.startswith("2.70 W at 0 %, 5.40 W at 10 %")
    assert grounds["intensity"].sources == ("electricity_maps",)
    assert "Zone DE (Germany); PUE 1.35" in grounds["intensity"].says
    assert [(share.quality, share.share) for share in grounds["cpu"].shares] == [("measured", 1.0)]


def test_what_was_filled_in_is_told_by_its_share(alice, team):
    # 18 hours as ever, 6 with the CPU at its default (2) and the intensity of the week before (4).
    filled = 1 | 2 << 2 | 4 << 4 | 1 << 7 | 1 << 9
    measured = 1 | 1 << 2 | 1 << 4 | 1 << 7 | 1 << 9
    instance = an_instance(an_account(team), days=(1,), ledger={"quality_by_hour": [measured] * 18 + [filled] * 6})

    grounds = {ground.part: ground for ground in detail_of(alice, instance).grounds}

    assert {share.quality: share.share for share in grounds["cpu"].shares} == {"measured": 0.75, "default": 0.25}
    assert {share.quality: share.share for share in grounds["intensity"].shares} == {
        "measured": 0.75,
        "same_hour_last_week": 0.25,
    }


def test_missing_facts_are_named_as_missing(alice, team):
    instance = an_instance(an_account(team), days=(1,), region="xx-nowhere-1")

    grounds = {ground.part: ground.says for ground in detail_of(alice, instance).grounds}

    assert grounds["price"] == "Not fetched yet for this kind of instance hour."
    assert grounds["power"] == "Not fetched yet for this type."
    assert "has no grid zone yet" in grounds["intensity"]


def test_the_other_power_model_is_worked_out_from_the_same_hours(alice, server):
    models = {line.name: line for line in detail_of(alice, server).models}

    # Two days at 20 % CPU, PUE 1.35, 300 g/kWh. The curve gives 5.4 + 10/40 × (11.3 − 5.4) = 6.875 W;
    # the straight line takes 11.3 W as average: 11.3 × (0.3 + 0.7 × 0.2) = 4.972 W.
    assert models["load_curve"].energy_kwh == pytest.approx(6.875 / 1000 * 48 * 1.35)
    assert models["linear_30_70"].energy_kwh == pytest.approx(4.972 / 1000 * 48 * 1.35)
    assert models["linear_30_70"].operational_gco2e == pytest.approx(4.972 / 1000 * 48 * 1.35 * 300)
    assert models["load_curve"].is_used
    assert not models["linear_30_70"].is_used


def test_a_type_without_profile_has_no_model_to_compare(alice, server):
    PowerProfile.objects.all().delete()

    models = detail_of(alice, server).models

    assert [line.energy_kwh for line in models] == [None, None]
    assert "No power profile" in models[0].reason


def test_starts_and_stops_of_this_instance_only_are_told(alice, server):
    told = {"aws_account": server.aws_account, "region": server.region}
    InstanceEventFactory.create(**told, instance_id=server.instance_id, actor="jane")
    InstanceEventFactory.create(**told, instance_id="i-other", actor="bob")

    assert [event.actor for event in runtime_detail(alice, instance=server, window=WINDOW).events] == ["jane"]


def starts_and_stops(client, instance):
    page = client.get(f"/instances/{instance.pk}/runtime").content.decode()
    return " ".join(page[page.index("<h3>Starts and stops</h3>") :].split("</section>")[0].split())


def read_events(instance, **values):
    for name in EVENT_NAMES:
        EventWatermark.objects.create(
            aws_account=instance.aws_account, region=instance.region, event_name=name,
            **{"read_from": NOW - timedelta(days=90), "read_until": NOW} | values,
        )  # fmt: skip


def test_no_event_is_said_to_be_told_only_where_cloudtrail_was_read(alice_client, server):
    assert "CloudTrail has not been read yet for this region" in starts_and_stops(alice_client, server)

    read_events(server)

    assert "CloudTrail told of no start or stop between" in starts_and_stops(alice_client, server)


def test_a_cloudtrail_that_was_read_for_a_part_of_the_time_says_since_when(alice_client, server):
    read_events(server, read_from=NOW - timedelta(days=2))

    assert "but it was read from" in starts_and_stops(alice_client, server)


def test_a_cloudtrail_that_may_not_be_read_says_so_and_what_mends_it(alice_client, server):
    SourceStatusFactory.create(
        aws_account=server.aws_account, source="aws_cloudtrail", state="denied", last_success_at=None,
        last_error="AWS does not allow cloudtrail:LookupEvents.", fix="Allow it.",
    )  # fmt: skip

    told = starts_and_stops(alice_client, server)

    assert "told of no start" not in told
    assert "AWS does not allow cloudtrail:LookupEvents. Allow it." in told


def test_trouble_in_another_region_is_none_of_this_instances(alice_client, server):
    read_events(server)
    detail = {"xx-far-1": {"state": "denied", "rows": 0, "error": "Not there.", "fix": ""}}
    SourceStatusFactory.create(
        aws_account=server.aws_account, source="aws_cloudtrail", state="degraded", last_error="xx-far-1: Not there.",
        detail=detail,
    )  # fmt: skip

    assert "Not there." not in starts_and_stops(alice_client, server)


def test_a_stop_that_only_an_earlier_inventory_told_is_shown_as_such(alice_client, server):
    InstanceEventFactory.create(
        aws_account=server.aws_account, region=server.region, instance_id=server.instance_id, name="InventoryStop",
        actor="Client.InstanceInitiatedShutdown", source="aws_ec2", occurred_at=NOW - timedelta(days=2),
    )  # fmt: skip

    told = starts_and_stops(alice_client, server)

    assert "Stopped" in told
    assert "told by EC2&#x27;s inventory: Client.InstanceInitiatedShutdown" in told.replace("EC2's", "EC2&#x27;s")


def test_a_page_leads_to_what_explains_when_it_ran(alice_client, server):
    assert f'href="/instances/{server.pk}/runtime"' in alice_client.get(f"/instances/{server.pk}/").content.decode()
    part = alice_client.get(f"/instances/{server.pk}/runtime", headers={"HX-Request": "true"}).content.decode()
    page = alice_client.get(f"/instances/{server.pk}/runtime").content.decode()

    assert "<html" in page
    assert "<html" not in part
    assert part.strip() in page

    assert "When it ran, and how we know" in page
    assert "Because" in page


def test_an_instance_without_ledger_has_a_page_that_says_so(alice_client, team):
    instance = an_instance(an_account(team), days=())

    page = alice_client.get(f"/instances/{instance.pk}/").content.decode()

    assert "No ledger yet for these hours" in page
    assert figure_on(page, "list_cost") is None


def test_queries_do_not_grow_with_days(alice, team, django_assert_max_num_queries):
    counts = []
    for days in ((1, 2, 3), range(31)):
        instance = an_instance(an_account(team), days=days)
        with django_assert_max_num_queries(22) as queries:
            detail_of(alice, instance)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_bounds_are_told_where_a_stop_was_not_logged(alice, team):
    bounds = {"running_hours_lower": 20.0, "running_hours_upper": 24.0}
    instance = an_instance(an_account(team), days=(1, 2), ledger=bounds)

    runtime = next(ground for ground in detail_of(alice, instance).grounds if ground.part == "runtime")

    assert runtime.says.startswith("Between 40.00 and 48.00 hours")


def test_hours_are_packed_as_32_bits_and_shown_without_their_noise(alice, team):
    odd = np.full(24, 0.1, dtype=np.float32)
    instance = an_instance(an_account(team), days=(1,), ledger={"energy_kwh_by_hour": odd})

    assert hour_lines(alice, instance, Period.of_day(days_ago(1)), now=NOW)[0].energy_kwh == 0.1
