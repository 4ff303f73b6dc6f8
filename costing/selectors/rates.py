"""The exchange rates in force."""

from datetime import date

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from costing.estimators.money import Rate
from costing.models import ExchangeRate


def rates_in_force(day: date) -> list[Rate]:
    """The latest rate on or before `day` of each currency that has one, by currency; one query."""
    numbered = ExchangeRate.objects.filter(day__lte=day).annotate(
        place=Window(RowNumber(), partition_by=F("currency"), order_by=F("day").desc())
    )
    return [
        Rate(row.currency, row.per_usd, row.day, row.source) for row in numbered.filter(place=1).order_by("currency")
    ]
