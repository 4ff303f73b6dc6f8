"""A limit of a rule, as the platform admin enters it."""

from typing import Any

from django import forms

from costing.estimators.findings import PARAMETERS
from costing.models import Threshold


class ThresholdForm(forms.ModelForm):  # type: ignore[type-arg] # generic for the type checker only
    """Which limit, for whom, and its value."""

    class Meta:
        model = Threshold
        fields = ["parameter", "team", "aws_account", "value"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the parameters there are, each with what it is where nobody sets it."""
        super().__init__(*args, **kwargs)
        if "parameter" in self.fields:  # a row that is there already keeps its own
            self.fields["parameter"] = forms.ChoiceField(choices=parameter_choices())


def parameter_choices() -> list[tuple[str, str]]:
    """Every parameter with its words, in the rules' order."""
    return [
        (key, f"{rule.label}, {key}: {parameter.label} {parameter.default:g} {parameter.unit}".rstrip())
        for key, (rule, parameter) in PARAMETERS.items()
    ]
