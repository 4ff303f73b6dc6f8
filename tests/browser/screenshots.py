"""`make screenshots`: a picture of every page in every state, wide and narrow, light and dark, with an index.

    python -m tests.browser.screenshots [part of a sight's name …]

They go to var/screenshots/<page>-<state>-<light|dark>-<width>.png; nothing in them is compared, somebody looks.
"""

import shutil
import sys
import tempfile
from html import escape
from pathlib import Path

from tests.browser.sights import SIGHTS
from tests.browser.started import demo_url
from tests.browser.visitors import NARROW, WIDE, Visitors, chromium, settle
from tests.demo import ROOT

FOLDER = ROOT / "var" / "screenshots"
WAYS = (("light", WIDE), ("dark", WIDE), ("dark", NARROW), ("light", NARROW))


def main(wanted: list[str]) -> int:
    """Take them all, or those whose name holds one of `wanted`."""
    sights = [sight for sight in SIGHTS if not wanted or any(word in str(sight) for word in wanted)]
    if not wanted:
        shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="demo-") as own, demo_url(Path(own)) as url, chromium() as browser:
        visitors = Visitors(browser, url=url)
        for sight in sights:
            with visitors.page(sight.who) as page:
                visitors.open(page, sight)
                for scheme, size in WAYS:
                    page.emulate_media(color_scheme=scheme)
                    page.set_viewport_size(size)
                    settle(page)
                    page.screenshot(path=FOLDER / _name(sight, scheme, size), full_page=True)
                for fault in page.watch.faults:
                    print(f"{sight}: {fault}")
    _index(sights if wanted else SIGHTS)
    print(f"{len(sights) * len(WAYS)} pictures: {FOLDER.relative_to(ROOT)}/index.html")
    return 0


def _name(sight, scheme, size):
    return f"{str(sight).replace(':', '-')}-{scheme}-{size['width']}.png"


def _index(sights):
    rows = "".join(
        f"<h2>{escape(str(sight))} <small>{escape(sight.path)} {escape(sight.who)}</small></h2><p>"
        + " ".join(
            f'<a href="{name}"><img src="{name}" height="400" alt="{name}" loading="lazy"></a>'
            for name in (_name(sight, scheme, size) for scheme, size in WAYS)
        )
        + "</p>"
        for sight in sights
    )
    (FOLDER / "index.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Screenshots</title>{rows}</html>'
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
