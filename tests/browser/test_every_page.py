"""Each page in each state, as it stands on wide and narrow screens, in light and dark, by mouse and by keyboard."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.browser import looks
from tests.browser.sights import NOT_LOOKED_AT, SIGHTS
from tests.browser.visitors import NARROW, settle

OF_MACHINES = ("admin:", "api-", "carbon-aware", "sci-")


def _names(resolver, namespace=""):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern, pattern.namespace or namespace)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}:{pattern.name}" if namespace else pattern.name


def test_every_page_has_a_sight():
    of_people = {name for name in _names(get_resolver()) if not name.startswith(OF_MACHINES)}

    missing = of_people - {sight.page for sight in SIGHTS} - set(NOT_LOOKED_AT)
    assert not missing, f"add a Sight of {sorted(missing)}"


@pytest.mark.parametrize("sight", SIGHTS, ids=str)
def test_a_page_can_be_used_by_everyone(visitors, visit, sight):
    with visit(sight.who) as page:
        visitors.open(page, sight)

        faults = _faults(page) if sight.is_ours else []

        assert sight.words in page.locator("main").inner_text() if sight.words else True
        assert not faults, "\n".join(faults)


def _faults(page):
    """What is wrong on a wide light and on a narrow dark screen; each costs a second of axe-core."""
    faults = []

    def note(where, found):
        faults.extend(f"{where}: {fault}" for fault in found)

    note("everywhere", looks.charts_without_tables(page) + looks.raw_values(page))
    note("wide", looks.cut_text(page) + looks.keyboard_faults(page))
    note("wide, light", looks.barriers(page))
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(NARROW)
    settle(page)
    note("narrow", looks.cut_text(page))
    note("narrow, dark", looks.barriers(page))
    return faults


@pytest.mark.parametrize("sight", list({s.page: s for s in reversed(SIGHTS) if s.is_ours}.values()), ids=str)
def test_a_page_says_the_same_without_javascript(visitors, visit, sight):
    with visit(sight.who, javascript=False) as page:
        page.watch.expect(sight.status)
        page.goto(visitors.path_of(sight))
        page.set_viewport_size(NARROW)

        assert page.locator("h1").first.is_visible()
        assert sight.words in page.locator("main").inner_text() if sight.words else True
        assert looks.cut_text(page) + looks.charts_without_tables(page) == []
