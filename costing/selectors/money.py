"""In which currency a team reads its figures, and at which rate."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings

from accounts.models import Team
from costing.estimators.money import USD, Rate
from costing.models import ExchangeRate


@dataclass(frozen=True, slots=True)
class DisplayRate:
    """The rate that a team's dollars are shown with.

    `reason` says why it is not the currency the team chose, and is empty where it is.
    """

    rate: Rate
    reason: str = ""

    @property
    def is_fallback(self) -> bool:
        """Whether dollars are shown though the team chose another currency."""
        return bool(self.reason)


def display_rate(*, team: Team, day: date) -> DisplayRate:
    """The latest rate on or before `day` of the currency the team chose, or the installation chose for it.

    Without such a rate figures stay in US dollars, and the answer says so.
    """
    dollars = Rate(USD, Decimal(1), day, "by definition")
    currency = (team.display_currency or settings.DISPLAY_CURRENCY).upper()
    if currency == USD:
        return DisplayRate(dollars)
    row = ExchangeRate.objects.filter(currency=currency, day__lte=day).order_by("-day").first()
    if row is None:
        return DisplayRate(
            dollars,
            f"No exchange rate of {currency} is known for {day} or before, so figures are in USD. "
            "A platform admin can enter one.",
        )
    return DisplayRate(Rate(row.currency, row.per_usd, row.day, row.source))
