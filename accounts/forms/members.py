"""People of a team, and its audit log."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Door, Role, Team
from accounts.selectors.audit import AuditWanted
from finops.core.pages import PagedForm

_FILTERS = ("actor", "action", "door", "since", "until")
_ROLES = [(role.value, role.label) for role in Role]


class AddMemberForm(forms.Form):
    """Somebody who can sign in here already."""

    email = forms.EmailField(
        max_length=254, label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(choices=_ROLES, initial=Role.VIEWER, label="Role")


class RoleForm(forms.Form):
    """Another role."""

    role = forms.ChoiceField(choices=_ROLES)


class AuditForm(PagedForm):
    """Which entries of the audit log; all without."""

    team = forms.SlugField(required=False, max_length=60, help_text="The slug of a team you own; all of them without.")
    actor = forms.CharField(required=False, max_length=254, label="Who", help_text="Part of who did it.")
    action = forms.CharField(
        required=False, max_length=60, label="Action", help_text="How the action begins, as in account.registered."
    )
    door = forms.ChoiceField(
        required=False, choices=[("", "any"), *Door.choices], label="Through", help_text="By which door."
    )
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}), help_text="A UTC day, included."
    )
    until = forms.DateField(
        required=False, label="Until", widget=forms.DateInput(attrs={"type": "date"}), help_text="A UTC day, included."
    )

    def clean(self) -> dict[str, Any]:
        """Refuse days in the wrong order, and those that no log reaches."""
        days = {name: self.cleaned_data.get(name) for name in ("since", "until")}
        for name, day in days.items():
            if day and not 2000 <= day.year <= 2100:  # noqa: PLR2004 (no log is that old, and dates must not overflow)
                self.add_error(name, ValidationError("Give a day in the years 2000 to 2100.", code="range"))
        if days["since"] and days["until"] and days["since"] > days["until"]:
            self.add_error("until", ValidationError("The last day is not before the first.", code="backwards"))
        return super().clean()

    def filters(self) -> list[forms.BoundField]:
        """The fields that a person narrows the list with."""
        return [self[name] for name in _FILTERS]

    @property
    def is_filtered(self) -> bool:
        """Whether the list is narrowed at all."""
        return any(self.cleaned_data[name] for name in _FILTERS)

    def wanted(self, team: Team | None) -> AuditWanted:
        """What was asked for, of `team` or of all."""
        return AuditWanted(team=team, **{name: self.cleaned_data[name] for name in _FILTERS})
