from typing import Any, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from accounts.models import Membership, Team, User
from finops.core.periods import HOUR, MICROSECOND, Period

from .zone import Signal, Zone


class LicensedQuerySet(models.QuerySet[Any]):
    """Rows of a source, of which those fetched with a team's key answer that team only."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those that everybody may see, and those licensed to a team of the user's."""
        if not user.is_authenticated:
            return self.filter(licensee=None)
        return self.filter(Q(licensee=None) | Q(licensee__in=Membership.objects.held_by(user).values("team")))

    def answering(self, team: Team) -> Self:
        """Those that may be used in `team`'s figures."""
        return self.filter(Q(licensee=None) | Q(licensee=team))


class CarbonReadingQuerySet(LicensedQuerySet):
    """Readings, as a user or a team may see them."""

    def during(self, period: Period) -> Self:
        """Those that start in `period`."""
        return self.filter(starts_at__gte=period.start, starts_at__lt=period.end)


class CarbonReading(models.Model):
    """The carbon intensity of one zone over one interval, as one source told it."""

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="readings", db_index=False)
    source = models.CharField(max_length=40, help_text='"simulated" for the sandbox\'s own series.')
    signal = models.CharField(max_length=10, choices=Signal, default=Signal.AVERAGE)
    licensee = models.ForeignKey(
        Team,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="The team whose key fetched it; such a row answers that team only.",
    )
    starts_at = models.DateTimeField()
    duration_microseconds = models.PositiveBigIntegerField(
        default=HOUR // MICROSECOND, help_text="0 for an instant, as some files tell it."
    )
    gco2e_per_kwh = models.FloatField()
    is_estimated = models.BooleanField(default=False)
    estimation_method = models.CharField(max_length=60, blank=True)
    updated_at = models.DateTimeField(null=True, help_text="When the source last changed it, by its own word.")
    retrieved_at = models.DateTimeField()

    objects = CarbonReadingQuerySet.as_manager()

    class Meta:
        ordering = ["zone", "starts_at"]
        constraints = [
            # NULL is no value of its own in a unique index, hence the 0 that stands for "no licensee".
            models.UniqueConstraint(
                "zone",
                "source",
                "signal",
                Coalesce("licensee", 0),
                "starts_at",
                name="reading_once_per_source_and_hour",
            ),
            models.CheckConstraint(
                condition=Q(gco2e_per_kwh__gte=0, gco2e_per_kwh__lte=2000), name="intensity_is_plausible"
            ),
        ]
        indexes = [models.Index(fields=["zone", "starts_at"], name="reading_by_zone_and_time")]

    def __str__(self) -> str:
        return f"{self.zone_id} {self.starts_at:%Y-%m-%d %H:%M} {self.gco2e_per_kwh:g} g/kWh"


class ReadingMonth(models.Model):
    """What is stored of one series in one month, so that a reader knows with one small query what it has already.

    Whoever writes readings writes this row in the same transaction (carbon.services.reading_months).
    """

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="+", db_index=False)
    source = models.CharField(max_length=40)
    signal = models.CharField(max_length=10, choices=Signal, default=Signal.AVERAGE)
    licensee = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    month_date = models.DateField(help_text="The first day of the UTC month in which its readings begin.")
    starts_at = models.DateTimeField(help_text="Of its first reading.")
    ends_at = models.DateTimeField(help_text="Of the reading that ends last, maybe in a later month.")
    retrieved_at = models.DateTimeField(help_text="When the newest of its readings came.")
    # A number of chance and no count: one that a rolled back transaction used up never comes again.
    stamp = models.BigIntegerField(help_text="Another one after every change.")

    objects = LicensedQuerySet.as_manager()

    class Meta:
        ordering = ["zone", "month_date"]
        constraints = [
            models.UniqueConstraint(
                "zone",
                "source",
                "signal",
                Coalesce("licensee", 0),
                "month_date",
                name="reading_month_once_per_source",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone_id} {self.month_date:%Y-%m} by {self.source}"
