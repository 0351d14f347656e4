"""An input as blocks of a page: its pictures, its texts, and the rest of it as a tree."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.domain.strict_json import escape
from reviews.domain.glossary import Glossary
from reviews.domain.legible import Legible, legible
from reviews.domain.pictures import Picture, pictures

FIRST_CHUNK = 20_000
NEXT_CHUNK = 100_000
MAX_NODES = 300
MAX_LEAF = 2_000
LONG = 60
NOTHING = Legible((), 0)
PLAIN = Glossary({})


@dataclass(frozen=True)
class Chunk:
    """A part of a long text, and where the next begins; `left` characters follow it."""

    pointer: str
    shown: Legible
    left: int

    @property
    def next(self) -> int:
        """Where the next part begins."""
        return self.shown.end


@dataclass(frozen=True)
class TextBlock:
    """A text of the input under the name it has there; none when it is all there is."""

    name: str
    chunk: Chunk


@dataclass
class Node:
    """One value of a tree: an object, a list or a leaf. `cut` counts what is not shown of it."""

    key: str | None
    kind: str
    value: Legible = NOTHING
    children: list["Node"] = field(default_factory=list)
    cut: int = 0


@dataclass(frozen=True)
class InputView:
    """All blocks of an input. `raw` is set when the tree leaves something out."""

    pictures: list[Picture]
    texts: list[TextBlock]
    tree: Node | None
    raw: bool


def view(value: Any, glossary: Glossary = PLAIN) -> InputView:
    """Return the blocks of an input, each bounded in size, with the terms of a glossary."""
    drawn = list(pictures(value))
    if isinstance(value, str):
        return InputView(drawn, [TextBlock("", chunk(value, "", glossary))], None, raw=False)
    if not isinstance(value, Mapping):
        return _with_tree(drawn, [], value, glossary)
    seen = {picture.pointer for picture in drawn}
    rest = {key: member for key, member in value.items() if f"/{escape(key)}" not in seen}
    least = LONG if len(rest) > 1 else 0
    texts = {k: v for k, v in rest.items() if isinstance(v, str) and len(v) >= least}
    if not texts and isinstance(rest.get("text"), str):
        texts = {"text": rest["text"]}
    alone = len(texts) == 1 and len(rest) == 1
    blocks = [
        TextBlock("" if alone else key, chunk(text, f"/{escape(key)}", glossary))
        for key, text in texts.items()
    ]
    return _with_tree(drawn, blocks, {k: v for k, v in rest.items() if k not in texts}, glossary)


def _with_tree(
    drawn: list[Picture], texts: list[TextBlock], rest: Any, glossary: Glossary
) -> InputView:
    if isinstance(rest, dict) and not rest:
        return InputView(drawn, texts, None, raw=False)
    budget = Budget(MAX_NODES, glossary)
    root = budget.node(None, rest)
    return InputView(drawn, texts, root, raw=budget.cut)


def chunk(text: str, pointer: str, glossary: Glossary = PLAIN, *, start: int = 0) -> Chunk:
    """Return the part of a text that begins at `start`."""
    shown = legible(text, start=start, limit=NEXT_CHUNK if start else FIRST_CHUNK)
    return Chunk(pointer, glossary.marked(shown), len(text) - shown.end)


def text_at(value: Any, pointer: str) -> str | None:
    """Return the text at a JSON Pointer of an input; at the root the whole of it as JSON."""
    if not pointer:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None


class Budget:
    """Builds a tree of at most so many nodes, and remembers whether it left something out."""

    def __init__(self, nodes: int, glossary: Glossary = PLAIN) -> None:
        self.left = nodes
        self.glossary = glossary
        self.cut = False

    def node(self, key: str | None, value: Any) -> Node:
        """Return the tree of a value."""
        self.left -= 1
        if isinstance(value, Mapping):
            return self._branch(Node(key, "object"), list(value.items()))
        if isinstance(value, list):
            return self._branch(Node(key, "list"), [(None, entry) for entry in value])
        kind = {str: "text", bool: "boolean", type(None): "null"}.get(type(value), "number")
        text = value if isinstance(value, str) else json.dumps(value)
        over = max(len(text) - MAX_LEAF, 0)
        self.cut = self.cut or over > 0
        return Node(key, kind, self.glossary.marked(legible(text[:MAX_LEAF])), cut=over)

    def _branch(self, node: Node, members: list[tuple[str | None, Any]]) -> Node:
        for place, (key, member) in enumerate(members):
            if self.left <= 0:
                node.cut = len(members) - place
                self.cut = True
                break
            node.children.append(self.node(key, member))
        return node
