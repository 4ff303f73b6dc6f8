"""The parameters of pages and API: one form checks both."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils import timezone

from costing.estimators.window import Window
from costing.selectors.instance_columns import COLUMNS
from costing.selectors.instance_filter import DEFAULT_ORDERING, ORDERINGS, Wanted
from costing.selectors.totals import GROUPINGS
from finops.core.pages import PagedForm
from finops.core.parameters import InstantField
from finops.core.periods import DAY, HOUR, Period, start_of_hour, utc_day

DEFAULT_DAYS = 30
MOST_DAYS = 400
MOST_HOURS = 35 * 24
MOST_LEDGER_DAYS = 93
DEFAULT_HOURS = 48

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
account_id_is_12_digits = RegexValidator(r"\A[0-9]{12}\Z", "An AWS account id is 12 digits.", code="invalid_account")


class WindowForm(forms.Form):
    """Which days."""

    days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        help_text=f"So many complete UTC days, and today. Default {DEFAULT_DAYS}; not together with month.",
    )
    month = forms.CharField(required=False, max_length=7, help_text="A UTC month, such as 2026-03.")

    def clean_month(self) -> date | None:
        """The first day of the month."""
        text = self.cleaned_data["month"]
        if not text:
            return None
        match = _MONTH.fullmatch(text)
        if match is None:
            raise ValidationError("Give a month as 2026-03.", code="invalid")
        first = date(int(match[1]), int(match[2]), 1)
        if first > utc_day(timezone.now()):
            raise ValidationError("That month has not begun.", code="future")
        return first

    def clean(self) -> dict[str, Any]:
        """Days or a month, not both."""
        if self.cleaned_data.get("days") and self.cleaned_data.get("month"):
            raise ValidationError({"days": ValidationError("Give days or a month, not both.", code="ambiguous")})
        return self.cleaned_data

    def window(self, *, now: datetime) -> Window:
        """The days asked for, as they stand at `now`."""
        month = self.cleaned_data["month"]
        if month:
            return Window.of_month(month, now=now)
        return Window.of_last_days(self.cleaned_data["days"] or DEFAULT_DAYS, now=now)


class ScopeForm(WindowForm):
    """Whose accounts, and which days."""

    team = forms.SlugField(
        required=False, max_length=60, help_text="The slug of one of your teams; all of them without."
    )


class InstancesForm(PagedForm, ScopeForm):
    """Which instances, in which order."""

    q = forms.CharField(required=False, max_length=100, label="Search", help_text="Part of a name, an id or a type.")
    account = forms.CharField(required=False, validators=[account_id_is_12_digits], help_text="The 12-digit id.")
    region = forms.CharField(required=False, max_length=40, help_text="Such as eu-central-1.")
    type = forms.CharField(required=False, max_length=60, help_text="The present type, such as m5.large.")
    state = forms.CharField(required=False, max_length=20, help_text="In AWS's word, or gone.")
    tag_key = forms.CharField(
        required=False, max_length=128, help_text="Those that bear this tag, upper and lower case apart."
    )
    tag_value = forms.CharField(required=False, max_length=256, help_text="With just this value; needs tag_key.")
    ordering = forms.ChoiceField(
        required=False,
        choices=[(word, word) for word in ORDERINGS],
        help_text=f"Default {DEFAULT_ORDERING}; a minus sorts downwards. Unknown sums come last.",
    )

    def clean(self) -> dict[str, Any]:
        """A tag's value is one of a key."""
        cleaned = super().clean()
        if self.cleaned_data.get("tag_value") and not self.cleaned_data.get("tag_key"):
            message = "Give tag_key too: a value alone may stand under any key."
            raise ValidationError({"tag_value": ValidationError(message, code="without_key")})
        return cleaned

    def wanted(self) -> Wanted:
        """What the list is asked for."""
        given = self.cleaned_data
        return Wanted(
            search=given["q"],
            account=given["account"],
            region=given["region"],
            instance_type=given["type"],
            state=given["state"],
            tag_key=given["tag_key"],
            tag_value=given["tag_value"] or None,
            ordering=given["ordering"] or DEFAULT_ORDERING,
            position=self.position(),
        )


class ColumnsForm(forms.Form):
    """Which columns of the list to show, and where to go on."""

    columns = forms.MultipleChoiceField(
        choices=[(column.key, column.label) for column in COLUMNS],
        error_messages={"required": "Choose one column at least; the name is always there."},
    )
    query = forms.CharField(required=False, max_length=2000)

    def clean_query(self) -> str:
        """The filter of the page it was sent from."""
        return QueryDict(self.cleaned_data["query"]).urlencode()


class InstanceForm(WindowForm):
    """Which days of an instance, and how many of its latest hours."""

    hours = forms.TypedChoiceField(
        required=False,
        choices=[(str(DEFAULT_HOURS), "48 hours"), (str(MOST_HOURS), "35 days")],
        coerce=int,
        empty_value=None,
        help_text="How many of the latest hours to show.",
    )


class HoursForm(forms.Form):
    """Which hours of an instance. A trailing underscore is not part of the parameter's name."""

    from_ = InstantField(
        required=False, help_text="Hours that start at or after this instant. Default: 48 h before to."
    )
    to = InstantField(required=False, help_text="Hours that start before this instant. Default: now.")

    def clean(self) -> dict[str, Any]:
        """An interval that is not backwards and not too long."""
        if not self.errors:
            period = self.period(now=timezone.now())
            if period is None:
                raise ValidationError({"to": ValidationError("to lies before from.", code="backwards")})
            if period.length > MOST_HOURS * HOUR:
                message = f"Ask for at most {MOST_HOURS} hours at a time."
                raise ValidationError({"to": ValidationError(message, code="too_long")})
        return self.cleaned_data

    def period(self, *, now: datetime) -> Period | None:
        """The hours asked for; None where they would run backwards."""
        end = self.cleaned_data["to"] or start_of_hour(now) + HOUR
        start = self.cleaned_data["from_"] or end - DEFAULT_HOURS * HOUR
        return Period(start, end) if start <= end else None

    def hours_asked(self, *, now: datetime) -> int:
        """How many hours start in the period and before `now`."""
        period = self.period(now=now)
        if period is None:
            return 0
        first = start_of_hour(period.start + HOUR - timedelta(microseconds=1))
        return max(0, -((first - min(period.end, now)) // HOUR))


class SnapshotsForm(PagedForm):
    """Which days of the ledger."""

    team = forms.SlugField(
        required=False, max_length=60, help_text="The slug of one of your teams; all of them without."
    )
    from_ = forms.DateField(
        required=False, input_formats=["%Y-%m-%d"], help_text="The first UTC day. Default: 30 days before to."
    )
    to = forms.DateField(
        required=False, input_formats=["%Y-%m-%d"], help_text="The last UTC day, itself included. Default: today."
    )
    account = forms.CharField(required=False, validators=[account_id_is_12_digits], help_text="The 12-digit id.")
    instance = forms.IntegerField(required=False, min_value=1, help_text="An instance's id in this API.")

    def clean(self) -> dict[str, Any]:
        """Days that are not backwards and not too many."""
        if not self.errors:
            first, last = self.days(today=utc_day(timezone.now()))
            if last < first:
                raise ValidationError({"to": ValidationError("to lies before from.", code="backwards")})
            if (last - first).days >= MOST_LEDGER_DAYS:
                message = f"Ask for at most {MOST_LEDGER_DAYS} days at a time."
                raise ValidationError({"to": ValidationError(message, code="too_long")})
        return super().clean()

    def days(self, *, today: date) -> tuple[date, date]:
        """The first and the last day asked for."""
        last = self.cleaned_data["to"] or today
        return self.cleaned_data["from_"] or max(last, date.min + DEFAULT_DAYS * DAY) - DEFAULT_DAYS * DAY, last


class TotalsForm(ScopeForm):
    """Totals of which days, by what."""

    group_by = forms.ChoiceField(
        required=False,
        choices=[(word, word) for word in GROUPINGS],
        help_text="Default day. The groups add up to the total.",
    )


class ChecksForm(ScopeForm):
    """Whose figures are checked over which days, and of which account and month the bridge is shown."""

    account = forms.CharField(
        required=False, validators=[account_id_is_12_digits], help_text="The account whose bridge is shown; 12 digits."
    )
    bridge = forms.CharField(required=False, max_length=7, help_text="The month of that bridge, such as 2026-03.")

    def clean_bridge(self) -> date | None:
        """The first day of the month."""
        text = self.cleaned_data["bridge"]
        if not text:
            return None
        match = _MONTH.fullmatch(text)
        if match is None:
            raise ValidationError("Give a month as 2026-03.", code="invalid")
        return date(int(match[1]), int(match[2]), 1)
