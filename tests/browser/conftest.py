from __future__ import annotations

from contextlib import contextmanager

import pytest

from tests.browser.started import demo_url
from tests.browser.visitors import CHROMIUM, Visitors, chromium


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lives here, and skip it where there is no browser; REQUIRE_SERVICES=1 makes a skip a failure."""
    here = __file__.rpartition("/")[0]
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason=f"no browser at {CHROMIUM}: apt-get install chromium"))


@pytest.fixture(scope="session")
def visitors(tmp_path_factory):
    with demo_url(tmp_path_factory.mktemp("browser")) as url, chromium() as browser:
        yield Visitors(browser, url=url)


@pytest.fixture
def visit(visitors):
    """`with visit(who) as page:`, which fails at the end where the page complained of anything."""

    @contextmanager
    def visited(who, **options):
        with visitors.page(who, **options) as page:
            yield page
            assert not page.watch.faults, "\n".join(page.watch.faults)

    return visited
