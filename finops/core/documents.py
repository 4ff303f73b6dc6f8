"""The documents in docs/ as pages: sections with anchors, and a row of the glossary for each term.

HTML in a document is shown as text and styles are dropped, so that a page holds nothing but our own markup.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

from django.conf import settings
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TERM = "term"  # the first column's head of a table whose rows are linked to
_DOCUMENT = re.compile(r"([a-z-]+)\.md(#[a-z0-9-]+)?")
_WRAPPED = '<div class="table" tabindex="0" role="region" aria-label="Table">\n'


class Markup(str):
    """HTML made from a document of ours, which templates therefore do not escape again."""

    __slots__ = ()

    def __html__(self) -> str:
        """As it is."""
        return str(self)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the second level and what follows it; the first has none and is what stands before it."""

    anchor: str
    title: str
    body: Markup


@dataclass(frozen=True, slots=True)
class Document:
    """One document, in order, and everything in it that an address can point at."""

    title: str
    sections: tuple[Section, ...]
    anchors: frozenset[str]


@cache
def document(name: str) -> Document:
    """docs/`name`.md; read once, for it changes with the product only."""
    return read_document((Path(settings.BASE_DIR) / "docs" / f"{name}.md").read_text(encoding="utf-8"))


def read_document(text: str) -> Document:
    """A document in CommonMark with tables; raises ValueError where two places would have the same anchor."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    anchors = _with_anchors(tokens)
    _point_to_pages(tokens)
    if len(set(anchors)) < len(anchors):
        twice = sorted({anchor for anchor in anchors if anchors.count(anchor) > 1})
        raise ValueError(f"Two places of a document cannot share an anchor: {', '.join(twice)}.")
    title, sections = "", []
    for heading, body in _cut(tokens):
        if heading is not None and heading[0].tag == "h1":
            title = heading[1].content
        level_two = heading if heading is not None and heading[0].tag == "h2" else None
        rendered = markdown.renderer.render([_plain(token) for token in body], markdown.options, {})
        rendered = rendered.replace("<table>", f"{_WRAPPED}<table>").replace("</table>", "</table>\n</div>")
        if rendered or level_two:
            sections.append(
                Section(
                    anchor=str(level_two[0].attrGet("id")) if level_two else "",
                    title=level_two[1].content if level_two else "",
                    body=Markup(rendered),
                )
            )
    return Document(title=title, sections=tuple(sections), anchors=frozenset(anchors))


def _with_anchors(tokens: Sequence[Token]) -> list[str]:
    """Give each heading, and each row of a table of terms, an id; return them."""
    anchors = []

    def mark(token: Token, words: str) -> None:
        if anchor := slugify(words):  # a sign such as × has none
            token.attrSet("id", anchor)
            anchors.append(anchor)

    is_of_terms, row = False, None
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.type == "heading_open" and following is not None:
            mark(token, following.content)
        elif token.type == "thead_open":
            is_of_terms = False
        elif token.type == "th_open" and following is not None:
            is_of_terms = is_of_terms or following.content.strip().lower() == _TERM
        elif token.type == "tr_open":
            row = token
        elif token.type == "td_open" and row is not None and following is not None:
            if is_of_terms:
                mark(row, following.content)
            row = None  # only the first cell names a row
    return anchors


def _point_to_pages(tokens: Sequence[Token]) -> None:
    """A link to another document, which in the repository is a file beside this one, leads to its page."""
    for token in (child for block in tokens for child in block.children or []):
        if token.type == "link_open" and (link := _DOCUMENT.fullmatch(str(token.attrGet("href")))):
            token.attrSet("href", f"../{link[1]}/{link[2] or ''}")


def _cut(tokens: Sequence[Token]) -> Iterator[tuple[tuple[Token, Token] | None, list[Token]]]:
    """The tokens between headings of the first and second level, each part with the two that open its heading."""
    heading: tuple[Token, Token] | None = None
    body: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.type == "heading_open" and token.tag in {"h1", "h2"}:
            yield heading, body
            heading, body = (token, tokens[place + 1]), []
            place += 3  # the heading's open, words and close
        else:
            body.append(token)
            place += 1
    yield heading, body


def _plain(token: Token) -> Token:
    """Without the style that an aligned column would carry."""
    token.attrs.pop("style", None)
    return token
