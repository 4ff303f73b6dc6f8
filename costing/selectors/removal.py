"""What is wiped with an account, counted before somebody confirms it."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Max, Min, Sum

from accounts.models import AwsAccount, Instance, InstanceEvent, User
from costing.models import BilledCost, DailyTotal


@dataclass(frozen=True, slots=True)
class Wiped:
    """How much of each kind of row goes."""

    instances: int
    events: int
    ledger_days: int
    instance_days: int
    first_day: date | None
    last_day: date | None
    billed_days: int
    billed_rows: int
    members: tuple[str, ...]  # accounts whose bill it tells


def what_removal_wipes(user: User, account: AwsAccount) -> Wiped:
    """The counts of an account that `user` may see; five queries, none of which reads the ledger itself."""
    ledger = (
        DailyTotal.objects.visible_to(user)
        .filter(aws_account=account)
        .aggregate(
            days=Count("day", distinct=True), rows=Sum("instance_count"), first_day=Min("day"), last_day=Max("day")
        )
    )
    bills = (
        BilledCost.objects.visible_to(user)
        .filter(aws_account=account)
        .aggregate(days=Count("day", distinct=True), rows=Count("pk"))
    )
    return Wiped(
        instances=Instance.objects.visible_to(user).filter(aws_account=account).count(),
        events=InstanceEvent.objects.visible_to(user).filter(aws_account=account).count(),
        ledger_days=ledger["days"],
        instance_days=ledger["rows"] or 0,
        first_day=ledger["first_day"],
        last_day=ledger["last_day"],
        billed_days=bills["days"],
        billed_rows=bills["rows"],
        members=tuple(
            AwsAccount.objects.visible_to(user).filter(payer=account).order_by("name").values_list("name", flat=True)
        ),
    )
