from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from .sso_session import SsoSession
from .team import Membership, Role, Team
from .user import User


class AccessKind(models.TextChoices):
    """How we get into an account."""

    HOST_PROFILE = "host_profile", "named profile of this machine"
    ROLE = "role", "cross-account role with external id"
    SSO = "sso", "sign-in of IAM Identity Center"
    ENVIRONMENT = "environment", "credentials of this machine's environment"


# With the machine's own credentials, whoever names an account's id would see what another team pays for.
HOST_KINDS = (AccessKind.HOST_PROFILE, AccessKind.ENVIRONMENT)


class AwsAccountQuerySet(models.QuerySet["AwsAccount"]):
    """AWS accounts, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """The accounts of the teams that `user` is a member of, without those that are being removed."""
        return self.filter(team__in=Team.objects.visible_to(user), removal_requested_at=None)

    def operable_by(self, user: User) -> Self:
        """The accounts that `user` may refresh: operator or owner of the team."""
        return self._of_role(user, Role.OPERATOR)

    def owned_by(self, user: User) -> Self:
        """The accounts that `user` may change and remove: owner of the team."""
        return self._of_role(user, Role.OWNER)

    def _of_role(self, user: User, at_least: Role) -> Self:
        held = Membership.objects.held_by(user, at_least=at_least)
        return self.filter(team__memberships__in=held, removal_requested_at=None)

    def with_end_of_sign_in(self) -> Self:
        """Each with `sign_in_name` and `sign_in_ends_at`, where it is entered by a sign-in whose end is known."""
        return self.annotate(sign_in_name=F("sso_session__name"), sign_in_ends_at=F("sso_session__ends_at"))

    def active(self) -> Self:
        """The accounts that are refreshed."""
        return self.filter(is_active=True, removal_requested_at=None)


class AwsAccount(models.Model):
    """An AWS account of a team, and how we get into it."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="aws_accounts")
    account_id = models.CharField(
        max_length=12, validators=[RegexValidator(r"\A[0-9]{12}\Z", "An AWS account id is 12 digits.")]
    )
    name = models.CharField(max_length=100)
    access_kind = models.CharField(max_length=20, choices=AccessKind, default=AccessKind.HOST_PROFILE)
    profile_name = models.CharField(max_length=128, blank=True)
    role_arn = models.CharField(max_length=2048, blank=True)
    external_id = models.CharField(max_length=128, blank=True)
    sso_session = models.ForeignKey(
        SsoSession, on_delete=models.RESTRICT, null=True, blank=True, related_name="aws_accounts"
    )
    sso_role_name = models.CharField(max_length=64, blank=True)
    home_region = models.CharField(
        max_length=40, default="us-east-1", help_text="Where we ask which regions are enabled."
    )
    enabled_regions = models.JSONField(default=list, blank=True, editable=False)
    ledger_method = models.CharField(
        max_length=40, blank=True, editable=False, help_text="Power model and method that the whole ledger rests on."
    )
    payer = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="members",
        help_text="The account of the same team whose Cost Explorer also answers for this one.",
    )
    is_active = models.BooleanField(default=True)
    removal_requested_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when nobody sees it any more, and its rows are being wiped.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AwsAccountQuerySet.as_manager()

    class Meta:
        verbose_name = "AWS account"
        ordering = ["name", "account_id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "account_id"], name="aws_account_once_per_team"),
            models.CheckConstraint(
                condition=Q(access_kind__in=AccessKind.values), name="aws_account_access_kind_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(access_kind=AccessKind.HOST_PROFILE) | ~Q(profile_name=""),
                name="host_profile_access_names_its_profile",
            ),
            models.CheckConstraint(
                condition=~Q(access_kind=AccessKind.ROLE) | (~Q(role_arn="") & ~Q(external_id="")),
                name="role_access_has_arn_and_external_id",
            ),
            models.CheckConstraint(
                condition=Q(access_kind=AccessKind.SSO, sso_session__isnull=False) & ~Q(sso_role_name="")
                | ~Q(access_kind=AccessKind.SSO) & Q(sso_session__isnull=True, sso_role_name=""),
                name="sso_access_and_no_other_has_session_and_role",
            ),
            models.UniqueConstraint(
                fields=["account_id"],
                condition=Q(access_kind__in=HOST_KINDS),
                name="host_credentials_reach_an_account_for_one_team",
            ),
            models.UniqueConstraint(
                fields=["role_arn"], condition=Q(access_kind=AccessKind.ROLE), name="role_is_used_by_one_team"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.account_id})"
