"""Documents as text: a YAML stream or a JSON list, read strictly."""

import re
from datetime import date
from typing import Any

import yaml

from governance.domain import strict_json

JSON_TYPES = ("null", "bool", "int", "float", "str", "seq", "map")
RESOLVED_HERE = (":timestamp", ":int", ":bool")
MAX_SIZE = 2 * 2**20
MAX_NODES = 200_000


class UnreadableSource(ValueError):
    """The text is no YAML stream; the message names the file and the line."""


class _Loader(yaml.SafeLoader):
    """Safe YAML with dates as text, clock times as text, and no key twice."""

    nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise yaml.YAMLError("The document is too large.")
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"Aliases are not taken (line {mark.line + 1}).")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool | date):
                raise yaml.YAMLError(f"A key is text (line {key_node.start_mark.line + 1}).")
            if key in seen:
                line = key_node.start_mark.line + 1
                raise yaml.YAMLError(f"The key {key!r} stands twice (line {line}).")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def construct_scalar(self, node: Any) -> Any:
        # PyYAML reads the two halves of an escaped emoji, as JSON writes it, as two characters.
        halves = str(super().construct_scalar(node)).encode("utf-16", "surrogatepass")
        try:
            return halves.decode("utf-16")
        except UnicodeDecodeError:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"Text holds half a character (line {line}).") from None


# YAML 1.1 reads 24:00 as a number in base 60, 2026-12-24 as a date and NO as false; here all of
# them stay text.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(RESOLVED_HERE)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9]\d{0,17})$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
# What JSON has; sets, bytes and dates that a tag asks for are refused like any unknown tag.
_Loader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in JSON_TYPES
}


def load(text: str, origin: str) -> list[Any]:
    """Return the documents of a YAML stream (JSON is YAML); one list stands for its entries.

    Raises UnreadableSource.
    """
    if len(text) > MAX_SIZE:
        raise UnreadableSource(f"{origin}: larger than {MAX_SIZE} characters.")
    found = _documents(text, origin)
    if len(found) == 1 and isinstance(found[0], list):
        return found[0]
    return found


def _documents(text: str, origin: str) -> list[Any]:
    if text.lstrip()[:1] in ("[", "{"):
        # The JSON reader is a hundred times quicker; what it refuses may still be a YAML stream.
        try:
            return [strict_json.parse(text.encode())]
        except (strict_json.MalformedJSON, UnicodeEncodeError):
            pass
    try:
        return [d for d in yaml.load_all(text, Loader=_Loader) if d is not None]
    except (yaml.YAMLError, RecursionError, ValueError, KeyError) as error:
        message = " ".join(str(error).split()).replace('in "<unicode string>", ', "at ")
        raise UnreadableSource(f"{origin}: {message}") from None
