"""The text of a rule, read into tokens before the engine sees it.

Everything that decides what a rule may do (its calls, its fields, where an and/or divides it) is
read from these tokens and from nothing else. They must therefore agree with the engine about where
a string ends: forms on which two readers could differ (raw, byte and triple-quoted strings,
comments, quoted names) are refused.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_LENGTH = 2000
MAX_DEPTH = 24
FACTS = frozenset(
    ("confidence", "scores", "output", "input", "scenario_type", "characteristics", "model")
)
CALLS = frozenset(("has", "size", "int", "double", "string"))
METHODS = frozenset(("size", "contains", "startsWith", "endsWith", "matches"))
LOOPS = frozenset(
    ("all", "exists", "exists_one", "map", "filter", "transformList", "transformMap", "sortBy")
)  # fmt: skip
TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<string>"(?:\\[^\r\n]|[^"\\\r\n])*"|'(?:\\[^\r\n]|[^'\\\r\n])*')
    |(?P<number>(?:\d+\.\d+|\.\d+|\d+)(?:[eE][-+]?\d+)?[uU]?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||[<>=!]=|//|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE,
)
COUNT = r"\{(\d{1,6})(?:,(\d{0,6}))?\}"
ATOM = re.compile(
    rf"(?P<atom>\\[pP](?:\{{[^}}]*\}}|\w)|\\.|\[(?:\\.|[^\]])*\]|.)(?:{COUNT})?", re.DOTALL
)
WIDE = re.compile(r"\\[wWpPbB]")
SPACED = re.compile(r"\(\?[a-zA-Z-]*x")
ESCAPE = re.compile(r"\\(.)")
MAX_PATTERN_COST = 240
MAX_PATTERNS = 4


class ExpressionError(ValueError):
    """The expression is not one that is taken; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind (string, number, name or sign), its text and where it stands."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Path:
    """A fact, or a field of one by constant steps; `last` is the index of its last token."""

    steps: tuple[str, ...]
    last: int

    def __str__(self) -> str:
        return ".".join(self.steps)


def read(source: str) -> list[Token]:
    """Return the tokens of `source`, or raise ExpressionError with what to mend."""
    if not source:
        raise ExpressionError("The expression is empty.")
    if len(source) > MAX_LENGTH:
        raise ExpressionError(f"The expression is longer than {MAX_LENGTH} characters.")
    tokens = list(_tokens(source))
    _refuse_depth(tokens)
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        if token.kind == "string":
            _refuse_string(before, token)
        elif token.kind == "name":
            _refuse_name(before, token, after)
        elif token.text == "//":
            raise ExpressionError("Comments do not stand in an expression: leave // out.")
    _refuse_patterns(tokens)
    return tokens


def _tokens(source: str) -> Iterator[Token]:
    at = 0
    while at < len(source):
        match = TOKEN.match(source, at)
        if match is None:
            raise ExpressionError(
                f"{source[at]!r} at character {at + 1} does not belong there: "
                "close every quote, and use plain '…' or \"…\" strings."
            )
        if match.lastgroup != "space":
            yield Token(match.lastgroup or "", match.group(), at, match.end())
        at = match.end()


def _refuse_depth(tokens: Sequence[Token]) -> None:
    depth = 0
    for token in tokens:
        if token.kind == "sign":
            depth += (token.text in "([{?") - (token.text in ")]}")
            if depth > MAX_DEPTH:
                raise ExpressionError(f"The expression is nested deeper than {MAX_DEPTH} levels.")


def _refuse_string(before: Token | None, token: Token) -> None:
    touching = before is not None and before.end == token.start
    if before is not None and (before.kind == "string" or (touching and before.kind == "name")):
        raise ExpressionError(
            "Raw, byte and triple-quoted strings are not available: use plain '…' or \"…\"."
        )


def _refuse_name(before: Token | None, token: Token, after: Token | None) -> None:
    name, method = token.text, before is not None and before.text == "."
    if "__" in name:
        raise ExpressionError("Names with __ are not available.")
    if after is None or after.text != "(":
        if name == "null" and not method:
            raise ExpressionError(
                "A null counts as missing: write !has(output.label) in place of a comparison."
            )
        return
    if method and name in LOOPS:
        raise ExpressionError(
            f"{name}() is not available: loops have no time limit. Use `in`, as in "
            '"urgent" in input.tags.'
        )
    if name not in (METHODS if method else CALLS):
        form = f".{name}()" if method else f"{name}()"
        there = [f"{call}(x)" for call in sorted(CALLS)] + [f"x.{m}()" for m in sorted(METHODS)]
        raise ExpressionError(f"{form} is not available in rules; there are {', '.join(there)}.")


def paths(tokens: Sequence[Token]) -> list[Path]:
    """Return the fields that an expression reads, as long as their steps are constant."""
    found: list[Path] = []
    for i, token in enumerate(tokens):
        if token.kind != "name" or token.text not in FACTS or (i and tokens[i - 1].text == "."):
            continue
        steps, last = [token.text], i
        while step := _step(tokens, last):
            steps.append(step[0])
            last = step[1]
        found.append(Path(tuple(steps), last))
    return found


def _step(tokens: Sequence[Token], last: int) -> tuple[str, int] | None:
    """Return the constant step after the token at `last`, and the index of its last token."""
    texts = [token.text for token in tokens[last + 1 : last + 4]]
    if len(texts) > 1 and texts[0] == "." and tokens[last + 2].kind == "name":
        return None if texts[2:] == ["("] else (texts[1], last + 2)
    if len(texts) == 3 and (texts[0], texts[2]) == ("[", "]"):
        key = tokens[last + 2]
        if key.kind == "string" and "\\" not in key.text:
            return key.text[1:-1], last + 3
    return None


def _refuse_patterns(tokens: Sequence[Token]) -> None:
    """Let matches() have a constant pattern of bounded cost, on a field.

    The engine is linear in the text but compiles the pattern at each run, which a large count makes
    slow: what a pattern costs is bounded by its counts.
    """
    ends = {path.last for path in paths(tokens)}
    calls = [i for i, token in enumerate(tokens) if token.text == "matches"]
    if len(calls) > MAX_PATTERNS:
        raise ExpressionError(f"An expression has at most {MAX_PATTERNS} calls of matches().")
    for i in calls:
        following = tokens[i + 1 : i + 4]
        if [t.text for t in following[:1]] != ["("]:
            continue
        kinds = [token.kind for token in following]
        constant = kinds == ["sign", "string", "sign"] and following[2].text == ")"
        if not constant or i - 2 not in ends:
            raise ExpressionError(
                "matches() takes one constant pattern and follows a field, as in "
                "input.text.matches('^[A-Z]{2}')."
            )
        _refuse_pattern(following[1].text[1:-1])


def _refuse_pattern(written: str) -> None:
    if any(escaped not in "\\'\"" for escaped in ESCAPE.findall(written)):
        raise ExpressionError(r"In a pattern, write each backslash twice, as in '\\d{4}'.")
    pattern = ESCAPE.sub(r"\1", written)
    counted = {m["atom"] for m in ATOM.finditer(pattern) if m[2]}
    if counted & set(")*+?}") or "{" in {m["atom"] for m in ATOM.finditer(pattern)}:
        raise ExpressionError("In a pattern, {n} follows one character or [class], no group.")
    if SPACED.search(pattern) or pattern_cost(pattern) > MAX_PATTERN_COST:
        raise ExpressionError("The pattern is too costly: shorten it or lower its {n} counts.")


def pattern_cost(pattern: str) -> int:
    """Return what compiling a pattern costs, in characters: counts multiply, wide sets weigh 10."""
    cost = 0
    for match in ATOM.finditer(pattern):
        atom, low, high = match["atom"], match[2], match[3]
        weight = 10 if WIDE.search(atom) else 2 if atom[0] in "[].\\" else 1
        weight = max(weight, len(atom) // 4)
        cost += weight * max(1, int(low or 1), int(high or 1))
    return cost


def operands(tokens: Sequence[Token]) -> tuple[str, list[Sequence[Token]]]:
    """Return the loosest of `||` and `&&` outside parentheses and its operands, or no joint."""
    inner = _unwrapped(tokens)
    if len(_divided(inner, "?")) > 1:
        return "", []
    for joint in ("||", "&&"):
        if len(parts := _divided(inner, joint)) > 1:
            return joint, parts
    return "", []


def _divided(tokens: Sequence[Token], sign: str) -> list[Sequence[Token]]:
    parts, depth, start = [], 0, 0
    for i, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        depth += (token.text in "([{") - (token.text in ")]}")
        if depth == 0 and token.text == sign:
            parts.append(tokens[start:i])
            start = i + 1
    return [*parts, tokens[start:]]


def _unwrapped(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return `tokens` without the parentheses around the whole of them."""
    while len(tokens) > 2 and tokens[0].text == "(" and _closing(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _closing(tokens: Sequence[Token]) -> int:
    """Return the index of the parenthesis that closes the first token, or -1."""
    depth = 0
    for i, token in enumerate(tokens):
        if token.kind == "sign":
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0:
                return i
    return -1
