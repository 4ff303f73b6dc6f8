"""What people fill in."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField


class SignInForm(AuthenticationForm):
    """E-mail address and password."""

    username = UsernameField(
        label="E-mail address", widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"})
    )
    error_messages = {
        "invalid_login": "No account has this e-mail address and password. Mind upper and lower case.",
        "inactive": "This account is switched off. Ask your platform admin.",
    }


class ScopeForm(forms.Form):
    """Whose accounts."""

    team = forms.SlugField(
        required=False, max_length=60, help_text="The slug of one of your teams; all of them without."
    )
