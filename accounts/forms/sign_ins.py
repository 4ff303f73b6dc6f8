"""Where a team signs in to AWS, and what it takes in behind the sign-in."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from accounts.clients.aws.regions import known_sso_regions
from accounts.clients.aws.sso_profiles import NotProfiles, SsoProfile, read_block
from accounts.forms.aws_accounts import AS_TYPED
from accounts.forms.fields import RegionField, account_of_role
from accounts.services.sso.offers import Pick


class StartUrlField(forms.CharField):
    """The address of a portal. It is told to AWS, and never asked by us."""

    def clean(self, value: Any) -> str:
        """Refuse what is no HTTPS address of a page."""
        url = str(super().clean(value) or "")
        if not url:
            return url
        try:
            parts = urlsplit(url)
            is_page = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
        except ValueError:
            is_page = False
        if not is_page or not url.isascii() or not url.isprintable() or " " in url:
            raise ValidationError("A start URL looks like https://my-company.awsapps.com/start.", code="start_url")
        return url.split("#", maxsplit=1)[0]


class SsoRegionField(forms.CharField):
    """A region in which IAM Identity Center runs: tokens are sent to that region's host and to no other."""

    def clean(self, value: Any) -> str:
        """Refuse a region nobody knows."""
        region = str(super().clean(value) or "")
        if region and region not in known_sso_regions():
            raise ValidationError(
                "IAM Identity Center runs in no region of that name. One is eu-central-1.", code="region"
            )
        return region


class PortalForm(forms.Form):
    """A portal by its settings, or by the blocks that `aws configure sso` wrote."""

    pasted = forms.CharField(
        required=False,
        max_length=20_000,
        label="Paste from ~/.aws/config",
        help_text="The blocks of one portal, [sso-session …] and [profile …]. Then the fields below may stay empty.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocapitalize": "off"}),
    )
    name = forms.CharField(
        required=False,
        max_length=64,
        label="Name",
        help_text="As your team calls the portal.",
        validators=[
            RegexValidator(
                r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z",
                "A name starts with a letter, digit or _ and goes on with letters, digits and _ . -",
                code="name",
            )
        ],
        widget=forms.TextInput(attrs=AS_TYPED),
    )
    start_url = StartUrlField(
        required=False,
        max_length=512,
        label="Start URL",
        help_text="As in https://my-company.awsapps.com/start; IAM Identity Center shows it as AWS access portal URL.",
        widget=forms.TextInput(attrs={**AS_TYPED, "inputmode": "url"}),
    )
    sso_region = SsoRegionField(
        required=False,
        max_length=40,
        label="Region of IAM Identity Center",
        help_text="As in eu-central-1. Your accounts may be anywhere.",
        widget=forms.TextInput(attrs={**AS_TYPED, "list": "regions"}),
    )

    profiles: tuple[SsoProfile, ...] = ()

    def clean(self) -> dict[str, Any]:
        """Fill what is empty from what was pasted, by the same rules; want all three in the end."""
        data = self.cleaned_data
        pasted: dict[str, str] = {}
        if data.get("pasted"):
            try:
                block = read_block(data["pasted"])
            except NotProfiles as error:
                self.add_error("pasted", str(error))
                return data
            pasted = {"name": block.name, "start_url": block.start_url, "sso_region": block.sso_region}
            self.profiles = tuple(each for each in block.profiles if _is_usable(each))
        for name in ("name", "start_url", "sso_region"):
            if name in self.errors or data.get(name):
                continue
            try:
                data[name] = self.fields[name].clean(pasted.get(name, ""))
            except ValidationError as error:
                self.add_error("pasted", f"{name}: {' '.join(error.messages)}")
            else:
                if not data[name] and "pasted" not in self.errors:
                    self.add_error(name, "Fill this in, or paste the blocks above.")
        return data


class PicksForm(forms.Form):
    """Which of the offered accounts are taken in, each by its role: fields named `role-` and the account's id."""

    home_region = RegionField(
        max_length=40,
        initial="us-east-1",
        label="Region to ask first",
        help_text="Where AWS is asked whose the credentials are and which regions are enabled.",
        widget=forms.TextInput(attrs={**AS_TYPED, "list": "regions"}),
    )

    def picks(self) -> list[Pick]:
        """The accounts for which a role was chosen, by id."""
        chosen = {name.removeprefix("role-"): str(role) for name, role in self.data.items() if name.startswith("role-")}
        return [Pick(account_id, role) for account_id, role in sorted(chosen.items()) if role]


def _is_usable(profile: SsoProfile) -> bool:
    """Whether id and role are ones: of pasted text nothing else is kept."""
    return bool(account_of_role(f"arn:aws:iam::{profile.account_id}:role/{profile.role_name}"))


def sso_region_names() -> list[str]:
    """What the field of the region offers."""
    return sorted(known_sso_regions())
