from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from finops.core.encryption import SealedField, bound

from .team import Team
from .user import User


class SsoState(models.TextChoices):
    """How a sign-in to AWS stands."""

    SIGNED_OUT = "signed_out", "signed out"
    WAITING = "waiting", "waits for the code to be confirmed"
    SIGNED_IN = "signed_in", "signed in"
    EXPIRED = "expired", "ended, sign in again"
    DENIED = "denied", "refused at AWS"


class SsoSessionQuerySet(models.QuerySet["SsoSession"]):
    """Sign-ins, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the teams that `user` is a member of."""
        return self.filter(team__in=Team.objects.visible_to(user))

    def owned_by(self, user: User) -> Self:
        """Those that `user` may use and change: owner of the team."""
        return self.filter(team__in=Team.objects.owned_by(user))

    def due_for_a_poll(self, *, now: datetime) -> Self:
        """Those whose code may have been confirmed, and that may be asked about now."""
        return self.filter(state=SsoState.WAITING, next_poll_at__lte=now)


class SsoSession(models.Model):
    """A team's sign-in at its portal of AWS IAM Identity Center, by which accounts are entered.

    What opens something is sealed, bound to team and column, and leaves this table only towards AWS. `fence`
    rises with each renewal, sign-in and sign-out, so that who comes late with tokens of before stores nothing.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="sso_sessions")
    name = models.CharField(max_length=64, help_text="As the sso-session of an AWS configuration is called.")
    start_url = models.CharField(max_length=512)
    sso_region = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=SsoState, default=SsoState.SIGNED_OUT)
    last_error = models.CharField(max_length=500, blank=True, help_text="Why it ended, or why the last try failed.")

    client_id = SealedField(blank=True, editable=False, help_text="Of this installation's registration at AWS.")
    client_secret = SealedField(blank=True, editable=False)
    client_expires_at = models.DateTimeField(null=True, editable=False)

    device_code = SealedField(blank=True, editable=False)
    user_code = models.CharField(max_length=40, blank=True, editable=False, help_text="What the person confirms.")
    verification_url = models.CharField(max_length=1000, blank=True, editable=False)
    code_expires_at = models.DateTimeField(null=True, editable=False)
    poll_interval_seconds = models.PositiveIntegerField(default=5, editable=False)
    next_poll_at = models.DateTimeField(null=True, editable=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    access_token = SealedField(blank=True, editable=False)
    refresh_token = SealedField(blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False, help_text="When the access token ends.")
    token_seconds = models.PositiveIntegerField(default=0, editable=False, help_text="How long the first one lasted.")
    ends_at = models.DateTimeField(
        null=True, editable=False, help_text="When the sign-in itself ends, once that is known."
    )
    signed_in_at = models.DateTimeField(null=True, editable=False)
    signed_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    fence = models.PositiveBigIntegerField(default=0, editable=False)
    renewing_until = models.DateTimeField(null=True, editable=False, help_text="Lease of who renews the tokens.")

    offered = models.JSONField(default=list, editable=False, help_text="Accounts and roles that the person may enter.")
    offered_count = models.PositiveIntegerField(default=0, editable=False, help_text="How many accounts there are.")
    offered_at = models.DateTimeField(null=True, editable=False)
    wanted = models.JSONField(default=list, editable=False, help_text="Accounts and roles of pasted profiles.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SsoSessionQuerySet.as_manager()

    class Meta:
        verbose_name = "AWS sign-in"
        ordering = ["team", "name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="sso_session_name_once_per_team"),
            models.CheckConstraint(condition=Q(state__in=SsoState.values), name="sso_session_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=SsoState.WAITING)
                | (~Q(device_code="") & Q(code_expires_at__isnull=False, next_poll_at__isnull=False)),
                name="waiting_sign_in_has_a_code_and_its_times",
            ),
            models.CheckConstraint(
                condition=~Q(state=SsoState.SIGNED_IN) | (~Q(access_token="") & Q(expires_at__isnull=False)),
                name="signed_in_session_has_a_token_that_expires",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[SsoState.SIGNED_IN, SsoState.WAITING]) | Q(access_token="", refresh_token=""),
                name="ended_sign_in_keeps_no_token",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def bound_to(self, column: str) -> str:
        """What the sealed text in `column` is bound to."""
        return bound(self._meta.db_table, column, self.team_id)

    @property
    def has_token(self) -> bool:
        """Whether accounts can be entered: also while a new sign-in waits, for the one before lives on."""
        return bool(self.access_token)
