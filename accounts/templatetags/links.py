"""Links from a word or a figure to where it is explained."""

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify

register = template.Library()


@register.simple_tag
def term(words: str, entry: str = "") -> SafeString | str:
    """`words` as a link to their entry in the glossary: `{% term "TAC" %}`, `{% term "g/kWh" "carbon intensity" %}`."""
    address = _address("glossary", entry or words)
    return format_html('<a class="term" href="{}">{}</a>', address, words) if address else words


@register.simple_tag
def method(section: str, label: str = "") -> SafeString | str:
    """A question mark that leads to a section of the methodology: `{% method "Runtime" %}`."""
    address = _address("methodology", section)
    if not address:
        return ""
    words = f"How {label or section.lower()} is worked out"
    return format_html('<a class="help" href="{}" title="{}" aria-label="{}">?</a>', address, words, words)


# A figure's name → its entry in the glossary, and the section of the methodology that says how it is worked out.
_EXPLAINED = {
    "list_cost": ("list cost", "Cost"),
    "billed_cost": ("billed cost", "Cost"),
    "energy": ("energy", "Energy"),
    "operational": ("operational emissions", "Emissions"),
    "embodied": ("embodied emissions", "Emissions"),
    "intensity": ("carbon per cost", "Emissions"),
    "alignment": ("TAC", "How far to trust it"),
    "running": ("running hours", "Runtime"),
}


@register.simple_tag
def figure_label(name: str, label: str) -> SafeString | str:
    """A figure's label, as a link to its entry in the glossary where it has one."""
    entry, _ = _EXPLAINED.get(name.removeprefix("month_"), ("", ""))
    return term(label, entry) if entry else label


@register.simple_tag
def figure_method(name: str) -> SafeString | str:
    """Where the methodology works the figure out."""
    _, section = _EXPLAINED.get(name.removeprefix("month_"), ("", ""))
    address = _address("methodology", section) if section else ""
    return format_html('<a href="{}">How it is worked out</a>', address) if address else ""


def _address(page: str, heading: str) -> str:
    """Where a page's heading stands; empty in an installation without that page."""
    try:
        return f"{reverse(page)}#{slugify(heading)}"
    except NoReverseMatch:
        return ""
