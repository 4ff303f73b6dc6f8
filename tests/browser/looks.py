"""What is asked of every page as it stands on the screen; each question answers with sentences about faults."""

from axe_playwright_python.base import AXE_SCRIPT

_STOPS_OF_A_DATE = 4

# What a reader cannot see whole: text that a box without a scroll bar cuts, or that runs out of its box.
_CUT = """
() => {
  const words = (node) => `${node.tagName.toLowerCase()}.${node.className} "${node.textContent.trim().slice(0, 60)}"`;
  const faults = [];
  for (const node of document.querySelectorAll("body *")) {
    if (!node.checkVisibility() || node.closest(".sr-only, .skip, canvas, svg, select, option")) continue;
    const style = getComputedStyle(node);
    if (style.display === "inline" || !node.textContent.trim()) continue;
    const wide = node.scrollWidth - node.clientWidth, high = node.scrollHeight - node.clientHeight;
    if (["hidden", "clip"].includes(style.overflowX) && wide > 1) faults.push(`cut at the side: ${words(node)}`);
    if (["hidden", "clip"].includes(style.overflowY) && high > 2) faults.push(`cut below: ${words(node)}`);
    if (node.matches("section, .tile, .card, .pill, button, .button, label, .note") && style.overflowX === "visible"
        && wide > 1) faults.push(`runs out of its box by ${wide} px: ${words(node)}`);
  }
  return faults;
}
"""

_WIDE = """
() => {
  const root = document.documentElement;
  const over = root.scrollWidth - root.clientWidth;
  if (over <= 0) return [];
  const scrolls = (node) => node && (["auto", "scroll", "hidden"].includes(getComputedStyle(node).overflowX)
    || scrolls(node.parentElement));
  const guilty = [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility() && !scrolls(node.parentElement))
    .filter((node) => node.getBoundingClientRect().right > root.clientWidth + 1)
    .map((node) => `${node.tagName.toLowerCase()}.${node.className}`);
  return [`the page is ${over} px wider than the screen: ${guilty.slice(-4).join(", ")}`];
}
"""

_CANVASES = """
() => [...document.querySelectorAll("canvas")].flatMap((canvas) => {
  const faults = [];
  const name = canvas.getAttribute("aria-label");
  if (canvas.getAttribute("role") !== "img" || !name) faults.push("a chart has no name for who cannot see it");
  const around = canvas.closest("section, article");
  const table = around?.querySelector("table")
    || [...(around?.querySelectorAll('a[href^="#"]') || [])].some(
      (link) => document.querySelector(link.hash)?.matches("table, :has(table)"));
  if (!table) {
    faults.push(`the chart "${name}" has no table beside it`);
  }
  return faults;
})
"""

_AXE = """
(only) => axe.run(document, {
  resultTypes: ["violations"],
  ...(only ? { runOnly: { type: "rule", values: only } } : {}),
}).then((answer) => answer.violations
  .filter((violation) => ["serious", "critical"].includes(violation.impact))
  .flatMap((violation) => violation.nodes.slice(0, 4).map(
    (node) => `${violation.id}: ${node.html.slice(0, 160)}
      (${(node.any[0] || node.all[0] || node.none[0] || {}).message})`)))
"""

_FOCUS = """
() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const style = getComputedStyle(node), box = node.getBoundingClientRect();
  return {
    words: `${node.tagName.toLowerCase()} "${(node.textContent || node.name || "").trim().slice(0, 40)}"`,
    isMarked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none",
    isOnScreen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    isSkip: node.classList.contains("skip"),
    place: [...document.querySelectorAll("*")].indexOf(node),
  };
}
"""

_RAW = r"""
() => {
  const text = document.querySelector("main").innerText;
  const strange =
    /\b(?:NaN|undefined|Infinity)\b|\bNone\b(?=[,)]|\s*$)|\{\{|\}\}|\{%|<[A-Z]\w+:|datetime\.|Decimal\(|\[object/gm;
  return [...new Set(text.match(strange) || [])].map((word) => `the page says "${word}"`);
}
"""


def cut_text(page):
    """Text of which a part cannot be seen, and pages wider than the screen."""
    return page.evaluate(_WIDE) + page.evaluate(_CUT)


def charts_without_tables(page):
    """Charts that say nothing to who cannot see them."""
    return page.evaluate(_CANVASES)


def raw_values(page):
    """What a program would say and a person would not."""
    return page.evaluate(_RAW)


def barriers(page, *, only=None):
    """What axe-core calls serious or critical; `only` names the rules where not all are wanted."""
    # Through the debugger, which the page's own policy does not bind; the page may load no script of ours.
    if not page.evaluate("() => typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate(_AXE, only)


def keyboard_faults(page, *, at_most=60):
    """Walk the page by Tab: the skip link comes first, each stop is marked and on the screen, and nothing traps."""
    # Blurring alone would leave the browser counting from the field that had the focus.
    page.evaluate(
        """() => {
          document.body.tabIndex = -1;
          document.body.focus();
          document.body.removeAttribute("tabindex");
          scrollTo(0, 0);
        }"""
    )
    faults, places = [], []
    for stop in range(at_most):
        page.keyboard.press("Tab")
        focus = page.evaluate(_FOCUS)
        if focus is None or focus["place"] in places[:1]:
            break  # out of the page, or around again
        if stop == 0 and not focus["isSkip"]:
            faults.append(f"the first stop is {focus['words']}, not the way past the navigation")
        if not focus["isMarked"] and focus["place"] not in places:
            faults.append(f"nothing marks the focus on {focus['words']}")
        if not focus["isOnScreen"]:
            faults.append(f"the focus on {focus['words']} is off the screen")
        # A field for a date has several stops within: its day, its month, its year, its calendar.
        if places[-_STOPS_OF_A_DATE:] == [focus["place"]] * _STOPS_OF_A_DATE:
            faults.append(f"Tab does not leave {focus['words']}")
            break
        if places and focus["place"] < places[-1]:
            faults.append(f"Tab leads back to {focus['words']}")
        places.append(focus["place"])
    return faults
