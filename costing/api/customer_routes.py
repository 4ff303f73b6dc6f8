"""Routes directly below /api/ in the shape of the customer's document: {"success": …, "data" or "error": …}."""

from typing import Any

from django.urls import path
from django.urls.resolvers import URLPattern
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.api.requests import SignedInApiRequest, scope_or_404
from accounts.selectors.health import data_health
from costing.forms import ScopeForm
from costing.selectors.billed import no_bill
from costing.selectors.complete_days import billing_lag
from costing.selectors.figures import BILL_SOURCES
from costing.selectors.service_costs import ServiceCosts, service_costs
from finops.core.answers import ReadView
from finops.core.parameters import checked

_NO_SERVICE = "No service"  # charges of a payer that are not usage


class CustomerView(ReadView):
    """A view whose every answer says whether it succeeded; an error is a sentence, with the status it has anywhere."""

    def handle_exception(self, error: Exception) -> Response:
        """`{"success": false, "error": …}`."""
        response = super().handle_exception(error)
        told = response.data if isinstance(response.data, dict) else {}
        named = [f"{each['parameter']}: {each['message']}".removeprefix(": ") for each in told.get("errors", [])]
        words = " ".join(named) or str(told.get("detail", ""))
        response.data = {"success": False, "error": words or response.status_text}
        response.content_type = "application/json"
        return response

    def succeeded(self, data: Any) -> Response:
        """`{"success": true, "data": …}`."""
        return Response({"success": True, "data": data})


class Costs(CustomerView):
    """What each service was billed."""

    @extend_schema(exclude=True)
    def get(self, request: SignedInApiRequest) -> Response:
        """Over the complete days of the last so many; currencies apart."""
        form = checked(ScopeForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        window = form.window(now=timezone.now())
        health = data_health(scope, now=window.now)
        costs = service_costs(scope, window)
        complete = window.complete_after(billing_lag()).days()
        only = costs[0] if len(costs) == 1 else None
        stand = health.stand(BILL_SOURCES)
        return self.succeeded(
            {
                "start_date": window.first,
                "end_date": complete[-1] if complete else None,
                "as_of": stand.as_of,
                # Currencies are never added: with several of them the sums stand in `currencies` alone.
                "currency": only.currency if only else None,
                "total_cost": _money(only.total) if only else None,
                "costs_by_service": _told(only)["costs_by_service"] if only else {},
                "daily": _told(only)["daily"] if only else [],
                "currencies": [_told(each) for each in costs],
                "reason": "" if costs else no_bill(health, has_complete_days=bool(complete)).reason,
            }
        )


def _told(costs: ServiceCosts) -> dict[str, Any]:
    return {
        "currency": costs.currency,
        "total_cost": _money(costs.total),
        "costs_by_service": _by_service(costs.by_service),
        "daily": [
            {"date": day, "total_cost": _money(sum(each.values())), "costs_by_service": _by_service(each)}
            for day, each in costs.by_day.items()
        ],
    }


def _by_service(costs: Any) -> dict[str, float]:
    return {service or _NO_SERVICE: _money(cost) for service, cost in costs.items()}


def _money(amount: Any) -> float:
    """A number, as the document has it; /api/v1 tells the exact decimals as text."""
    return float(amount)


_ROUTES: dict[str, tuple[str, type[CustomerView]]] = {
    "costs": ("customer-costs", Costs),
}

urlpatterns: list[URLPattern] = [
    path(f"{route}{slash}", view.as_view(), name=name) for slash in ("/", "") for route, (name, view) in _ROUTES.items()
]
