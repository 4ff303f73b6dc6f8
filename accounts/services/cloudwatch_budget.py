"""What may still be spent on CloudWatch for an account this month."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Sum

from accounts.models import AwsAccount, SourceStatus
from finops.core.periods import DAY

_LONGEST_MONTH = timedelta(days=31)


def monthly_budget() -> Decimal:
    """Dollars an account and month."""
    return Decimal(settings.CLOUDWATCH_BUDGET_USD_PER_MONTH)


def budget_left(*, account: AwsAccount, sources: Sequence[str], now: datetime) -> Decimal:
    """What `sources` together may spend now. The budget is spread over the month, with a day's in advance.

    So its last days are not worse off than its first. Negative where more was spent than was there.
    """
    month_began = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = SourceStatus.objects.filter(aws_account=account, source__in=sources, month=month_began.date())
    spent: Decimal = rows.aggregate(spent=Sum("cost_usd"))["spent"] or Decimal(0)
    return monthly_budget() * Decimal((now - month_began + DAY) / _LONGEST_MONTH) - spent
