"""Which accounts and regions to load resources of."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import AwsAccount
from accounts.selectors.loading import regions_of

_NONE = "Choose one account at least."
_NOT_YOURS = "There is no such account, it is switched off, or you may not refresh it."


class TeamForm(forms.Form):
    """Whose accounts."""

    team = forms.SlugField(
        required=False, max_length=60, help_text="The slug of one of your teams; all of them without."
    )


class LoadForm(forms.Form):
    """Accounts by their ids, and regions; no region chosen means every enabled one."""

    accounts = forms.MultipleChoiceField(error_messages={"required": _NONE, "invalid_choice": _NOT_YOURS})
    regions = forms.MultipleChoiceField(
        required=False,
        error_messages={"invalid_choice": "%(value)s is not enabled in any of these accounts, as far as is known."},
    )

    def __init__(self, *args: Any, accounts: Sequence[AwsAccount], **kwargs: Any) -> None:
        """Offer the accounts that the user may refresh, and the regions enabled in any of them."""
        super().__init__(*args, **kwargs)
        self._accounts = accounts
        self.fields["accounts"].choices = [(account.account_id, account.name) for account in accounts]  # type: ignore[attr-defined]
        self.fields["regions"].choices = [(region, region) for region in regions_of(accounts)]  # type: ignore[attr-defined]

    def chosen(self) -> list[AwsAccount]:
        """The accounts chosen, by name; where two teams hold the same one, both."""
        ids = set(self.cleaned_data["accounts"])
        return [account for account in self._accounts if account.account_id in ids]
