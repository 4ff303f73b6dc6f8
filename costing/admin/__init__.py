"""The platform admin's desk for money: rates, functional units, limits of findings; and a look at what is kept."""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm

from accounts.admin.audited import AuditedAdmin
from costing.estimators.money import USD
from costing.models import BilledCost, ExchangeRate, FunctionalUnit, Price
from finops.core.display import is_currency
from finops.core.read_only_admin import ReadOnlyAdmin

from .thresholds import FindingAdmin, ThresholdAdmin

__all__ = ["FindingAdmin", "ThresholdAdmin"]


class ExchangeRateForm(ModelForm):  # type: ignore[type-arg] # generic for the type checker only
    """An exchange rate as a person enters it."""

    def clean_currency(self) -> str:
        """Take "eur" for "EUR"; refuse what is no currency code, and the dollar itself."""
        currency: str = self.cleaned_data["currency"].strip().upper()
        if not is_currency(currency):
            raise ValidationError("A currency is three letters, as in ISO 4217: EUR.")
        if currency == USD:
            raise ValidationError("Rates start from the US dollar, so it has none itself.")
        return currency


@admin.register(ExchangeRate)
class ExchangeRateAdmin(AuditedAdmin):
    """The platform admin's table of dated rates; figures are converted with the latest on or before their day."""

    audited_as = "rate"
    form = ExchangeRateForm
    list_display = ["currency", "day", "per_usd", "source"]
    list_filter = ["currency"]
    date_hierarchy = "day"


@admin.register(FunctionalUnit)
class FunctionalUnitAdmin(AuditedAdmin):
    """What each team's SCI score is divided by."""

    list_display = ["team", "name", "count", "per"]
    list_select_related = ["team"]


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    """Prices by the price list, and why there is none."""

    list_display = [
        "instance_type", "region", "usage_operation", "tenancy", "usd_per_hour", "reason", "source", "retrieved_at"
    ]  # fmt: skip
    list_filter = ["region", "tenancy", "source"]
    search_fields = ["instance_type", "sku"]


@admin.register(BilledCost)
class BilledCostAdmin(ReadOnlyAdmin):
    """Bills as Cost Explorer told them."""

    list_display = [
        "aws_account", "day", "service", "record_type", "unblended_cost", "amortized_cost", "currency", "is_estimated"
    ]  # fmt: skip
    list_select_related = ["aws_account"]
    list_filter = ["record_type", "currency", "is_estimated"]
    search_fields = ["aws_account__account_id", "service"]
    date_hierarchy = "day"
