from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Self

from django.db import models
from django.db.models import F, Q

from .team import Role, Team
from .user import Reach, User


class TokenScope(models.TextChoices):
    """How much of its user's role a token may use."""

    READ = "read", "read"
    OPERATE = "operate", "read, refresh"
    ADMIN = "admin", "all that its user may"


_HIGHEST_ROLE: Mapping[str, Role] = MappingProxyType(
    {TokenScope.READ: Role.VIEWER, TokenScope.OPERATE: Role.OPERATOR, TokenScope.ADMIN: Role.OWNER}
)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens, as their user may see them."""

    def visible_to(self, user: User) -> Self:
        """The user's own tokens for teams that they are still in; nobody else sees them."""
        return self.filter(user=user, team__in=Team.objects.visible_to(user))

    def usable(self, *, at: datetime) -> Self:
        """Neither revoked nor expired."""
        return self.filter(revoked_at=None, expires_at__gt=at)


class ApiToken(models.Model):
    """What lets a program in as one user, for one team. The secret itself is kept nowhere.

    `token_id` finds the row; `digest` is an HMAC of id and secret under the numbered pepper.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, help_text="What uses it, for whoever has to decide whether it may go.")
    token_id = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    pepper_number = models.PositiveSmallIntegerField()
    scope = models.CharField(max_length=10, choices=TokenScope, default=TokenScope.READ)
    allowed_networks = models.JSONField(
        default=list, blank=True, help_text='As in ["10.0.0.0/8", "203.0.113.7"]. Empty: from anywhere.'
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, help_text="To the minute.")
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="token_expires_after_it_is_made"),
            models.CheckConstraint(condition=Q(scope__in=TokenScope.values), name="token_scope_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.token_id})"

    @property
    def reach(self) -> Reach:
        """One team, and no role above what the scope allows."""
        return Reach(team_id=self.team_id, highest_role=_HIGHEST_ROLE[self.scope])

    def allows(self, address: str | None) -> bool:
        """Whether a request from `address` may use it; an address nobody knows passes only where none is asked."""
        if not self.allowed_networks:
            return True
        try:
            came_from = ip_address(address or "")
        except ValueError:
            return False
        return any(came_from in ip_network(network, strict=False) for network in self.allowed_networks)
