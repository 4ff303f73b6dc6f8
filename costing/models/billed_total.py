from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models import AwsAccount, Team, User


class BilledTotalQuerySet(models.QuerySet["BilledTotal"]):
    """Totals of bills, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the teams that `user` is a member of."""
        return self.filter(team__in=Team.objects.visible_to(user))


class BilledTotal(models.Model):
    """The bills of a team and day added up: a row a service and record type, and (of no service) a row an account.

    What the explorer sums, so that it reads dozens of rows a day where BilledCost has thousands. They count only
    while BilledStand says so. The rows without an account add up to the bill, and so do those with one.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="billed_totals", db_index=False)
    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, null=True, related_name="billed_totals")
    day = models.DateField()
    service = models.CharField(max_length=200, blank=True)
    record_type = models.CharField(max_length=60, blank=True)
    currency = models.CharField(max_length=3)
    unblended_cost = models.DecimalField(max_digits=22, decimal_places=10)
    amortized_cost = models.DecimalField(max_digits=22, decimal_places=10)

    objects = BilledTotalQuerySet.as_manager()

    class Meta:
        ordering = ["day", "service", "record_type"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "day", "service", "record_type", "currency"],
                condition=Q(aws_account=None),
                name="billed_total_once_per_day_service_and_record_type",
            ),
            models.UniqueConstraint(
                fields=["team", "day", "aws_account", "currency"],
                condition=Q(aws_account__isnull=False),
                name="billed_total_once_per_day_and_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team_id} on {self.day}: {self.unblended_cost} {self.currency}"


class BilledStandQuerySet(models.QuerySet["BilledStand"]):
    """What totals hold, as a user may see it."""

    def visible_to(self, user: User) -> Self:
        """Of the teams that `user` is a member of."""
        return self.filter(team__in=Team.objects.visible_to(user))


class BilledStand(models.Model):
    """Whose bills are in a team's totals. Where one of them is to be seen no more, the totals do not count."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, primary_key=True, related_name="billed_stand")
    account_ids = models.JSONField(default=list, help_text="Keys of accounts, in order.")

    objects = BilledStandQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{len(self.account_ids)} accounts of team {self.team_id}"


class BilledMonthQuerySet(models.QuerySet["BilledMonth"]):
    """Months of bills, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))


class BilledMonth(models.Model):
    """The bill of an account and calendar month by service and record type: for sums over whole months alone.

    Written with the team's BilledTotal, and like it counting while BilledStand says so.
    """

    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, related_name="billed_months", db_index=False)
    day = models.DateField(help_text="The first of the month.")
    service = models.CharField(max_length=200, blank=True)
    record_type = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    unblended_cost = models.DecimalField(max_digits=22, decimal_places=10)
    amortized_cost = models.DecimalField(max_digits=22, decimal_places=10)

    objects = BilledMonthQuerySet.as_manager()

    class Meta:
        ordering = ["day", "service", "record_type"]
        constraints = [
            models.UniqueConstraint(
                fields=["aws_account", "day", "service", "record_type", "currency"],
                name="billed_month_once_per_service_and_record_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m} {self.service or 'all services'}: {self.unblended_cost} {self.currency}"
