"""How a team reads its figures."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import AuditEntry, Team
from costing.models import ExchangeRate
from costing.selectors.rates import rates_in_force
from tests.conftest import NOW
from tests.factories import MembershipFactory, TeamFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]


@pytest.fixture(autouse=True)
def _rates():
    for day, per_usd in ((date(2026, 3, 1), "0.91"), (date(2026, 3, 17), "0.92"), (date(2026, 3, 19), "0.99")):
        ExchangeRate.objects.create(currency="EUR", day=day, per_usd=Decimal(per_usd), source="ECB")
    ExchangeRate.objects.create(currency="GBP", day=date(2026, 3, 19), per_usd=Decimal("0.8"), source="ECB")


def settings_of(team, **changes):
    names = ["name", "display_currency", "power_model", "time_zone"]
    thresholds = {"optimal_below_gco2e_per_kwh": "", "high_above_gco2e_per_kwh": ""}
    return {name: getattr(team, name) for name in names} | thresholds | changes


def test_the_rate_in_force_is_the_latest_that_is_known():
    assert [(rate.currency, rate.per_usd, rate.day) for rate in rates_in_force(NOW.date())] == [
        ("EUR", Decimal("0.92"), date(2026, 3, 17))
    ]


def test_an_owner_chooses_and_it_is_written_down(alice_client, team):
    chosen = settings_of(team, display_currency="EUR", time_zone="Europe/Berlin", power_model="linear_30_70",
                         optimal_below_gco2e_per_kwh="80", high_above_gco2e_per_kwh="250.5")  # fmt: skip

    answer = alice_client.post(f"/settings/?team={team.slug}", chosen)

    team.refresh_from_db()
    assert answer.status_code == 302
    assert (team.display_currency, team.time_zone, team.power_model) == ("EUR", "Europe/Berlin", "linear_30_70")
    assert (team.optimal_below_gco2e_per_kwh, team.high_above_gco2e_per_kwh) == (80, 250.5)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.before["time_zone"], entry.after["time_zone"]) == (
        "team.changed",
        "UTC",
        "Europe/Berlin",
    )
    page = alice_client.get("/settings/").content.decode()
    assert "0.92 EUR" in page
    assert "17 Mar 2026" in page
    assert "ECB" in page
    assert "UTC+1" in page


def test_the_same_settings_again_are_no_change(alice_client, team):
    alice_client.post("/settings/", settings_of(team))

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_currency", "GBP"),  # its rate is of tomorrow
        ("display_currency", "XYZ"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("power_model", "wishful"),
        ("name", ""),
        ("name", "Charlie's team"),
        ("name", "a\u202eb"),
        ("optimal_below_gco2e_per_kwh", "NaN"),
        ("optimal_below_gco2e_per_kwh", "1e999"),
        ("optimal_below_gco2e_per_kwh", "-1"),
        ("high_above_gco2e_per_kwh", "12,5"),
        ("high_above_gco2e_per_kwh", "300"),  # alone: the other is missing
    ],
)
def test_what_cannot_be_is_refused_by_its_field(alice_client, team, charlie, field, value):
    del charlie
    missing = {"high_above_gco2e_per_kwh": "optimal_below_gco2e_per_kwh"}
    blamed = missing[field] if value == "300" else field

    answer = alice_client.post("/settings/", settings_of(team, **{field: value}))

    assert answer.status_code == 200
    assert answer.context["form"].errors[blamed]
    assert not AuditEntry.objects.exists()


def test_thresholds_stand_in_their_order(alice_client, team):
    wrong = settings_of(team, optimal_below_gco2e_per_kwh="300", high_above_gco2e_per_kwh="100")

    assert alice_client.post("/settings/", wrong).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_members_see_the_settings_and_owners_change_them(client, team, role):
    user = UserFactory.create()
    MembershipFactory.create(team=team, user=user, role=role)
    client.force_login(user)

    page = client.get("/settings/").content.decode()
    assert "the installation&#x27;s own (USD)" in page
    assert "each zone&#x27;s own" in page
    assert "<form" not in page.partition("<main")[2]
    assert client.post("/settings/", settings_of(team, name="Mine")).status_code == 403
    assert not Team.objects.filter(name="Mine").exists()


def test_a_stranger_finds_no_such_team(client, charlie, team):
    client.force_login(charlie)

    assert client.get(f"/settings/?team={team.slug}").status_code == 404
    assert client.post(f"/settings/?team={team.slug}", settings_of(team, name="x")).status_code == 404


def test_the_pages_cost_no_more_queries_with_many_teams(client, alice, team, django_assert_max_num_queries):
    for other in TeamFactory.create_batch(5):
        MembershipFactory.create(team=other, user=alice)
    client.force_login(alice)

    with django_assert_max_num_queries(11):
        client.get(f"/settings/?team={team.slug}")
    with django_assert_max_num_queries(11):
        client.get(f"/settings/members/?team={team.slug}")
