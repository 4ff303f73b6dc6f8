from typing import Self

from django.db import models
from django.db.models import F, Q

from .user import User


class PowerModel(models.TextChoices):
    """How watts follow from CPU utilization; docs/methodology.md has both formulas."""

    LOAD_CURVE = "load_curve", "load curve of the instance type"
    LINEAR_30_70 = "linear_30_70", "average power × (0.3 + 0.7 × CPU)"


class Role(models.TextChoices):
    """What a member may do: see · act · decide."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    OWNER = "owner"

    def and_above(self) -> list["Role"]:
        """This role and those that may do more."""
        roles = list(Role)
        return roles[roles.index(self) :]


class TeamQuerySet(models.QuerySet["Team"]):
    """Teams, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """The teams that `user` is a member of."""
        return self.filter(memberships__in=Membership.objects.held_by(user))

    def owned_by(self, user: User) -> Self:
        """The teams that `user` is an owner of."""
        return self.filter(memberships__in=Membership.objects.held_by(user, at_least=Role.OWNER))


class Team(models.Model):
    """Who owns AWS accounts. All that a tenant may see hangs from one team."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    power_model = models.CharField(
        max_length=20,
        choices=PowerModel,
        blank=True,
        help_text="Empty: the installation's own (POWER_MODEL).",
    )
    display_currency = models.CharField(
        max_length=3, blank=True, help_text="ISO 4217. Empty: the installation's own (DISPLAY_CURRENCY)."
    )
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        help_text="In which times of day are shown on pages, as in Europe/Berlin. Days and hours of figures are UTC.",
    )
    optimal_below_gco2e_per_kwh = models.FloatField(
        null=True, blank=True, help_text="Below this an hour counts as optimal. Empty: each zone's own threshold."
    )
    high_above_gco2e_per_kwh = models.FloatField(
        null=True, blank=True, help_text="Above this an hour counts as high. Empty: each zone's own threshold."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(optimal_below_gco2e_per_kwh__isnull=True, high_above_gco2e_per_kwh__isnull=True)
                | Q(
                    # Where one of them is NULL a comparison is NULL, and a check that is NULL passes.
                    optimal_below_gco2e_per_kwh__isnull=False,
                    optimal_below_gco2e_per_kwh__gte=0,
                    optimal_below_gco2e_per_kwh__lte=F("high_above_gco2e_per_kwh"),
                    high_above_gco2e_per_kwh__isnull=False,
                ),
                name="team_sets_both_thresholds_in_order_or_none",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships, as a user may see them."""

    def held_by(self, user: User, *, at_least: Role = Role.VIEWER) -> Self:
        """The user's own that they may use now, of `at_least` this role: the root of all that they may do."""
        held = self.filter(user=user, role__in=at_least.and_above())
        if user.reach is None:
            return held
        if user.reach.highest_role not in at_least.and_above():
            return self.none()
        return held.filter(team=user.reach.team_id)

    def visible_to(self, user: User) -> Self:
        """The memberships of the teams that `user` is in."""
        return self.filter(team__in=Team.objects.visible_to(user))


class Membership(models.Model):
    """A user's place in a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="member_once_per_team"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="member_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} of {self.team}"
