"""What each service was billed, day by day: the shape in which the customer's own tools ask."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from accounts.selectors.scope import Scope
from costing.estimators.window import Window
from costing.models import BilledCost
from costing.selectors.complete_days import billing_lag

_PLACES = Decimal("0.0000000001")  # as Cost Explorer's amounts are stored

Costs = Mapping[str, Decimal]  # by service; "" is what a payer is charged without one


@dataclass(frozen=True, slots=True)
class ServiceCosts:
    """The complete days of a window in one currency."""

    currency: str
    by_day: Mapping[date, Costs]

    @property
    def by_service(self) -> dict[str, Decimal]:
        """Over all days, the dearest first."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for costs in self.by_day.values():
            for service, cost in costs.items():
                sums[service] += cost
        return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))

    @property
    def total(self) -> Decimal:
        """What all services come to."""
        return sum(self.by_service.values(), Decimal(0))


def service_costs(scope: Scope, window: Window) -> list[ServiceCosts]:
    """Unblended, all record types, by currency; days whose bill still grows are left out. One query."""
    days = window.complete_after(billing_lag()).days()
    if not days:
        return []
    rows = (
        BilledCost.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts(), day__gte=days[0], day__lte=days[-1])
        .order_by("currency", "day", "service")
        .values_list("currency", "day", "service")
        .annotate(cost=Sum("unblended_cost"))
    )
    found: defaultdict[str, defaultdict[date, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for currency, day, service, cost in rows:
        found[currency][day][service] = cost.quantize(_PLACES)
    return [ServiceCosts(currency, dict(by_day)) for currency, by_day in found.items()]
