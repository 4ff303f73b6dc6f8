from datetime import date
from decimal import Decimal

import pytest
from django.contrib.admin.sites import AdminSite
from django.test import RequestFactory

from accounts.models import User
from costing.admin import BilledCostAdmin, ExchangeRateAdmin, ExchangeRateForm, PriceAdmin
from costing.models import BilledCost, ExchangeRate, Price


@pytest.fixture
def admin_request():
    request = RequestFactory().get("/")
    request.user = User(email="admin@example.com", is_staff=True, is_superuser=True)
    return request


def form(currency):
    fields = {"currency": currency, "day": date(2026, 3, 1), "per_usd": Decimal("0.92"), "source": "A bank"}
    made = ExchangeRateAdmin(ExchangeRate, AdminSite()).get_form(None)
    return made(fields)


@pytest.mark.parametrize(("admin", "model"), [(PriceAdmin, Price), (BilledCostAdmin, BilledCost)])
def test_not_even_a_platform_admin_edits_facts(admin_request, admin, model):
    page = admin(model, AdminSite())

    assert page.has_view_permission(admin_request)
    assert not page.has_add_permission(admin_request)
    assert not page.has_change_permission(admin_request)
    assert not page.has_delete_permission(admin_request)


def test_a_platform_admin_edits_exchange_rates(admin_request):
    page = ExchangeRateAdmin(ExchangeRate, AdminSite())

    assert page.has_add_permission(admin_request)
    assert page.has_change_permission(admin_request)
    assert issubclass(page.get_form(admin_request), ExchangeRateForm)


@pytest.mark.django_db
def test_a_currency_is_written_in_capitals_whoever_types_it():
    made = form("eur")

    assert made.is_valid()
    assert made.cleaned_data["currency"] == "EUR"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("currency", "why"), [("USD", "it has none itself"), ("E1R", "three letters"), ("€", "three letters")]
)
def test_a_rate_of_no_currency_or_of_the_dollar_is_refused(currency, why):
    made = form(currency)

    assert why in str(made.errors["currency"])
