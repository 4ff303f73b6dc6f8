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


def _address(page: str, heading: str) -> str:
    """Where a page's heading stands; empty in an installation without that page."""
    try:
        return f"{reverse(page)}#{slugify(heading)}"
    except NoReverseMatch:
        return ""
