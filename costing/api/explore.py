"""The explorer for programs: the same question, and so the same numbers, as on the page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response

from accounts.api.requests import SignedInApiRequest, scope_or_404
from accounts.api.serializers import SilentSerializer
from costing.estimators.exploration import Amount, Bucket
from costing.forms.explorer import ExplorerForm
from costing.selectors.explorer import Block, Exploration, Line, explore
from finops.core.answers import TableView, csv_response, wants_csv
from finops.core.parameters import checked, described
from finops.core.problems import ParameterProblem

_VALUE = {
    "oneOf": [{"type": "number"}, {"type": "string", "format": "decimal"}],
    "description": "In the block's unit; money as text, for no digit is to be lost; null where it is unknown.",
}


@extend_schema_field(_VALUE)
class ValueField(serializers.Field):  # type: ignore[type-arg]
    """An amount: money as text, anything else as a number."""

    def to_representation(self, value: Amount) -> str | float:
        """As JSON holds it without loss."""
        return f"{value:f}" if isinstance(value, Decimal) else value


class BucketSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One stretch of the period."""

    first_day = serializers.DateField(source="first")
    last_day = serializers.DateField(source="last")
    is_partial = serializers.BooleanField(help_text="The period holds only a part of that week or month.")


class LineSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A group, the other groups, what is in no group, or the total."""

    kind = serializers.CharField(help_text="group, other, untold or total; group + other + untold is the total.")
    keys = serializers.ListField(child=serializers.CharField(allow_blank=True), help_text="As filters take them.")
    labels = serializers.ListField(child=serializers.CharField())
    value = ValueField(allow_null=True)
    previous = ValueField(allow_null=True, help_text="Over as many days before.")
    change = serializers.FloatField(allow_null=True, help_text="Growth as a share of the period before, no unit.")
    share = serializers.FloatField(allow_null=True, help_text="Of the total.")
    grade = serializers.CharField(source="whole.grade", help_text="The worst in it: A to D; empty where nothing is.")
    instance_days_unknown = serializers.IntegerField(source="whole.unknown")
    values = serializers.ListField(child=ValueField(allow_null=True), help_text="By bucket.")


class BlockSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """All lines of one unit; blocks are never added to each other."""

    unit = serializers.CharField(help_text="An ISO 4217 code, kWh, gCO2e or gCO2e/USD.")
    group_count = serializers.IntegerField(help_text="How many groups there are, those in other included.")
    lines = LineSerializer(many=True)
    total = LineSerializer()


class ExplorationSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The answer to a question."""

    measure = serializers.CharField(source="question.measure")
    title = serializers.CharField(source="question.measure.label", help_text="Which cost or carbon it is.")
    group_by = serializers.ListField(source="question.group_by", child=serializers.CharField())
    every = serializers.CharField(source="question.every")
    first_day = serializers.DateField(source="first")
    last_day = serializers.DateField(source="last", allow_null=True, help_text="The last complete day.")
    as_of = serializers.DateTimeField(source="stand.as_of", allow_null=True)
    generated_at = serializers.DateTimeField(source="window.now", help_text="When this answer was made.")
    sources = serializers.ListField(source="question.measure.sources", child=serializers.CharField())
    silent_sources = SilentSerializer(source="stand.silent", many=True)
    reason = serializers.CharField(help_text="Why there is nothing; empty where there is something.")
    buckets = BucketSerializer(many=True)
    blocks = BlockSerializer(many=True)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One line over one stretch."""

    line: Line
    unit: str
    bucket: Bucket
    value: Amount | None

    @property
    def group(self) -> str:
        return self.line.labels[0]

    @property
    def then(self) -> str:
        return self.line.labels[1] if len(self.line.labels) > 1 else ""

    @property
    def first_day(self) -> date:
        return self.bucket.first

    @property
    def last_day(self) -> date:
        return self.bucket.last


class CellSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One line over one stretch, as a line of a file."""

    kind = serializers.CharField(source="line.kind")
    group = serializers.CharField()
    then = serializers.CharField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    unit = serializers.CharField()
    value = ValueField(allow_null=True)


def _cells(blocks: tuple[Block, ...], answer: Exploration) -> Iterator[_Cell]:
    for block in blocks:
        for line in block.lines:
            for bucket, value in zip(answer.buckets, line.values, strict=True):
                yield _Cell(line, block.unit, bucket, value)


class Explore(TableView):
    """Cost, energy or carbon by up to two things, over time."""

    @extend_schema(operation_id="explore", parameters=described(ExplorerForm), responses=ExplorationSerializer)
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """Complete days only; the lines of each block add up to its total."""
        form = checked(ExplorerForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        answer = explore(scope, form.window(now=timezone.now()), form.question())
        if answer.refusal:
            raise ParameterProblem({"group_by": [ErrorDetail(answer.refusal, code="unanswerable")]})
        if wants_csv(request):
            rows = _cells(answer.blocks, answer)
            return csv_response("explorer", CellSerializer, rows, measure=answer.question.measure.value)
        data: dict[str, Any] = dict(ExplorationSerializer(answer).data)
        return Response(data)
