"""A row of figures as small bars, drawn by the server: no script, and no style that the page's policy refuses."""

from collections.abc import Sequence
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

_BAR, _GAP, _HEIGHT = 3, 1, 20


@register.simple_tag
def sparkline(values: Sequence[float | Decimal | None], label: str) -> SafeString:
    """Bars from zero, oldest first. A value nobody knows is a dot on the ground line, zero is no bar at all."""
    top = max((float(value) for value in values if value is not None), default=0.0) or 1.0
    bars, gaps = [], []
    for index, value in enumerate(values):
        x = index * (_BAR + _GAP)
        if value is None:
            gaps.append(f"M{x} {_HEIGHT}h{_BAR}")
        elif value:
            height = max(1.0, float(value) / top * _HEIGHT)
            bars.append(f"M{x + _BAR / 2} {_HEIGHT}v-{height:.3g}")
    width = max(1, len(values) * (_BAR + _GAP))
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="bars" d="{}"/><path class="gaps" d="{}"/></svg>',
        width,
        _HEIGHT,
        label,
        "".join(bars),
        "".join(gaps),
    )
