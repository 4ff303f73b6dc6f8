"""People of a team, and its audit log."""

from django import forms

from accounts.models import Door, Role

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


class AuditForm(forms.Form):
    """Which entries of the audit log; all without."""

    team = forms.SlugField(required=False, max_length=60, help_text="The slug of a team you own.")
    actor = forms.CharField(required=False, max_length=254, label="Who", help_text="Part of the e-mail address.")
    action = forms.CharField(required=False, max_length=60, label="Action", help_text="As in account.registered.")
    door = forms.ChoiceField(required=False, choices=[("", "any"), *Door.choices], label="Through")
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}), help_text="A UTC day, included."
    )
    until = forms.DateField(
        required=False, label="Until", widget=forms.DateInput(attrs={"type": "date"}), help_text="A UTC day, included."
    )
    format = forms.ChoiceField(
        required=False, choices=[("", "page"), ("csv", "CSV")], widget=forms.HiddenInput, help_text="csv gives a file."
    )
    page = forms.IntegerField(
        required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput, help_text="From 1."
    )

    def clean(self) -> dict[str, object]:
        """Refuse days in the wrong order."""
        for name in ("since", "until"):
            day = self.cleaned_data.get(name)
            if day and not 2000 <= day.year <= 2100:  # noqa: PLR2004 (no log is that old, and dates must not overflow)
                self.add_error(name, "Give a day in the years 2000 to 2100.")
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", "The last day is not before the first.")
        return self.cleaned_data
