"""A new API token, as a person asks for it."""

from typing import Any

from django import forms

from accounts.forms.fields import NameField
from accounts.models import TokenScope

_LONGEST_DAYS = 365


class ApiTokenForm(forms.Form):
    """What will use it, how far it reaches, how long it lives."""

    name = NameField(max_length=80, label="What will use it", help_text="As in nightly batch.")
    scope = forms.ChoiceField(choices=TokenScope.choices, initial=TokenScope.READ, label="What it may do")
    days = forms.IntegerField(
        min_value=1, max_value=_LONGEST_DAYS, initial=90, label="Lives for", help_text="Days, 365 at most."
    )
    allowed_networks = forms.CharField(
        required=False,
        max_length=500,
        label="From where",
        help_text="Networks separated by blanks, as in 10.0.0.0/8 203.0.113.7. Empty: from anywhere.",
    )

    def clean_allowed_networks(self) -> list[str]:
        """Each network by itself; whether it is one, the service says."""
        given: Any = self.cleaned_data["allowed_networks"]
        return str(given).replace(",", " ").split()
