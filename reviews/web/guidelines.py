"""Guidelines: Markdown of the people who write policy, as HTML without any of their own."""

import functools
from typing import Any

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

from governance.selectors import policies

LINKS = ("http:", "https:", "mailto:", "#")


@functools.lru_cache(maxsize=128)
def rendered(version_id: Any) -> SafeString:
    """Return the guideline of a policy version as HTML; versions never change."""
    return markdown(policies.document(version_id)["guideline"])


def markdown(text: str) -> SafeString:
    """Return Markdown as HTML: tags in it are text, pictures are off, links go to LINKS only."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image"])
    parser.validateLink = _allowed  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _link)
    # Headings of a guideline stand below those of the page.
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    return SafeString(parser.render(text))


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
