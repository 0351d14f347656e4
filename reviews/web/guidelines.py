"""Guidelines: Markdown of the people who write policy, as HTML without any of their own."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.token import Token

from governance.selectors import policies
from reviews.domain.glossary import Glossary
from reviews.domain.legible import Word
from reviews.web import glossaries
from reviews.web.inputs import PLAIN

LINKS = ("http:", "https:", "mailto:", "#")


@functools.lru_cache(maxsize=128)
def rendered(version_id: Any) -> SafeString:
    """Return the guideline of a policy version as HTML; versions never change."""
    return markdown(policies.document(version_id)["guideline"], glossaries.of(version_id))


def markdown(text: str, glossary: Glossary = PLAIN) -> SafeString:
    """Return Markdown as HTML: tags in it are text, pictures are off, links go to LINKS only.

    The terms of a glossary are marked once in each paragraph, heading or cell, and neither in
    links nor in code.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image"])
    parser.validateLink = _allowed  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _link)
    # Headings of a guideline stand below those of the page.
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    tokens = parser.parse(text)
    for token in tokens:
        if token.type == "inline" and token.children:
            token.children = list(_marked(_joined(token.children), glossary))
    return SafeString(parser.renderer.render(tokens, parser.options, {}))


def _joined(tokens: list[Token]) -> Iterator[Token]:
    """Yield tokens, the lines of one text as one: a term may be broken by the end of a line."""
    text: Token | None = None
    for token in tokens:
        if token.type not in ("text", "softbreak"):
            if text is not None:
                yield text
            text = None
            yield token
        else:
            content = "\n" if token.type == "softbreak" else token.content
            text = Token("text", "", 0, content=(text.content if text else "") + content)
    if text is not None:
        yield text


def _marked(tokens: Iterable[Token], glossary: Glossary) -> Iterator[Token]:
    seen: set[int] = set()
    links = 0
    for token in tokens:
        links += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type != "text" or links:
            yield token
            continue
        for piece in glossary.pieces(token.content, seen=seen):
            if isinstance(piece, Word):
                yield from _term(piece)
            else:
                yield Token("text", "", 0, content=piece)


def _term(word: Word) -> Iterator[Token]:
    attributes: dict[str, str | int | float] = {
        "class": "term",
        "href": f"#term-{word.number}",
        "data-term": str(word.number),
        "aria-describedby": f"meaning-{word.number}",
    }
    yield Token("term_open", "a", 1, attrs=attributes)
    yield Token("text", "", 0, content=word.text)
    yield Token("term_close", "a", -1)


def _allowed(url: str) -> bool:
    return url.strip().lower().startswith(LINKS)


def _link(self: Any, tokens: Any, idx: int, options: Any, env: Any) -> str:
    tokens[idx].attrSet("rel", "noopener noreferrer nofollow")
    tokens[idx].attrSet("target", "_blank")
    return str(self.renderToken(tokens, idx, options, env))


def _heading(self: Any, tokens: Any, idx: int, options: Any, env: Any) -> str:
    level = int(tokens[idx].tag[1])
    tokens[idx].tag = f"h{min(level + 2, 6)}"
    return str(self.renderToken(tokens, idx, options, env))
