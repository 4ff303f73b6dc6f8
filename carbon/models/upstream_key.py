from typing import Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from accounts.models import Membership, Team, User
from finops.core.encryption import SealedField, bound


class KeyedUpstream(models.TextChoices):
    """The sources of carbon intensity that want a key."""

    ELECTRICITY_MAPS = "electricity_maps", "Electricity Maps"
    WATTTIME = "watttime", "WattTime"


class UpstreamKeyQuerySet(models.QuerySet["UpstreamKey"]):
    """Keys, as a user or a team may know of them."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those of the user's teams; the one of the whole installation is the platform admin's."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(team__in=Membership.objects.held_by(user).values("team"))

    def answering(self, team: Team) -> Self:
        """Those whose answers `team` may use: its own, and the one of the whole installation."""
        return self.filter(Q(team=None) | Q(team=team))


class UpstreamKey(models.Model):
    """A key for a source of carbon intensity, a team's or the whole installation's (`team` empty).

    What a team's key fetches answers that team only. Secret and token are sealed, and leave this table as four
    characters at the most.
    """

    upstream = models.CharField(max_length=40, choices=KeyedUpstream)
    team = models.ForeignKey(
        Team,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the whole installation. What a team's key fetches answers that team only.",
    )
    user_name = models.CharField(max_length=150, blank=True, help_text="For WattTime, which wants one.")
    secret = SealedField(editable=False)
    last_four = models.CharField(max_length=4, blank=True, editable=False)
    access = models.JSONField(
        default=dict, blank=True, editable=False, help_text="By zone, what the source said the key may ask."
    )
    checked_at = models.DateTimeField(null=True, editable=False, help_text="When the source was asked that last.")
    last_error = models.CharField(max_length=500, blank=True, editable=False, help_text="Of that question.")
    token = SealedField(blank=True, editable=False, help_text="What the secret was exchanged for last.")
    token_expires_at = models.DateTimeField(null=True, editable=False)

    objects = UpstreamKeyQuerySet.as_manager()

    class Meta:
        ordering = ["upstream", "team"]
        constraints = [
            models.UniqueConstraint("upstream", Coalesce("team", 0), name="one_key_for_an_upstream_and_team"),
        ]

    def __str__(self) -> str:
        return f"{self.get_upstream_display()} · {self.team or 'whole installation'}"

    def bound_to(self, column: str) -> str:
        """What the sealed text in `column` is bound to."""
        return bound(self._meta.db_table, column, self.team_id)
