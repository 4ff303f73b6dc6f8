from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models import Team, User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Saved views, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Their own, and those that their teams share."""
        teams = Team.objects.visible_to(user)
        return self.filter(Q(user=user) | Q(team__in=teams))


class SavedView(models.Model):
    """A question to the explorer that somebody gave a name: for themselves, or for their team."""

    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        related_name="saved_views",
        help_text="Whose it is; nobody's own: a team's.",
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="saved_views")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000, help_text="The explorer's parameters, as its address has them.")
    created_at = models.DateTimeField()

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="view_once_per_user_and_name"),
            models.UniqueConstraint(fields=["team", "name"], name="view_once_per_team_and_name"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, team__isnull=True) | Q(user__isnull=True, team__isnull=False),
                name="view_is_somebodys_or_a_teams",
            ),
        ]

    def __str__(self) -> str:
        return self.name
