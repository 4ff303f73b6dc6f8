"""How a team reads its figures, as its owners choose it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.forms.fields import NameField
from accounts.models import PowerModel, Team
from costing.estimators.money import USD, Rate
from finops.core.time_zones import known_zones


class TeamSettingsForm(forms.Form):
    """How a team reads its figures. Nothing here changes what was measured or billed."""

    name = NameField(max_length=100, label="Name of the team")
    display_currency = forms.ChoiceField(
        required=False,
        label="Currency",
        help_text="Dollars are converted once, at the end, with the latest rate; other currencies stay as billed.",
    )
    power_model = forms.ChoiceField(
        required=False,
        label="Power model",
        help_text="How watts follow from CPU. Another one derives every day again with the next refresh.",
    )
    time_zone = forms.ChoiceField(
        choices=[(zone, zone.replace("_", " ")) for zone in known_zones()],
        label="Time zone",
        help_text="For times of day on pages. Days and hours of figures stay UTC, as AWS bills.",
    )
    optimal_below_gco2e_per_kwh = forms.FloatField(
        required=False,
        min_value=0,
        max_value=2000,
        label="An hour is optimal below, gCO2e/kWh",
        help_text="Empty, with the next one: each zone's own, which the platform admin sets.",
    )
    high_above_gco2e_per_kwh = forms.FloatField(
        required=False, min_value=0, max_value=2000, label="An hour is high above, gCO2e/kWh"
    )

    def __init__(self, *args: Any, team: Team, rates: Sequence[Rate], **kwargs: Any) -> None:
        """Show `team` as it is; a currency can be chosen if `rates` (those in force) has one for it."""
        kwargs.setdefault("initial", {name: getattr(team, name) for name in self.base_fields})
        super().__init__(*args, **kwargs)
        self._team = team
        currencies: Any = self.fields["display_currency"]
        currencies.choices = [
            ("", f"the installation's own ({settings.DISPLAY_CURRENCY})"),
            (USD, USD),
            *((rate.currency, f"{rate.currency}: 1 USD = {rate.per_usd.normalize():f}, {rate.day}") for rate in rates),
        ]
        currencies.error_messages["invalid_choice"] = (
            "No exchange rate is known for %(value)s. A platform admin can enter one."
        )
        models: Any = self.fields["power_model"]
        models.choices = [
            ("", f"the installation's own ({PowerModel(settings.POWER_MODEL).label})"),
            *PowerModel.choices,
        ]

    def said(self) -> list[tuple[str, str]]:
        """Each setting and what the team chose, in words, for who may only read it."""
        return [(str(field.label), _words_of(field)) for field in self.visible_fields()]

    def clean_name(self) -> str:
        """A team's name is its own."""
        name: str = self.cleaned_data["name"]
        if Team.objects.filter(name=name).exclude(pk=self._team.pk).exists():
            raise ValidationError("Another team has this name.", code="taken")
        return name

    def clean(self) -> dict[str, Any]:
        """Both thresholds in their order, or none."""
        data = self.cleaned_data
        below, above = data.get("optimal_below_gco2e_per_kwh"), data.get("high_above_gco2e_per_kwh")
        if {"optimal_below_gco2e_per_kwh", "high_above_gco2e_per_kwh"} & set(self.errors):
            return data
        if (below is None) != (above is None):
            missing = "high_above_gco2e_per_kwh" if above is None else "optimal_below_gco2e_per_kwh"
            self.add_error(missing, "Give both thresholds, or none.")
        elif below is not None and above is not None and below > above:
            self.add_error("high_above_gco2e_per_kwh", "An hour is not high below the threshold of optimal.")
        return data


def _words_of(field: forms.BoundField) -> str:
    value = field.value()
    if isinstance(field.field, forms.ChoiceField):
        return str(dict(field.field.choices).get(value, value))  # type: ignore[arg-type] # no groups among them
    return "each zone's own" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
