"""The language of routing rules: CEL, bounded, over the facts of one prediction.

An expression is compiled once for each policy version. It may name the facts below and a short list
of functions; comprehensions (`all`, `exists` and the like) are refused, because the engine has no
cost limit and holds the interpreter while it runs. What is left takes time linear in the facts.

Missing is what is absent or null, at any depth, and has() says so. Numbers of `confidence` and
`scores` are doubles, also where JSON wrote 1.
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cel

from governance.domain import expression_text as text
from governance.domain.expression_text import FACTS, ExpressionError, Token

__all__ = [
    "ERROR", "FACTS", "FALSE", "INAPPLICABLE", "NOT_RUN", "TRUE", "Expression", "ExpressionError",
    "Facts", "Outcome", "compile_expression", "plan",
]  # fmt: skip

FUNCTIONS = text.CALLS | text.METHODS | frozenset(
    (
        "_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "_in_", "in",
        "_+_", "_-_", "_*_", "_/_", "_%_", "-_", "_[_]", "_?_:_",
    )
)  # fmt: skip
# Facts that are objects; where a prediction has none, it has an empty one.
OBJECTS = FACTS - {"confidence", "scenario_type"}
TRIAL: Mapping[str, Any] = {"confidence": 0.5, "scenario_type": ""}
MAX_SHOWN = 120
MAX_JOINED = 20_000
UNDEFINED = re.compile(r"Undefined variable or function: '(\w+)'")

TRUE, FALSE, INAPPLICABLE, ERROR, NOT_RUN = "true", "false", "inapplicable", "error", "not_run"

# What of a fact is handed over: all of it (None), or these fields of it, each with the same.
Wanted = dict[str, "Wanted"] | None
Plan = Mapping[str, Wanted]


@dataclass(frozen=True)
class Outcome:
    """What an expression came to: `result`, the `operands` of an and/or, and an error's text."""

    result: str
    operands: tuple[dict[str, Any], ...] = ()
    error: str = ""


PLAIN = {result: Outcome(result) for result in (TRUE, FALSE, INAPPLICABLE)}


class Facts:
    """The facts of one prediction, handed to the engine when an expression first needs them.

    Only the fields of `wanted` are converted, however large the rest of a prediction is.
    """

    __slots__ = ("_context", "_loaded", "_wanted", "values")

    def __init__(self, values: Mapping[str, Any], wanted: Plan) -> None:
        self.values = values
        self._wanted = wanted
        self._loaded: set[str] = set()
        self._context = cel.Context()

    def context(self, names: frozenset[str]) -> Any:
        """Return the engine's context, holding the facts of `names`."""
        if not names <= self._loaded:
            for name in names - self._loaded:
                self._load(name)
            self._loaded |= names
        return self._context

    def _load(self, name: str) -> None:
        value = self.values.get(name)
        if name == "confidence" and type(value) is int:
            value = float(value)
        elif name in OBJECTS:
            value = _only(value, self._wanted.get(name))
        if value is not None:
            self._context.add_variable(name, _doubles(value) if name == "scores" else value)

    def look_up(self, path: Sequence[str]) -> Any:
        """Return what stands at the steps of a path, or None."""
        value: Any = self.values
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value


def _only(value: Any, wanted: Wanted) -> Any:
    """Return the wanted fields of an object, without those that are null."""
    if not isinstance(value, Mapping):
        return {}
    if wanted is None:
        return {key: entry for key, entry in value.items() if entry is not None}
    found: dict[str, Any] = {}
    for key, below in wanted.items():
        entry = value.get(key)
        # A field of something that has no fields is missing.
        if entry is not None:
            found[key] = entry if below is None else _only(entry, below)
    return found


def _doubles(scores: dict[str, Any]) -> dict[str, Any]:
    if any(type(score) is int for score in scores.values()):
        return {k: float(v) if type(v) is int else v for k, v in scores.items()}
    return scores


@dataclass(frozen=True)
class Expression:
    """A compiled expression. `joint` is `&&` or `||` when it is one of several operands."""

    source: str
    program: Any
    names: frozenset[str]
    paths: tuple[tuple[str, ...], ...]
    joins: bool = False
    joint: str = ""
    operands: tuple["Expression", ...] = ()

    def evaluate(self, facts: Facts) -> Outcome:
        """Return the outcome over `facts`; never raises.

        Of an and/or, every operand up to the one that settles it is run. An error in an operand
        that is reached is an error of the whole; an operand whose field is missing leaves the whole
        inapplicable unless another operand settles it.
        """
        if self.operands:
            return self._joint(facts)
        return self._single(facts)

    def _single(self, facts: Facts) -> Outcome:
        if self.joins and (large := self._too_large(facts)):
            return Outcome(ERROR, error=large)
        try:
            value = self.program.execute(facts.context(self.names))
        except KeyError:
            return PLAIN[INAPPLICABLE]
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a panic of the engine derives from it
            return _failed(error)
        if value is True:
            return PLAIN[TRUE]
        if value is False:
            return PLAIN[FALSE]
        return Outcome(ERROR, error=f"The rule gives {type(value).__name__}, not true or false.")

    def _too_large(self, facts: Facts) -> str:
        for path in self.paths:
            if _size(facts.look_up(path)) > MAX_JOINED:
                limit = f"{MAX_JOINED} characters or entries, too large for + and matches()"
                return f"{'.'.join(path)} is larger than {limit}."
        return ""

    def _joint(self, facts: Facts) -> Outcome:
        settles = FALSE if self.joint == "&&" else TRUE
        seen: list[dict[str, Any]] = []
        result, error = (TRUE if settles == FALSE else FALSE), ""
        for operand in self.operands:
            if result in (settles, ERROR):
                seen.append({"expression": operand.source, "result": NOT_RUN})
                continue
            outcome = operand.evaluate(facts)
            seen.append(operand.told(outcome, facts))
            if outcome.result in (settles, ERROR):
                result, error = outcome.result, outcome.error
            elif outcome.result == INAPPLICABLE:
                result = INAPPLICABLE
        return Outcome(result, tuple(seen), error)

    def told(self, outcome: Outcome, facts: Facts) -> dict[str, Any]:
        """Return the trace of this expression as an operand: result, and the values it saw."""
        trace: dict[str, Any] = {"expression": self.source, "result": outcome.result}
        if outcome.operands:
            trace["operands"] = list(outcome.operands)
        else:
            trace["observed"] = {".".join(path): _shown(facts.look_up(path)) for path in self.paths}
        if outcome.error:
            trace["error"] = outcome.error
        return trace


def _failed(error: BaseException) -> Outcome:
    message = " ".join(str(error).split())
    undefined = UNDEFINED.match(message) if isinstance(error, RuntimeError) else None
    if undefined and undefined[1] in FACTS:
        return PLAIN[INAPPLICABLE]
    return Outcome(ERROR, error=message.split(". ")[0][:200] or type(error).__name__)


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return len(value) + sum(map(_size, value.values()))
    return len(value) + sum(map(_size, value)) if isinstance(value, list) else 0


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return f"object of {len(value)}"
    if isinstance(value, list):
        return f"list of {len(value)}"
    if isinstance(value, str) and len(value) > MAX_SHOWN:
        return value[:MAX_SHOWN] + "…"
    return value


def plan(expressions: Iterable[Expression]) -> Plan:
    """Return what several expressions need of the facts, for `Facts`."""
    wanted: dict[str, Wanted] = {}
    for expression in expressions:
        for path in expression.paths:
            _want(wanted, path)
    return wanted


def _want(wanted: dict[str, Wanted], path: tuple[str, ...]) -> None:
    for step in path[:-1]:
        below = wanted.setdefault(step, {})
        if below is None:
            return
        wanted = below
    wanted[path[-1]] = None


@functools.lru_cache(maxsize=1024)
def compile_expression(source: str) -> Expression:
    """Return the compiled expression, or raise ExpressionError with what to mend."""
    source = source.strip()
    expression = _compiled(source, text.read(source))
    _try(expression)
    return expression


def _compiled(source: str, tokens: Sequence[Token]) -> Expression:
    if not tokens:
        raise ExpressionError("The expression does not compile: nothing stands beside && or ||.")
    part = source[tokens[0].start : tokens[-1].end]
    program = _program(part)
    names, functions = frozenset(program.variables()), frozenset(program.functions())
    if unknown := sorted(names - FACTS):
        raise ExpressionError(
            f"{unknown[0]!r} is not a fact of a prediction; there are {', '.join(sorted(FACTS))}."
        )
    if unknown := sorted(functions - FUNCTIONS):
        raise ExpressionError(f"{unknown[0]!r} is not available in rules.")
    paths = tuple(dict.fromkeys(path.steps for path in text.paths(tokens)))
    joint, parts = text.operands(tokens)
    operands = tuple(_compiled(source, operand) for operand in parts)
    joins = bool(functions & {"_+_", "matches"})
    return Expression(part, program, names, paths, joins, joint, operands)


def _program(source: str) -> Any:
    try:
        return cel.compile(source)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - as in evaluate
        message = str(error).strip().split("\n")[0][:200]
        raise ExpressionError(f"The expression does not compile: {message}") from None


def _try(expression: Expression) -> None:
    """Refuse what could not be true or false for any prediction, by running it on a blank one."""
    if expression.operands:
        for operand in expression.operands:
            _try(operand)
        return
    _try_patterns(expression.source)
    try:
        value = expression.program.execute(Facts(TRIAL, {}).context(expression.names))
    except TypeError as error:
        message = " ".join(str(error).split())
        raise ExpressionError(f"The expression fails for every prediction: {message}") from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - depends on fields that a blank prediction lacks
        return
    if not isinstance(value, bool):
        raise ExpressionError(
            f"The expression gives {type(value).__name__}, not true or false: compare it, as in "
            "confidence < 0.6."
        )


def _try_patterns(source: str) -> None:
    tokens = text.read(source)
    for i, token in enumerate(tokens[:-2]):
        if token.text == "matches" and tokens[i + 1].text == "(":
            try:
                _program(f'"".matches({tokens[i + 2].text})').execute(cel.Context())
            except RuntimeError as error:
                lines = str(error).strip().split("\n")
                raise ExpressionError(f"The pattern is not valid: {lines[-1][:150]}") from None
