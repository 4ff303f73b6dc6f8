"""Registering an AWS account and changing one."""

from typing import Any

from django import forms
from django.conf import settings

from accounts.clients.aws.regions import known_regions
from accounts.forms.fields import (
    AccountIdField,
    NameField,
    ProfileNameField,
    RegionField,
    RoleArnField,
    account_of_role,
)
from accounts.models import AccessKind, AwsAccount, Team

_NO_ACCOUNTS = AwsAccount.objects.none()
AS_TYPED = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}


def ways_in() -> list[tuple[str, str]]:
    """The ways into an account that this installation takes: its key and words, roles first."""
    kinds = [AccessKind.ROLE]
    if settings.AWS_HOST_CREDENTIALS_FOR_TEAMS:
        kinds += [AccessKind.HOST_PROFILE, AccessKind.ENVIRONMENT]
    return [(kind.value, kind.label) for kind in kinds]


class WayForm(forms.Form):
    """Parameters of the page that registers: whose account it becomes, how we get in, and for a role its account."""

    team = forms.SlugField(required=False, max_length=60, help_text="The slug of a team you own.")
    way = forms.ChoiceField(required=False, help_text="How we get into the account.")
    account_id = AccountIdField(
        required=False,
        label="AWS account id",
        help_text="12 digits; the AWS console shows them at its top right.",
        widget=forms.TextInput(attrs={**AS_TYPED, "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the ways of this installation."""
        super().__init__(*args, **kwargs)
        way: Any = self.fields["way"]
        way.choices = ways_in()


class TrustPolicyForm(forms.Form):
    """For which team and account a role is to be made."""

    team = forms.SlugField(max_length=60, help_text="The slug of a team you own.")
    account_id = AccountIdField(help_text="The 12-digit id of the account that the role is in.")


class RegisterForm(forms.Form):
    """What has to be known of an account before AWS is asked."""

    access_kind = forms.ChoiceField(label="How we get in", help_text="role, host_profile or environment.")
    account_id = AccountIdField(
        label="AWS account id", widget=forms.TextInput(attrs={**AS_TYPED, "inputmode": "numeric"})
    )
    name = NameField(max_length=100, label="Name", help_text="As your team calls it.")
    profile_name = ProfileNameField(
        required=False,
        max_length=128,
        label="Profile",
        help_text="A profile of this machine, as aws configure sso or aws configure made it.",
        widget=forms.TextInput(attrs=AS_TYPED),
    )
    role_arn = RoleArnField(required=False, max_length=2048, label="Role ARN", widget=forms.TextInput(attrs=AS_TYPED))
    home_region = RegionField(
        max_length=40,
        label="Region to ask first",
        help_text="Where AWS is asked whose the credentials are and which regions are enabled.",
        widget=forms.TextInput(attrs={**AS_TYPED, "list": "regions"}),
    )
    payer = forms.ModelChoiceField(
        _NO_ACCOUNTS,
        required=False,
        empty_label="the account itself",
        label="Whose Cost Explorer tells its bill",
        help_text="An account of the team that pays for this one, so that its bill is asked for once.",
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        """Offer what `team` has."""
        super().__init__(*args, **kwargs)
        kinds: Any = self.fields["access_kind"]
        kinds.choices = ways_in()
        kinds.error_messages["invalid_choice"] = (
            "This installation does not take in accounts that way. It takes: "
            + ", ".join(kind for kind, _ in ways_in())
            + "."
        )
        _offer_payers(self, team)

    def clean(self) -> dict[str, Any]:
        """Want what the way in needs; a role has to be one of the account itself."""
        data = self.cleaned_data
        kind = data.get("access_kind")
        if kind == AccessKind.HOST_PROFILE and not data.get("profile_name") and "profile_name" not in self.errors:
            self.add_error("profile_name", "Give the name of the profile.")
        if kind == AccessKind.ROLE and "role_arn" not in self.errors:
            _check_role(self, data.get("role_arn", ""), data.get("account_id", ""))
        return data


class ChangeForm(forms.Form):
    """What of an account can be changed later. Its id and its team cannot: that would be another account."""

    name = NameField(max_length=100, label="Name")
    profile_name = ProfileNameField(max_length=128, label="Profile", widget=forms.TextInput(attrs=AS_TYPED))
    role_arn = RoleArnField(max_length=2048, label="Role ARN", widget=forms.TextInput(attrs=AS_TYPED))
    home_region = RegionField(
        max_length=40,
        label="Region to ask first",
        widget=forms.TextInput(attrs={**AS_TYPED, "list": "regions"}),
    )
    payer = forms.ModelChoiceField(
        _NO_ACCOUNTS, required=False, empty_label="the account itself", label="Whose Cost Explorer tells its bill"
    )
    is_active = forms.BooleanField(
        required=False, label="Refresh it", help_text="Switched off, it keeps what is known and asks AWS nothing."
    )

    def __init__(self, *args: Any, account: AwsAccount, **kwargs: Any) -> None:
        """Show `account` as it is, with the fields of its way in."""
        names = ("name", "profile_name", "role_arn", "home_region", "payer", "is_active")
        kwargs.setdefault("initial", {name: getattr(account, name) for name in names})
        super().__init__(*args, **kwargs)
        self._account = account
        if account.access_kind != AccessKind.HOST_PROFILE:
            del self.fields["profile_name"]
        if account.access_kind != AccessKind.ROLE:
            del self.fields["role_arn"]
        _offer_payers(self, account.team, without=account)

    def clean(self) -> dict[str, Any]:
        """A role has to be one of the account itself."""
        if "role_arn" in self.cleaned_data:
            _check_role(self, self.cleaned_data["role_arn"], self._account.account_id)
        return self.cleaned_data


class RemoveForm(forms.Form):
    """Says that somebody means it."""

    confirmation = forms.CharField(
        label="Type the account id to remove it", widget=forms.TextInput(attrs={**AS_TYPED, "inputmode": "numeric"})
    )

    def __init__(self, *args: Any, account: AwsAccount, **kwargs: Any) -> None:
        """Want the id of `account`."""
        super().__init__(*args, **kwargs)
        self._account = account

    def clean_confirmation(self) -> str:
        """Refuse another id."""
        typed: str = self.cleaned_data["confirmation"]
        if typed != self._account.account_id:
            raise forms.ValidationError("That is not the id of this account, so nothing was removed.", code="other")
        return typed


def region_names() -> list[str]:
    """What the fields of regions offer."""
    return sorted(known_regions())


def _offer_payers(form: forms.Form, team: Team, *, without: AwsAccount | None = None) -> None:
    payers = AwsAccount.objects.filter(team=team, payer=None, removal_requested_at=None).order_by("name", "account_id")
    field: Any = form.fields["payer"]
    field.queryset = payers.exclude(pk=without.pk) if without else payers
    field.error_messages["invalid_choice"] = "The team has no such account that pays for itself."


def _check_role(form: forms.Form, role_arn: str, account_id: str) -> None:
    if not role_arn:
        form.add_error("role_arn", "Give the ARN of the role.")
    elif account_id and account_of_role(role_arn) != account_id:
        form.add_error("role_arn", f"This role is one of the account {account_of_role(role_arn)}, not of {account_id}.")
