"""The parameters of the explorer, alike for the page, the file and the API."""

from datetime import date, datetime
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Team
from costing.estimators.exploration import Every
from costing.estimators.window import Window
from costing.forms.parameters import DEFAULT_DAYS, MOST_DAYS, ScopeForm
from costing.selectors.explorer import DEFAULT_TOP, MOST_TOP, NONE, Dimension, Measure, Question, why_unanswerable
from finops.core.periods import DAY, utc_day

MOST_STRETCHES = 120

_MEASURES = [(measure.value, measure.label) for measure in Measure]
_DIMENSIONS = [(dimension.value, dimension.label) for dimension in Dimension]
# A parameter that narrows → what it narrows by.
FILTERS = {
    "account": Dimension.ACCOUNT,
    "region": Dimension.REGION,
    "service": Dimension.SERVICE,
    "usage_type": Dimension.USAGE_TYPE,
    "record_type": Dimension.RECORD_TYPE,
    "type": Dimension.TYPE,
    "instance": Dimension.INSTANCE,
    "tag_value": Dimension.TAG,
}
_NONE_HELP = f"{NONE} chooses what has none."
is_12_digits_or_none = RegexValidator(r"\A[0-9]{12}\Z", "An AWS account id is 12 digits.", code="invalid_account")


def _narrowing(help_text: str, *, most: int = 200, **more: Any) -> forms.CharField:
    return forms.CharField(required=False, max_length=most, help_text=help_text, **more)


class ExplorerForm(ScopeForm):
    """What is grouped by what, over which days, and narrowed to what."""

    from_ = forms.DateField(
        required=False, input_formats=["%Y-%m-%d"], help_text="The first UTC day. Not together with days or month."
    )
    to = forms.DateField(
        required=False, input_formats=["%Y-%m-%d"], help_text="The last UTC day, itself included. Default: today."
    )
    measure = forms.ChoiceField(required=False, choices=_MEASURES, help_text="What is summed. Default billed.")
    group_by = forms.ChoiceField(
        required=False, choices=_DIMENSIONS, help_text="Default service; of the ledger account."
    )
    then_by = forms.ChoiceField(required=False, choices=_DIMENSIONS, help_text="Groups within each group.")
    tag = forms.CharField(required=False, max_length=128, help_text="The key of the tag that tag means.")
    every = forms.ChoiceField(
        required=False,
        choices=[(every.value, every.value) for every in Every],
        help_text=f"Into which stretches the days are cut. Default day; at most {MOST_STRETCHES} stretches.",
    )
    top = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_TOP,
        help_text=f"So many of the largest groups; the others together. Default {DEFAULT_TOP}.",
    )
    account = _narrowing("The 12-digit id.", most=12, validators=[is_12_digits_or_none])
    region = _narrowing("Such as eu-central-1.")
    service = _narrowing(f"As Cost Explorer names it. {_NONE_HELP}")
    usage_type = _narrowing("As Cost Explorer names it, such as EUC1-BoxUsage:m5.large.")
    record_type = _narrowing("As Cost Explorer names it, such as Tax.")
    type = _narrowing("An instance type, such as m5.large.", most=60)
    instance = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="An instance's id in this API."
    )
    tag_value = _narrowing(f"The value of the tag; needs tag. {_NONE_HELP}", most=256)

    unanswerable: Question | None = None  # the question asked, where no data can answer it and all else is right

    @classmethod
    def of_address(cls, given: QueryDict) -> Self:
        """The form of a page's address, in which `from_` is called from; what it does not know is left alone."""
        data = given.copy()
        data.setlist("from_", given.getlist("from"))
        return cls(data)

    def clean(self) -> dict[str, Any]:
        """Days that are not backwards, and a question that data can answer."""
        super().clean()
        if self.errors:
            return self.cleaned_data
        given = self.cleaned_data
        if (given["from_"] or given["to"]) and (given["days"] or given["month"]):
            self.add_error("from_", ValidationError("Give from and to, or days, or a month.", code="ambiguous"))
            return given
        first, last = self._days(today=utc_day(timezone.now()))
        question = self.question()
        if last < first:
            self.add_error("to", ValidationError("to lies before from, or before today.", code="backwards"))
        elif (last - first).days > MOST_DAYS:
            self.add_error("from_", ValidationError(f"Ask for at most {MOST_DAYS} days at a time.", code="too_long"))
        elif question.every is Every.DAY and (last - first).days > MOST_STRETCHES:
            message = f"By day at most {MOST_STRETCHES} days are told apart: ask by week or month, or for fewer days."
            self.add_error("every", ValidationError(message, code="too_many"))
        elif given["then_by"] and given["then_by"] == question.group_by[0]:
            self.add_error("then_by", ValidationError("Group by two different things.", code="repeated"))
        elif refusal := why_unanswerable(question):
            self.unanswerable = question
            self.add_error("measure", ValidationError(refusal, code="unanswerable"))
        return given

    def _days(self, *, today: date) -> tuple[date, date]:
        given = self.cleaned_data
        last = min(given["to"] or today, today)
        if given["from_"]:
            return given["from_"], last
        if given["month"]:
            return given["month"], min((given["month"] + 31 * DAY).replace(day=1) - DAY, today)
        return max(last, date.min + MOST_DAYS * DAY) - (given["days"] or DEFAULT_DAYS) * DAY, last

    def window(self, *, now: datetime) -> Window:
        """The days asked for, as they stand at `now`."""
        return Window(*self._days(today=utc_day(now)), now)

    def question(self) -> Question:
        """What is asked."""
        given = self.cleaned_data
        measure = Measure(given["measure"] or Measure.BILLED)
        first = Dimension(given["group_by"] or (Dimension.SERVICE if measure.is_bill else Dimension.ACCOUNT))
        return Question(
            measure=measure,
            group_by=(first, Dimension(given["then_by"])) if given["then_by"] else (first,),
            every=Every(given["every"] or Every.DAY),
            top=given["top"] or DEFAULT_TOP,
            tag=given["tag"],
            filters={
                dimension: "" if given[name] == NONE else str(given[name])
                for name, dimension in FILTERS.items()
                if given[name]
            },
        )


class SaveViewForm(forms.Form):
    """A name for a question, and whose view it is to be."""

    name = forms.CharField(max_length=80)
    query = forms.CharField(required=False, max_length=2000)
    share_with = forms.SlugField(required=False, max_length=60, help_text="The slug of the team; nobody without.")

    def clean_query(self) -> str:
        """The parameters of a question that can be asked."""
        given = QueryDict(self.cleaned_data["query"])
        if not ExplorerForm.of_address(given).is_valid():
            raise ValidationError("These parameters make no question that can be answered.", code="unanswerable")
        return given.urlencode()

    def team(self, teams: list[Team]) -> Team | None:
        """The team of `teams` that it is shared with; None for a view of one's own."""
        slug = self.cleaned_data["share_with"]
        return next((team for team in teams if team.slug == slug), None)
