"""The parameters of the routes that the customer's document names."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.estimators.resource_kinds import ResourceKind
from carbon.forms import RepeatedNames
from costing.forms.resources import TeamForm

MOST_HOURS, DEFAULT_HOURS = 30 * 24, 24
MOST_RESOURCES = 500
KINDS = {
    "ec2": ResourceKind.EC2_INSTANCE,
    "rds": ResourceKind.RDS_INSTANCE,
    "lambda": ResourceKind.LAMBDA_FUNCTION,
}


class CustomerForm(forms.Form):
    """Whose accounts."""

    team = TeamForm.base_fields["team"]


class CustomerResourcesForm(CustomerForm):
    """Resources of which regions."""

    regions = RepeatedNames(required=False, help_text="Repeated, or once with commas; all of them without.")

    def chosen(self) -> tuple[str, ...]:
        """The regions asked for, each once."""
        given = [*self.cleaned_data["regions"], *self.cleaned_data["regions[]"]]
        return tuple(dict.fromkeys(given))


# jQuery, which the document asks with, writes a list's name so.
CustomerResourcesForm.base_fields["regions[]"] = RepeatedNames(required=False, help_text="The same as regions.")


class CustomerMetricsForm(CustomerForm):
    """Metrics of which resources."""

    resource_ids = RepeatedNames(help_text=f"As AWS has them; repeated or with commas, at most {MOST_RESOURCES}.")
    resource_type = forms.ChoiceField(choices=[(name, name) for name in KINDS])
    region = forms.CharField(required=False, max_length=40, help_text="Where they are; any region without.")
    hours = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_HOURS, help_text=f"Default {DEFAULT_HOURS}, at most {MOST_HOURS}."
    )

    def clean_resource_ids(self) -> list[str]:
        """Each once, and not too many."""
        ids: list[Any] = list(dict.fromkeys(self.cleaned_data["resource_ids"]))
        if not ids:
            raise ValidationError("Name one resource at least.", code="required")
        if len(ids) > MOST_RESOURCES:
            raise ValidationError(f"Ask for at most {MOST_RESOURCES} resources at a time.", code="too_many")
        return ids
