from datetime import date
from decimal import Decimal

import pytest

from costing.estimators.money import Rate
from costing.models import ExchangeRate
from costing.selectors.money import display_rate
from tests.factories import TeamFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_rates_of_the_euro")]
TODAY = date(2026, 3, 18)


@pytest.fixture
def _rates_of_the_euro():
    for day, per_usd in ((date(2026, 3, 1), "0.92"), (date(2026, 3, 19), "0.95")):
        ExchangeRate.objects.create(currency="EUR", day=day, per_usd=Decimal(per_usd), source="European Central Bank")


def test_a_team_reads_in_its_own_currency_at_the_latest_rate_of_the_day():
    shown = display_rate(team=TeamFactory.create(display_currency="EUR"), day=TODAY)

    assert shown.rate == Rate("EUR", Decimal("0.92"), date(2026, 3, 1), "European Central Bank")
    assert (shown.is_fallback, shown.reason) == (False, "")


def test_a_team_without_a_choice_reads_in_the_installations_currency(settings):
    settings.DISPLAY_CURRENCY = "EUR"

    assert display_rate(team=TeamFactory.create(), day=TODAY).rate.currency == "EUR"


def test_dollars_need_no_rate():
    shown = display_rate(team=TeamFactory.create(), day=TODAY)

    assert (shown.rate.currency, shown.rate.per_usd, shown.is_fallback) == ("USD", 1, False)


def test_without_a_rate_figures_stay_in_dollars_and_say_so():
    shown = display_rate(team=TeamFactory.create(display_currency="EUR"), day=date(2026, 2, 28))

    assert (shown.rate.currency, shown.is_fallback) == ("USD", True)
    assert "No exchange rate of EUR is known for 2026-02-28 or before" in shown.reason
