"""The content security policy allows no code and no style inside a page; these tests say so before a browser does."""

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
STYLES = sorted((ROOT / "static" / "css").rglob("*.css"))
PYTHON = [
    path
    for app in ("accounts", "carbon", "costing", "finops")
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
]


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_a_template_holds_no_code_and_no_style(template):
    text = template.read_text()

    assert not re.findall(r"<script(?![^>]*\bsrc=)", text), "a script without src"
    assert not re.findall(r"<style\b", text)
    assert not re.findall(r"\sstyle\s*=", text)
    assert not re.findall(r"\son[a-z]+\s*=", text), "an event handler"
    assert not re.findall(r"javascript:", text)
    assert not re.findall(r"hx-(on|vals=['\"]js|headers=['\"]js)", text), "code for htmx to evaluate"


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_a_template_lets_nothing_through_unescaped(template):
    text = template.read_text()

    assert not re.findall(r"\|\s*safe\b|\|\s*safeseq\b|autoescape\s+off", text)


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_a_template_asks_this_server_only(template):
    assert not re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", template.read_text())


def test_no_module_marks_text_as_safe():
    marking = [name(path) for path in PYTHON if re.search(r"\bmark_safe\b|\bSafeText\b", path.read_text())]

    assert marking == []


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_a_script_never_writes_markup(script):
    text = script.read_text()

    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)


def test_colours_are_named_once_as_variables():
    style = (ROOT / "static" / "css" / "finops.css").read_text()
    rules = re.sub(r"--[a-z0-9-]+:[^;]+;", "", style)

    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", rules) == []


def test_the_style_sheet_stays_readable():
    assert sum(len(style.read_text().splitlines()) for style in STYLES) <= 500


def test_every_variable_a_script_reads_is_in_the_style_sheet():
    defined = set(re.findall(r"(--[a-z-]+):", (ROOT / "static" / "css" / "finops.css").read_text()))
    charts = (ROOT / "static" / "js" / "charts.js").read_text()
    colors = set(
        re.findall(r'"(cost|carbon|embodied|running|cpu|intensity)"', (ROOT / "costing/charts.py").read_text())
    )

    wanted = set(re.findall(r'"(--[a-z-]+)"', charts)) | {f"--chart-{color}" for color in colors}

    assert wanted - defined == set()


def test_chart_js_is_the_file_that_was_tried():
    path = finders.find("vendor/chartjs/chart.js")

    content = Path(path).read_bytes()

    assert b'"4.4.0"' in content
    assert hashlib.sha256(content).hexdigest() == "db65ba70511147e08494c38a46030c89cb9e3153f455fec50440581fc67cb429"


def test_every_component_says_what_it_wants():
    silent = [
        name(path)
        for path in TEMPLATES
        if (path.parent.name == "components" or path.name.startswith("_")) and "{# Wants" not in path.read_text()
    ]

    assert silent == []
