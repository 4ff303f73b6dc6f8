"""Lists, page by page: walked with cursors, which rows that come or go meanwhile do not shift, or by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import Count, F, Model, Q, QuerySet, Window
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE = 500

_SIGNER = Signer(salt="finops.core.pages")  # it holds no time: the same place is the same text, and so the same ETag
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Order:
    """One column that a list is ordered by; unknown values come last in both directions."""

    name: str  # a field, a path such as "aws_account__name", or an annotation
    is_descending: bool = False
    is_nullable: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: behind (or, read backwards, before) the row with these values."""

    kind: str  # which list in which order; in another one the values would mean nothing
    values: tuple[Any, ...]
    is_backward: bool = False

    def __str__(self) -> str:
        return _SIGNER.sign_object([self.kind, list(self.values), self.is_backward])

    @classmethod
    def of(cls, text: str) -> "Cursor":
        """The cursor that `text` was written from; raises ValueError where we did not write it."""
        try:
            kind, values, is_backward = _SIGNER.unsign_object(text)
        except (BadSignature, ValueError, TypeError) as error:
            raise ValueError("Not a cursor of this list.") from error
        return cls(kind, tuple(values), is_backward)


@dataclass(frozen=True, slots=True)
class Position:
    """Which page of a list is wanted: the one at a cursor, or the one with a number."""

    kind: str = ""
    size: int = DEFAULT_PAGE_SIZE
    number: int = 1
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, and where the neighbouring pages begin."""

    rows: list[Row]
    size: int
    number: int | None  # None where it was reached by a cursor: rows may have come or gone before it
    next_cursor: str | None
    previous_cursor: str | None
    count: int | None = None  # of the rows on all pages, where it was asked for and this page could tell


def page_of(
    queryset: QuerySet[Any, Row], order: Sequence[Order], position: Position, *, counts: bool = False
) -> Page[Row]:
    """The rows of `queryset` at `position`, in `order`, whose last column must tell all rows apart. One query.

    With `counts` that query counts all rows too, where every row has to be looked at anyhow and rows are
    dictionaries; the count stays unknown of a page that a cursor leads to and of one that has no rows.
    """
    cursor = position.cursor
    start = 0 if cursor else (position.number - 1) * position.size
    is_backward = bool(cursor and cursor.is_backward)
    if cursor:
        queryset = queryset.filter(_beyond(order, cursor))
    elif counts:
        queryset = queryset.annotate(rows_in_all=Window(Count("*")))
    rows = list(queryset.order_by(*_ordered(order, is_backward=is_backward))[start : start + position.size + 1])
    has_more = len(rows) > position.size
    rows = rows[: position.size]
    if is_backward:
        rows.reverse()
    has_next = bool(rows) and (has_more or is_backward)
    has_previous = bool(rows) and (has_more if is_backward else cursor is not None or start > 0)

    def place(row: Row, *, is_backward: bool) -> str:
        return str(Cursor(position.kind, tuple(_plain(_value(row, each.name)) for each in order), is_backward))

    return Page(
        rows=rows,
        size=position.size,
        number=None if cursor else position.number,
        next_cursor=place(rows[-1], is_backward=False) if has_next else None,
        previous_cursor=place(rows[0], is_backward=True) if has_previous else None,
        count=rows[0]["rows_in_all"] if counts and rows and not cursor else None,  # type: ignore[index]
    )


def _ordered(order: Sequence[Order], *, is_backward: bool) -> list[Any]:
    return [
        F(each.name).desc(nulls_last=_nulls(each, last=not is_backward), nulls_first=_nulls(each, last=is_backward))
        if each.is_descending != is_backward
        else F(each.name).asc(nulls_last=_nulls(each, last=not is_backward), nulls_first=_nulls(each, last=is_backward))
        for each in order
    ]


def _nulls(order: Order, *, last: bool) -> bool | None:
    # Where no value is missing the database may read an index in its own direction.
    return True if order.is_nullable and last else None


def _beyond(order: Sequence[Order], cursor: Cursor) -> Q:
    """The rows behind the cursor's: beyond in one column and equal in all before it."""
    wanted, equal = Q(), Q()
    for each, value in zip(order, cursor.values, strict=True):
        beyond = _beyond_in(each, value, is_backward=cursor.is_backward)
        if beyond is not None:
            wanted = wanted | (equal & beyond) if wanted else equal & beyond
        equal &= Q(**{f"{each.name}__isnull": True}) if value is None else Q(**{each.name: value})
    return wanted


def _beyond_in(order: Order, value: Any, *, is_backward: bool) -> Q | None:
    if value is None:
        return Q(**{f"{order.name}__isnull": False}) if is_backward else None
    is_less = order.is_descending != is_backward
    beyond = Q(**{f"{order.name}__{'lt' if is_less else 'gt'}": value})
    if order.is_nullable and not is_backward:
        beyond |= Q(**{f"{order.name}__isnull": True})
    return beyond


def _value(row: Any, path: str) -> Any:
    if isinstance(row, dict):
        return row[path]
    for step in path.split("__"):
        row = row.pk if step == "pk" and isinstance(row, Model) else getattr(row, step)
    return row


def _plain(value: Any) -> Any:
    """As JSON holds it and as a filter understands it."""
    if isinstance(value, date):  # an instant too
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | UUID) else value


class PagedForm(forms.Form):
    """Which page of a list. A list whose order can be chosen has a field `ordering` with its default first."""

    page = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text="From 1. Rows that come or go shift pages with a number; follow `next` to meet each row once.",
    )
    page_size = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST_PAGE,
        help_text=f"Rows a page: default {DEFAULT_PAGE_SIZE}, at most {LARGEST_PAGE}.",
    )
    cursor = forms.CharField(
        required=False, max_length=2000, help_text="From `next` or `previous`, as it is; not together with page."
    )

    def clean_page_size(self) -> int:
        """50 without one."""
        return self.cleaned_data["page_size"] or DEFAULT_PAGE_SIZE

    def clean_cursor(self) -> Cursor | None:
        """The place, of this list."""
        text = self.cleaned_data["cursor"]
        if not text:
            return None
        try:
            return Cursor.of(text)
        except ValueError as error:
            raise ValidationError("Follow next or previous as they are given.", code="invalid") from error

    def clean(self) -> dict[str, Any]:
        """A cursor of this list in this order, or a page's number."""
        cursor = self.cleaned_data.get("cursor")
        if cursor and self.cleaned_data.get("page"):
            raise ValidationError({"page": ValidationError("Give a cursor or a page, not both.", code="ambiguous")})
        if cursor and "ordering" not in self.errors and cursor.kind != self._kind():
            raise ValidationError(
                {"cursor": ValidationError("This cursor is of another list or another order.", code="mismatch")}
            )
        return super().clean() or self.cleaned_data

    def _kind(self) -> str:
        return f"{type(self).__name__} {self.cleaned_data.get('ordering') or ''}"

    def position(self) -> Position:
        """The page asked for; the first one without any."""
        given = self.cleaned_data
        return Position(self._kind(), given["page_size"], given["page"] or 1, given["cursor"])


def page_fields(results: serializers.Serializer[Any], **more: Any) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
    """The fields of `paged`'s answer, for the schema."""
    return {
        **more,
        "count": serializers.IntegerField(help_text="Rows on all pages together."),
        "page": serializers.IntegerField(allow_null=True, help_text="null where a cursor was followed."),
        "pages": serializers.IntegerField(help_text="Pages of this size."),
        "page_size": serializers.IntegerField(help_text="Rows a page."),
        "next": serializers.URLField(allow_null=True, help_text="The next page, at a cursor."),
        "previous": serializers.URLField(allow_null=True, help_text="The previous page, at a cursor."),
        "results": results,
    }


def paged(request: Request, page: Page[Any], results: Any, *, count: int) -> dict[str, Any]:
    """`results`, the rows of `page`, of `count` in all, with the addresses of its neighbours.

    Raises NotFound beyond the last page.
    """
    pages = max(1, -(-count // page.size))
    if page.number is not None and page.number > pages:
        raise NotFound(f"There is no page {page.number}; the last one is {pages}.")

    def address(cursor: str | None) -> str | None:
        if cursor is None:
            return None
        query = request.query_params.copy()
        query.pop("page", None)
        query["cursor"] = cursor
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")

    return {
        "count": count,
        "page": page.number,
        "pages": pages,
        "page_size": page.size,
        "next": address(page.next_cursor),
        "previous": address(page.previous_cursor),
        "results": results,
    }
