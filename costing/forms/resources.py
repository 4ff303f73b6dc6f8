"""The parameters of the pages of resources and findings, and what people send to decide on a finding."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.estimators.resource_kinds import ResourceKind
from costing.estimators.findings import RULES, Severity, Side
from costing.forms.parameters import account_id_is_12_digits
from costing.models import FindingState
from costing.selectors.findings.listing import ANY
from costing.selectors.findings.listing import Wanted as WantedFindings
from costing.selectors.resource import DEFAULT_DAYS, MOST_DAYS
from costing.selectors.resources import Wanted

_MOST_PAGES = 1_000_000
LONGEST_SNOOZE_DAYS = 366


class TeamForm(forms.Form):
    """Whose accounts."""

    team = forms.SlugField(
        required=False, max_length=60, help_text="The slug of one of your teams; all of them without."
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=_MOST_PAGES, help_text="From 1.")


class ResourcesForm(TeamForm):
    """Which resources."""

    q = forms.CharField(required=False, max_length=100, help_text="Part of a name, an id or a class.")
    kind = forms.ChoiceField(
        required=False, choices=[(kind.value, kind.label) for kind in ResourceKind], help_text="All kinds without."
    )
    account = forms.CharField(required=False, validators=[account_id_is_12_digits], help_text="The 12-digit id.")
    region = forms.CharField(required=False, max_length=40, help_text="Such as eu-central-1.")
    state = forms.CharField(required=False, max_length=60, help_text="In AWS's word, or gone.")
    tag_key = forms.CharField(required=False, max_length=128, help_text="Those that bear this tag.")
    tag_value = forms.CharField(required=False, max_length=256, help_text="With just this value; needs tag_key.")

    def clean(self) -> dict[str, Any]:
        """A tag's value is one of a key."""
        if self.cleaned_data.get("tag_value") and not self.cleaned_data.get("tag_key"):
            message = "Give tag_key too: a value alone may stand under any key."
            raise ValidationError({"tag_value": ValidationError(message, code="without_key")})
        return self.cleaned_data

    def wanted(self) -> Wanted:
        """What the list is asked for."""
        given = self.cleaned_data
        return Wanted(
            search=given["q"],
            kind=given["kind"],
            account=given["account"],
            region=given["region"],
            state=given["state"],
            tag_key=given["tag_key"],
            tag_value=given["tag_value"] or None,
            page=given["page"] or 1,
        )


class ResourceForm(forms.Form):
    """How many days of a resource's metrics."""

    days = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_DAYS, help_text=f"Default {DEFAULT_DAYS}, at most {MOST_DAYS}."
    )


class FindingsForm(TeamForm):
    """Which findings."""

    state = forms.ChoiceField(
        required=False,
        choices=[*((state.value, state.label) for state in FindingState), (ANY, ANY)],
        help_text="Default open.",
    )
    severity = forms.ChoiceField(required=False, choices=[(each.value, each.value) for each in Severity])
    side = forms.ChoiceField(required=False, choices=[(side.value, side.value) for side in Side])
    rule = forms.ChoiceField(required=False, choices=[(rule.key, rule.key) for rule in RULES])
    account = forms.CharField(required=False, validators=[account_id_is_12_digits], help_text="The 12-digit id.")

    def wanted(self) -> WantedFindings:
        """What the list is asked for."""
        given = self.cleaned_data
        return WantedFindings(
            state=given["state"] or FindingState.OPEN,
            severity=given["severity"],
            side=given["side"],
            rule=given["rule"],
            account=given["account"],
            page=given["page"] or 1,
        )


class DecisionForm(forms.Form):
    """What becomes of a finding."""

    decision = forms.ChoiceField(
        choices=[(word, word) for word in ("accept", "dismiss", "snooze", "reopen")],
        error_messages={"required": "Choose what becomes of it.", "invalid_choice": "Choose what becomes of it."},
    )
    reason = forms.CharField(required=False, max_length=300)
    until = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    next = forms.CharField(required=False, max_length=2000)

    def until_at(self) -> datetime | None:
        """The start of the day until which it is put off, UTC."""
        day = self.cleaned_data["until"]
        return None if day is None else datetime.combine(day, time(), tzinfo=UTC)


def snooze_days(now: datetime) -> tuple[str, str, str]:
    """The first, the usual and the last day that a finding may be put off until, as an input takes them."""
    return tuple((now + timedelta(days=days)).date().isoformat() for days in (1, 14, LONGEST_SNOOZE_DAYS - 1))  # type: ignore[return-value] # three give three
