"""The parameters of the grid's pages and API: one form checks both."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from carbon.models import KeyedUpstream, Location, Signal, UpstreamKey, Zone
from carbon.models.location import folded
from carbon.reference.grid_sources import usual_order
from carbon.selectors.when_and_where import MOST_LOCATIONS, unknown_names
from finops.core.pages import PagedForm
from finops.core.parameters import InstantField
from finops.core.periods import DAY, HOUR, MINUTE, Period

DEFAULT_MINUTES, DEFAULT_HOURS_LEFT = 60, 24
DEFAULT_READING_DAYS = 2
MOST_READING_DAYS = 93


class RepeatedNames(forms.Field):
    """A parameter that is given several times, or once with blanks and commas between the names."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[str]:
        """Every name, in order."""
        texts = value if isinstance(value, list | tuple) else [value or ""]
        return [name for text in texts for name in str(text).replace(",", " ").split()]


class ScopeForm(forms.Form):
    """Whose instances."""

    team = forms.SlugField(
        required=False, max_length=60, help_text="The slug of one of your teams; all of them without."
    )


class GridForm(ScopeForm):
    """Which zones."""

    zones = forms.ChoiceField(
        required=False,
        choices=[("used", "used"), ("all", "all")],
        help_text="used (the default): those that your instances draw or drew on; all: every known one.",
    )

    @property
    def wants_all(self) -> bool:
        """Whether zones that nobody uses are wanted too."""
        return bool(self.cleaned_data["zones"] == "all")


class ReadingsForm(PagedForm, ScopeForm):
    """Which readings. A trailing underscore is not part of the parameter's name."""

    zone = forms.CharField(required=False, max_length=100, help_text="A zone's key, such as DE.")
    source = forms.CharField(required=False, max_length=40, help_text="Such as electricity_maps.")
    signal = forms.ChoiceField(
        required=False,
        choices=Signal.choices,
        help_text="Which of the two; both without. They are never averaged together.",
    )
    estimated = forms.TypedChoiceField(
        required=False,
        choices=[("true", "true"), ("false", "false")],
        coerce=lambda word: word == "true",
        empty_value=None,
        help_text="Only those that the source estimated, or only those that it measured.",
    )
    from_ = InstantField(
        required=False,
        help_text=f"Readings that start at or after this instant. Default: {DEFAULT_READING_DAYS} days before to.",
    )
    to = InstantField(required=False, help_text="Readings that start before this instant. Default: now.")

    def clean(self) -> dict[str, Any]:
        """An interval that is not backwards and not too long."""
        cleaned = super().clean()
        if not self.errors:
            start, end = self._bounds(timezone.now())
            if end < start:
                raise ValidationError({"to": ValidationError("to lies before from.", code="backwards")})
            if end - start > MOST_READING_DAYS * DAY:
                message = f"Ask for at most {MOST_READING_DAYS} days at a time."
                raise ValidationError({"to": ValidationError(message, code="too_long")})
        return cleaned

    def _bounds(self, now: datetime) -> tuple[datetime, datetime]:
        end = self.cleaned_data["to"] or now
        return self.cleaned_data["from_"] or end - DEFAULT_READING_DAYS * DAY, end

    def period(self, *, now: datetime) -> Period:
        """The time asked for."""
        return Period(*self._bounds(now))


class WhenForm(ScopeForm):
    """What is to run, and by when."""

    location = RepeatedNames(
        required=False,
        label="Where",
        help_text=f"Names of locations, such as eu-central-1; {MOST_LOCATIONS} at most.",
    )
    minutes = forms.IntegerField(
        required=False, min_value=1, max_value=7 * 24 * 60, label="It takes", help_text="Minutes. Default: 60."
    )
    hours = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=7 * 24,
        label="Done within",
        help_text="Hours from now until it has to be done. Default: 24.",
    )

    def clean_location(self) -> list[str]:
        """Known locations, each once."""
        names: list[str] = list(dict.fromkeys(self.cleaned_data["location"]))
        if len(names) > MOST_LOCATIONS:
            raise ValidationError(f"Compare {MOST_LOCATIONS} locations at most.", code="too_many")
        if unknown := unknown_names(names):
            raise ValidationError(f"There is no location called {unknown[0][:60]}.", code="unknown")
        return names

    def clean(self) -> dict[str, Any]:
        """A job that can be done in time."""
        given: dict[str, Any] = super().clean() or {}
        if not self.errors and self.length > self.time_left:
            raise ValidationError({"minutes": ValidationError("It takes longer than there is time.", code="too_long")})
        return given

    @property
    def length(self) -> timedelta:
        """How long the job runs."""
        return (self.cleaned_data["minutes"] or DEFAULT_MINUTES) * MINUTE

    @property
    def time_left(self) -> timedelta:
        """Until it has to be done."""
        return (self.cleaned_data["hours"] or DEFAULT_HOURS_LEFT) * HOUR


class LocationForm(forms.ModelForm):  # type: ignore[type-arg] # generic for the type checker only
    """A location in the admin."""

    class Meta:
        model = Location
        fields = ("key", "name", "latitude", "longitude", "zone", "cloud_region", "signal", "provider")

    def clean_key(self) -> str:
        """A name that no other location of its layer has, whatever its case."""
        key: str = self.cleaned_data["key"]
        others = Location.objects.filter(folded_key=folded(key), is_shipped=self.instance.is_shipped)
        if others.exclude(pk=self.instance.pk).exists():
            raise ValidationError("Another location has this name.")
        if not key.isprintable():
            raise ValidationError("A name holds no control characters.")
        return key

    def clean(self) -> dict[str, Any]:
        """Both coordinates or none."""
        given: dict[str, Any] = super().clean() or {}
        if (given.get("latitude") is None) != (given.get("longitude") is None):
            raise ValidationError("Give latitude and longitude, or neither.")
        return given


class ZoneForm(forms.ModelForm):  # type: ignore[type-arg] # generic for the type checker only
    """A zone in the admin."""

    class Meta:
        model = Zone
        fields = "__all__"  # noqa: DJ007 (whoever may change a zone may change all of it)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Compare the sources with the stored ones, not with what the page showed."""
        super().__init__(*args, **kwargs)
        self.fields["sources"].show_hidden_initial = False

    def clean_sources(self) -> list[str]:
        """A list of names, each once; each of a source that has the zone's signal."""
        told = self.cleaned_data["sources"] or []
        known = usual_order(str(self.data.get("signal") or Signal.AVERAGE))
        if not isinstance(told, list) or len(set(map(str, told))) != len(told):
            raise ValidationError('A list of names is wanted, each once, such as ["neso", "built_in"].')
        if odd := [name for name in told if name not in known]:
            names = ", ".join(map(str, odd))
            raise ValidationError(f"{names}: no source of this signal. There are: {', '.join(known)}.")
        return [str(name) for name in told]


class UpstreamKeyForm(forms.ModelForm):  # type: ignore[type-arg] # generic for the type checker only
    """A key for a grid source in the admin: typed in once, never shown again."""

    new_secret = forms.CharField(
        label="Key or password",
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="It is sealed and never shown again. Left empty, the stored one stays.",
    )

    class Meta:
        model = UpstreamKey
        fields = ("upstream", "team", "user_name")

    def clean_new_secret(self) -> str:
        """What a header can carry; a new key has one."""
        secret = str(self.cleaned_data["new_secret"])
        if not secret and not self.instance.pk:
            raise ValidationError("Give the key.")
        if not secret.isascii() or not (secret == "" or secret.isprintable()):
            raise ValidationError("A key holds plain printable characters only; mind line ends and quotation marks.")
        return secret

    def clean(self) -> dict[str, Any]:
        """WattTime wants a user beside the password."""
        cleaned = super().clean() or {}
        upstream = cleaned.get("upstream") or self.instance.upstream
        if upstream == KeyedUpstream.WATTTIME and not cleaned.get("user_name"):
            self.add_error("user_name", "WattTime wants the name of a user.")
        return cleaned
