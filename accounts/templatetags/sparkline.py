"""A row of figures as small bars, drawn by the server: no script, and no style that the page's policy refuses."""

from collections.abc import Sequence
from decimal import Decimal

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_BAR, _GAP, _HEIGHT = 3, 1, 20


@register.simple_tag
def sparkline(values: Sequence[float | Decimal | None], label: str) -> SafeString:
    """Bars from zero, oldest first. A value nobody knows is a dot on the ground line, zero is no bar at all."""
    known = [float(value) for value in values if value is not None]
    top = max(known, default=0.0) or 1.0
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
        (_bar(index, value, top) for index, value in enumerate(values) if value != 0),
    )
    width = max(1, len(values) * (_BAR + _GAP))
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>',
        width,
        _HEIGHT,
        width,
        _HEIGHT,
        label,
        bars,
    )


def _bar(index: int, value: float | Decimal | None, top: float) -> tuple[str, int, str, int, str]:
    x = index * (_BAR + _GAP)
    if value is None:
        return "gap", x, f"{_HEIGHT - 1}", _BAR, "1"
    height = max(1.0, float(value) / top * _HEIGHT)
    return "bar", x, f"{_HEIGHT - height:.1f}", _BAR, f"{height:.1f}"
