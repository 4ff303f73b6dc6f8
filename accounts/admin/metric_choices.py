"""The platform admin's desk for metrics: which are asked for, and what that costs before it is saved."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, IntegerField, Value, When
from django.http import HttpRequest

from accounts.admin.audited import AuditedAdmin
from accounts.models import MetricChoice
from accounts.selectors.metric_choices import resources_by_kind, usd_a_month

_OFTEN = (1, 6, 24)


@admin.register(MetricChoice)
class MetricChoiceAdmin(AuditedAdmin):
    """Which metrics CloudWatch is asked for. CPU of EC2 instances always is: the ledger rests on it."""

    list_display = ["metric", "kind", "is_on", "hours_between", "resources", "costs_now", "what_it_would_cost"]
    list_filter = ["kind", "is_on"]
    readonly_fields = ["kind", "metric", "resources", "costs_now", "what_it_would_cost"]
    fields = ["kind", "metric", "resources", "what_it_would_cost", "is_on", "hours_between", "costs_now"]
    ordering = ["kind", "metric"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """With how many resources of each kind there are now."""
        counts = resources_by_kind()
        many = Case(
            *(When(kind=kind.value, then=Value(count)) for kind, count in counts.items()),
            default=Value(0),
            output_field=IntegerField(),
        )
        return super().get_queryset(request).annotate(many=many)

    @admin.display(description="Resources now")
    def resources(self, choice: Any) -> int:
        """In all accounts that are refreshed."""
        return int(choice.many)

    @admin.display(description="USD a month, as it is saved")
    def costs_now(self, choice: Any) -> str:
        """Nothing where it is off."""
        if not choice.is_on:
            return "0.00"
        return str(usd_a_month(resources=choice.many, hours_between=choice.hours_between))

    @admin.display(description="USD a month, if it were on")
    def what_it_would_cost(self, choice: Any) -> str:
        """By how often it is asked, for as many resources as there are now."""
        hours = sorted({*_OFTEN, choice.hours_between})
        costs = [f"{usd_a_month(resources=choice.many, hours_between=each)} every {each} h" for each in hours]
        return " · ".join(costs)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 (Django's signature)
        """Never: which metrics there are, the product knows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 (Django's signature)
        """Never: switch it off."""
        return False
