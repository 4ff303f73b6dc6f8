"""The ledger as the explorer sums it: from daily totals, or by instance and tag from its own rows."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, Q, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from accounts.selectors.scope import Scope
from costing.models import CostSnapshot, DailyTotal
from costing.selectors.explorer.facts import Facts, as_text
from costing.selectors.explorer.question import BY_INSTANCE, Dimension, Measure, Question
from costing.selectors.figures import Basis

_PLACES = Decimal("0.00000001")  # as the ledger stores money
_BOTH_KNOWN = Q(list_cost_usd__isnull=False, operational_gco2e__isnull=False)
_CARBON = F("operational_gco2e") + Coalesce("embodied_gco2e", 0.0)

_AMOUNTS: Mapping[Measure, Any] = {
    Measure.LIST: "list_cost_usd",
    Measure.ENERGY: "energy_kwh",
    Measure.OPERATIONAL: "operational_gco2e",
    Measure.EMBODIED: "embodied_gco2e",
    Measure.CARBON: _CARBON,
    Measure.INTENSITY: Case(When(_BOTH_KNOWN, then=_CARBON)),
}
_WITHOUT_POWER = F("instances_without_power")
_UNKNOWN_OF_TOTALS: Mapping[Measure, Any] = {
    Measure.LIST: "instances_without_price",
    Measure.ENERGY: _WITHOUT_POWER,
    Measure.OPERATIONAL: _WITHOUT_POWER + F("instances_without_intensity"),
    Measure.CARBON: _WITHOUT_POWER + F("instances_without_intensity"),
}


def ledger_facts(scope: Scope, question: Question, basis: Basis) -> Facts:
    """The ledger's rows that `question` asks about."""
    measure = question.measure
    is_money = measure is Measure.LIST
    by_instance = bool(question.used & BY_INSTANCE)
    rows: Any = (CostSnapshot if by_instance else DailyTotal).objects.visible_to(scope.user)
    columns: dict[str, Any] = {
        Dimension.TEAM: "aws_account__team__slug",
        Dimension.ACCOUNT: "aws_account__account_id",
        Dimension.REGION: "region",
        Dimension.TYPE: "instance_type",
    }
    if by_instance:
        columns[Dimension.INSTANCE] = as_text("instance_id")
        # The key is a reader's own words: as a lookup's name it would be taken apart at its underscores.
        tag = Cast(KeyTextTransform(question.tag, F("instance__tags")), TextField())
        columns[Dimension.TAG] = Coalesce(tag, Value(""), output_field=TextField())
    all_rows = rows = rows.filter(aws_account__in=scope.accounts())
    for dimension, value in question.filters.items():
        rows = rows.alias(**{f"only_{dimension}": _named(columns[dimension])}).filter(**{f"only_{dimension}": value})
    return Facts(
        rows=rows,
        all_rows=all_rows,
        columns=columns,
        unit=unit_of(measure, basis),
        amount=_AMOUNTS[measure],
        places=_PLACES if is_money else None,
        per=Case(When(_BOTH_KNOWN, then="list_cost_usd")) if measure.is_ratio else None,
        unknown=_unknown(measure, by_instance=by_instance),
        grade="cost_grade" if is_money else "carbon_grade",
        money=lambda usd: basis.money(usd) or usd,
    )


def unit_of(measure: Measure, basis: Basis) -> str:
    """The unit of the ledger's `measure`: the currency that list cost is shown in, kWh, gCO2e, or grams for money."""
    return {
        Measure.LIST: basis.currency,
        Measure.ENERGY: "kWh",
        Measure.INTENSITY: f"gCO2e/{basis.currency}",
    }.get(measure, "gCO2e")


def _unknown(measure: Measure, *, by_instance: bool) -> Any:
    """The instance-days whose part is not known; of a ledger row, one where the amount is NULL."""
    if not by_instance:
        return _UNKNOWN_OF_TOTALS.get(measure)
    column = _AMOUNTS[measure] if isinstance(_AMOUNTS[measure], str) else "operational_gco2e"
    return None if measure.is_ratio else Case(When(**{f"{column}__isnull": True}, then=1), default=0)


def _named(column: Any) -> Any:
    return F(column) if isinstance(column, str) else column
