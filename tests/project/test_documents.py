"""The documents in docs/ that are shown as pages: each link to them meets a place, each unit shown has its entry."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.text import slugify
from hypothesis import given
from hypothesis import strategies as st

from accounts.selectors.known_sources import KNOWN_SOURCES
from carbon.reference.source_terms import SOURCE_TERMS
from finops.core.documents import document, read_document

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SHOWN = ("methodology", "glossary")
UNITS_WITHOUT_ENTRY = {"", "×"}  # a sign has no anchor; its row stands among the units


def test_every_term_of_a_page_has_an_entry_in_the_glossary():
    missing = {
        (path.name, entry or words)
        for path in TEMPLATES
        for words, entry in re.findall(r'{% term "([^"]+)"(?: "([^"]+)")? %}', path.read_text())
        if slugify(entry or words) not in document("glossary").anchors
    }

    assert missing == set()


def test_every_question_mark_of_a_page_leads_to_a_section_of_the_methodology():
    missing = {
        (path.name, section)
        for path in TEMPLATES
        for section in re.findall(r'{% method "([^"]+)"', path.read_text())
        if slugify(section) not in document("methodology").anchors
    }

    assert missing == set()


def test_every_plain_link_to_an_anchor_of_a_document_meets_it():
    missing = {
        (path.name, name, anchor)
        for path in TEMPLATES
        for name, anchor in re.findall(r"{% url '(methodology|glossary)' %}#([a-z0-9-]+)", path.read_text())
        if anchor not in document(name).anchors
    }

    assert missing == set()


def test_every_unit_shown_has_an_entry_in_the_glossary():
    tags = re.compile(r'{% (?:number|quantity|percent|kilograms) [^%]*?"([^" ]*)"')
    in_templates = {unit for path in TEMPLATES for unit in tags.findall(path.read_text())}
    figures = (ROOT / "costing" / "selectors" / "figures.py").read_text()
    in_figures = set(re.findall(r'^ {12}"(kWh|gCO2e|h|share)",$', figures, re.MULTILINE)) | {"gCO2e/USD", "USD"}

    shown = in_templates | in_figures
    missing = {unit for unit in shown - UNITS_WITHOUT_ENTRY if slugify(unit) not in document("glossary").anchors}

    assert {"kWh", "gCO2e", "gCO2e/kWh", "USD", "h", "share"} <= shown
    assert missing == set()


@pytest.mark.parametrize("name", SHOWN)
def test_a_documents_links_lead_to_pages_or_out(name):
    bodies = "".join(section.body for section in document(name).sections)

    inside = [link for link in re.findall(r'href="([^"]+)"', bodies) if not link.startswith(("https://", "../", "#"))]
    pages = {link.split("/")[1] for link in re.findall(r'href="(\.\./[^"]+)"', bodies)}

    assert inside == []
    assert pages <= set(SHOWN)


def test_a_document_brings_no_markup_and_no_style_of_its_own():
    body = (
        read_document(
            "# A\n\n<script>x</script> [y](javascript:alert) <b style='z'>\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n"
        )
        .sections[0]
        .body
    )

    assert "<script" not in body
    assert "<b " not in body
    assert 'href="javascript' not in body
    assert 'style="' not in body
    assert "<td>1</td>" in body


def test_a_row_of_a_table_of_terms_can_be_pointed_at():
    answer = read_document(
        "| Term | unit |\n|---|---|\n| Carbon intensity | g/kWh |\n\n| not | one |\n|---|---|\n| a | b |\n"
    )

    assert '<tr id="carbon-intensity">' in answer.sections[0].body
    assert answer.anchors == {"carbon-intensity"}


def test_two_places_with_one_name_are_refused():
    with pytest.raises(ValueError, match="share an anchor: energy"):
        read_document("## Energy\n\n## Energy\n")


@given(titles=st.lists(st.text("abcdefgh", min_size=2, max_size=6), unique=True, max_size=6))
def test_each_heading_is_a_section_with_its_anchor(titles):
    answer = read_document("".join(f"## {title}\n\nabout {title}\n\n" for title in titles))

    assert [(section.anchor, section.title) for section in answer.sections] == [(title, title) for title in titles]


def test_every_source_that_is_asked_says_on_which_terms():
    assert set(KNOWN_SOURCES) - set(SOURCE_TERMS) == set()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/methodology/", ["In force: a bill counts as complete 48 hours", "load_curve", "In force: the PUE of"]),
        ("/glossary/", ['<tr id="tac">', '<tr id="gco2ekwh">', 'href="../methodology/"']),
        ("/about-data/", ["Open Database License", "LookupEvents", "never"]),
    ],
)
def test_each_document_is_a_page(alice_client, path, words):
    page = alice_client.get(path).content.decode()

    assert [each for each in words if each not in page] == []
