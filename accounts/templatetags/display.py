"""How templates show numbers, instants and the marks beside them."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import PowerModel
from accounts.selectors.health import ASK_THE_ADMIN
from accounts.selectors.known_sources import known_source
from finops.core import display
from finops.core.time_zones import as_shown, offset_of

register = template.Library()

_ON_A_PAGE = re.compile(r"Sign in to AWS at (/(?:[a-z0-9-]+/)*sign-ins/[0-9]+/)")

_STATE_MARKS = dict.fromkeys(("available", "fresh", "running", "done", "optimal", "excellent"), "●")
_STATE_MARKS |= dict.fromkeys(("degraded", "ageing", "throttled", "pending", "stopping", "partly", "moderate"), "◐")
_STATE_MARKS |= dict.fromkeys(("stale", "high", "limited"), "▲")
_STATE_MARKS |= dict.fromkeys(("never", "stopped", "waiting", "queued", "not_enabled"), "○")


@register.simple_tag
def quantity(value: float | Decimal | None, unit: str, reason: str = "") -> SafeString:
    """A figure with three significant digits; every digit in its title and for machines."""
    if value is None:
        return unknown(reason)
    shown = display.short(value, unit)
    title = display.full(value, unit)
    if shown.is_prefix:
        return format_html(
            '<data value="{}" title="{}"><small>{}</small> {}</data>', value, title, shown.unit, shown.number
        )
    return format_html(
        '<data value="{}" title="{}">{} <small>{}</small></data>', value, title, shown.number, shown.unit
    )


@register.simple_tag
def number(value: float | Decimal | None, decimals: int, unit: str, reason: str = "") -> SafeString:
    """A figure in a column: so many decimals, the unit in the column's head, every digit in its title."""
    if value is None:
        return unknown(reason)
    shown = display.fixed(value, decimals=decimals)
    return format_html('<data value="{}" title="{}">{}</data>', value, display.full(value, unit), shown)


@register.simple_tag
def kilograms(gco2e: float | None, decimals: int, reason: str = "") -> SafeString:
    """Grams in a column of kilograms; machines still read grams."""
    if gco2e is None:
        return unknown(reason)
    shown = display.fixed(gco2e / 1000, decimals=decimals)
    return format_html('<data value="{}" title="{}">{}</data>', gco2e, display.full(gco2e, "gCO2e"), shown)


@register.simple_tag
def percent(share: float | None, reason: str = "") -> SafeString:
    """A share, 0 to 1, as per cent."""
    if share is None:
        return unknown(reason)
    return format_html(
        '<data value="{}" title="{}">{} %</data>',
        share,
        display.full(share, "share"),
        display.short(share, "share").number,
    )


@register.simple_tag
def percent_in_column(share: float | None, reason: str = "") -> SafeString:
    """A share, 0 to 1, as per cent with one decimal, so that what stands below each other has the same digits."""
    if share is None:
        return unknown(reason)
    return format_html(
        '<data value="{}" title="{}">{} %</data>', share, display.full(share, "share"), display.percent(share)
    )


@register.simple_tag
def fix(words: str) -> SafeString | str:
    """What to do about a trouble: a command to copy, or a sentence."""
    if words in {"", ASK_THE_ADMIN}:
        return words
    if page := page_of(words):
        return format_html('Fix: <a href="{}">Sign in to AWS</a>', page)
    return format_html("Fix: {}" if words.endswith(".") else "Fix: <code>{}</code>", words)


@register.filter
def page_of(words: str) -> str:
    """The page of this product on which something is mended; empty where it is mended elsewhere."""
    match = _ON_A_PAGE.fullmatch(words)
    return match[1] if match else ""


@register.filter
def until(moment: datetime, now: datetime) -> str:
    """How long after `now` that will be."""
    return display.age(max(moment - now, timedelta(0)))


def unknown(reason: str = "") -> SafeString:
    """The dash that stands for what nobody knows, which is not zero, with its reason."""
    reason = reason or "Unknown."
    return format_html(
        '<span class="unknown" title="{}"><span aria-hidden="true">{}</span><span class="sr-only">{}</span></span>',
        reason,
        display.UNKNOWN,
        reason,
    )


@register.filter
def instant(moment: datetime | None) -> SafeString | str:
    """An instant to the minute, with its zone."""
    if moment is None:
        return display.UNKNOWN
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), display.instant(moment))


@register.filter
def clock(moment: datetime, now: datetime) -> SafeString:
    """An instant to the minute; its day only where that is not today's."""
    here, today = as_shown(moment), as_shown(now).date()
    shown = f"{here:%H:%M}" if here.date() == today else f"{here:%d %b %H:%M}".lstrip("0")
    return format_html('<time datetime="{}">{} {}</time>', moment.isoformat(), shown, offset_of(here))


@register.filter
def day(when: date) -> SafeString:
    """A UTC day, the same way everywhere."""
    return format_html('<time datetime="{}">{}</time>', when.isoformat(), f"{when:%d %b %Y}".lstrip("0"))


@register.filter
def ago(moment: datetime | None, now: datetime) -> str:
    """How long before `now` that was."""
    return f"{display.age(now - moment)} ago" if moment else "never"


@register.filter
def age(moment: datetime, now: datetime) -> str:
    """How long before `now` that was, without "ago"."""
    return display.age(now - moment)


@register.filter
def mark(state: str) -> str:
    """The sign beside a state, for a colour alone does not tell it."""
    return _STATE_MARKS.get(state, "✕")


@register.filter
def share_words(shares: dict[str, float]) -> str:
    """How a total is made up of grades: A 60 %, B 40 %."""
    return ", ".join(f"{grade} {display.short(share, 'share').number} %" for grade, share in shares.items())


@register.filter
def source_words(names: Iterable[str]) -> str:
    """Sources by the names people know: EC2, CloudTrail, Price list."""
    return ", ".join(known_source(name).label for name in names)


@register.filter
def power_model_words(name: str) -> str:
    """A power model as the settings name it; one of an earlier version keeps its own name."""
    return PowerModel(name).label if name in PowerModel.values else name


@register.simple_tag
def is_sandbox() -> bool:
    """Whether this installation speaks to stand-ins instead of AWS and the grid."""
    return bool(settings.SANDBOX)
