from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEntry, TouchedDay, User
from carbon.models import CarbonReading, CloudRegion, PowerProfile, Zone
from tests.conftest import NOW
from tests.factories import (
    CarbonReadingFactory,
    CloudRegionFactory,
    InstanceFactory,
    PowerProfileFactory,
    UserFactory,
    ZoneFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def platform_admin() -> User:
    return UserFactory.create(is_staff=True, is_superuser=True)


@pytest.fixture
def admin_client(client: Client, platform_admin: User) -> Client:
    client.force_login(platform_admin)
    return client


def region_form(region: CloudRegion, **changes: object) -> dict[str, object]:
    fields = ["provider", "region", "name", "city", "country", "latitude", "longitude", "pue", "pue_source", "source"]
    form: dict[str, object] = {name: getattr(region, name) for name in fields} | {"zone": region.zone_id}
    return form | ({"pue_is_default": "on"} if region.pue_is_default else {}) | changes


def zone_form(zone: Zone, **changes: object) -> dict[str, object]:
    fields = [
        "name",
        "kind",
        "signal",
        "optimal_below_gco2e_per_kwh",
        "high_above_gco2e_per_kwh",
        "yearly_mean_gco2e_per_kwh",
        "yearly_mean_year",
        "yearly_mean_source",
    ]
    return {name: getattr(zone, name) for name in fields} | {"sources": "[]"} | changes


def test_thresholds_of_a_zone_can_be_edited_and_change_no_figure(admin_client: Client):
    zone = CloudRegionFactory.create().zone
    InstanceFactory.create(region="eu-central-1")

    answer = admin_client.post(
        f"/admin/carbon/zone/{zone.key}/change/",
        zone_form(zone, high_above_gco2e_per_kwh=450, _preview_seen="yes"),
    )

    zone.refresh_from_db()
    assert (answer.status_code, zone.high_above_gco2e_per_kwh) == (302, 450)
    assert not TouchedDay.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.door, entry.before, entry.after) == (
        "zone.changed",
        "admin",
        {"high_above_gco2e_per_kwh": 300.0},
        {"high_above_gco2e_per_kwh": 450.0},
    )


@pytest.mark.usefixtures("clock_at_now")
def test_other_thresholds_show_what_they_would_flag_before_they_are_saved(admin_client: Client):
    zone = ZoneFactory.create()
    for hours, value in ((1, 90), (2, 250), (3, 310), (24 * 8, 350), (24 * 31, 999)):
        CarbonReadingFactory.create(zone=zone, gco2e_per_kwh=value, starts_at=NOW - timedelta(hours=hours))
    form = zone_form(zone, optimal_below_gco2e_per_kwh=260, high_above_gco2e_per_kwh=320)

    page = admin_client.post(f"/admin/carbon/zone/{zone.key}/change/", form)

    week, month = page.context["sources"]
    assert [(each.name, each.hours_before, each.hours_after) for each in week.classes] == [
        ("optimal", 1, 2),
        ("moderate", 1, 1),
        ("high", 1, 0),
    ]
    assert [each.hours_after for each in month.classes] == [2, 1, 1]  # 350 g is older than a week, 999 g than a month
    zone.refresh_from_db()
    assert zone.optimal_below_gco2e_per_kwh == 100
    seen = dict(page.context["given"]) | {"_preview_seen": "yes"}
    assert admin_client.post(f"/admin/carbon/zone/{zone.key}/change/", seen).status_code == 302
    zone.refresh_from_db()
    assert (zone.optimal_below_gco2e_per_kwh, zone.high_above_gco2e_per_kwh) == (260, 320)


def test_thresholds_in_the_wrong_order_are_refused(admin_client: Client):
    zone = ZoneFactory.create()

    answer = admin_client.post(
        f"/admin/carbon/zone/{zone.key}/change/", zone_form(zone, optimal_below_gco2e_per_kwh=500)
    )

    zone.refresh_from_db()
    assert (answer.status_code, zone.optimal_below_gco2e_per_kwh) == (200, 100)


def test_a_new_yearly_mean_marks_the_days_that_may_rest_on_it(admin_client: Client):
    zone = CloudRegionFactory.create().zone
    instance = InstanceFactory.create(region="eu-central-1")
    InstanceFactory.create(region="eu-west-3")

    admin_client.post(f"/admin/carbon/zone/{zone.key}/change/", zone_form(zone, yearly_mean_gco2e_per_kwh=350))

    assert set(TouchedDay.objects.values_list("aws_account_id", flat=True)) == {instance.aws_account_id}


@pytest.mark.parametrize("changes", [{"pue": 1.5}, {"zone": "FR"}])
def test_a_new_zone_or_efficiency_of_a_region_marks_its_days(admin_client: Client, changes: dict[str, object]):
    region = CloudRegionFactory.create()
    ZoneFactory.create(key="FR", name="France")
    instance = InstanceFactory.create(region="eu-central-1")
    InstanceFactory.create(region="eu-west-3")

    answer = admin_client.post(f"/admin/carbon/cloudregion/{region.pk}/change/", region_form(region) | changes)

    assert answer.status_code == 302
    assert set(TouchedDay.objects.values_list("aws_account_id", flat=True)) == {instance.aws_account_id}
    assert TouchedDay.objects.earliest("day").day == instance.first_launched_at.date()


@pytest.mark.parametrize("changes", [{"provider": "azure"}, {"region": "xx-test-1"}], ids=["provider", "region"])
def test_a_region_that_becomes_another_marks_the_days_of_both(admin_client: Client, changes: dict[str, str]):
    region = CloudRegionFactory.create()
    instances = [InstanceFactory.create(region=name) for name in ("eu-central-1", "xx-test-1")]
    InstanceFactory.create(region="us-east-1")

    admin_client.post(f"/admin/carbon/cloudregion/{region.pk}/change/", region_form(region) | changes)

    concerned = instances if "region" in changes else instances[:1]
    assert set(TouchedDay.objects.values_list("aws_account_id", flat=True)) == {i.aws_account_id for i in concerned}


@pytest.mark.parametrize("path", ["{pk}/delete/", ""], ids=["one", "from the list"])
def test_a_region_that_is_deleted_marks_its_days(admin_client: Client, path: str):
    region = CloudRegionFactory.create()
    instance = InstanceFactory.create(region="eu-central-1")
    form = {"post": "yes", "action": "delete_selected", "_selected_action": region.pk}

    answer = admin_client.post(f"/admin/carbon/cloudregion/{path.format(pk=region.pk)}", form)

    assert (answer.status_code, CloudRegion.objects.filter(pk=region.pk).exists()) == (302, False)
    assert set(TouchedDay.objects.values_list("aws_account_id", flat=True)) == {instance.aws_account_id}


def test_a_typed_in_efficiency_is_no_default_any_more(admin_client: Client):
    region = CloudRegionFactory.create(region="xx-test-1", pue=1.15, pue_is_default=True)

    admin_client.post(f"/admin/carbon/cloudregion/{region.pk}/change/", region_form(region, pue=1.3))

    region.refresh_from_db()
    assert (region.pue, region.pue_is_default) == (1.3, False)


@pytest.mark.parametrize("model", ["zone", "cloudregion", "carbonreading", "powerprofile"])
def test_every_list_opens_and_is_for_platform_admins_only(admin_client: Client, alice_client: Client, model: str):
    CarbonReadingFactory.create()
    PowerProfileFactory.create(is_known=True)
    PowerProfileFactory.create(instance_type="zz9.plural", is_known=False, load_percent=[], watts=[])
    CloudRegionFactory.create()
    admin_client.force_login(UserFactory.create(is_staff=True, is_superuser=True))

    opened = admin_client.get(f"/admin/carbon/{model}/")
    alice_client.force_login(UserFactory.create())
    refused = alice_client.get(f"/admin/carbon/{model}/")

    assert opened.status_code == 200
    assert refused.status_code in {302, 403}


@pytest.mark.parametrize(
    ("model", "factory"), [(CarbonReading, CarbonReadingFactory), (PowerProfile, PowerProfileFactory)]
)
def test_facts_can_be_looked_at_and_neither_added_nor_changed_nor_deleted(admin_client: Client, model, factory):
    row = factory.create()
    address = f"/admin/carbon/{model._meta.model_name}"

    statuses = [
        admin_client.get(f"{address}/{row.pk}/change/").status_code,
        admin_client.post(f"{address}/{row.pk}/change/", {}).status_code,
        admin_client.get(f"{address}/add/").status_code,
        admin_client.post(f"{address}/{row.pk}/delete/", {"post": "yes"}).status_code,
    ]

    assert statuses == [200, 403, 403, 403]
    assert model.objects.filter(pk=row.pk).exists()
