"""Whether an answer fits the question, and whether a decision says what its tier asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.domain.documents.fields import suggestion
from governance.domain.faults import Fault
from governance.domain.strict_json import escape
from reviews.domain.consensus import derive_verdict, key

CHANGES = ("correct", "reject")
WITHOUT_ANSWER = ("reject", "escalate", "defer")
MAX_RATIONALE = 10_000


@dataclass(frozen=True)
class Judgement:
    """What a reviewer sent. `verdict` is empty where it is to be derived from the answer."""

    verdict: str = ""
    answer: Any = None
    reason_codes: Sequence[str] = ()
    rationale: str = ""
    checklist: Mapping[str, Any] = field(default_factory=dict)
    certainty: float | None = None
    evidence_opened: Sequence[str] = ()


@dataclass(frozen=True)
class Settled:
    """A judgement that was checked: the verdict, and the answer that it stands for."""

    verdict: str
    answer: Any
    faults: tuple[Fault, ...]


def settle(
    judgement: Judgement,
    *,
    output: Any,
    document: Mapping[str, Any],
    tier: Mapping[str, Any],
    blind: bool,
) -> Settled:
    """Return the verdict and answer of a judgement, with all that is missing from it.

    `document` is the Pipeline document in force and `tier` its tier; `blind` is whether the
    prediction is hidden from the reviewer, so that the verdict is not theirs to say. An
    accepted prediction's answer is the prediction; a rejected one has none.
    """
    faults: list[Fault] = []
    verdict, answer = _verdict(judgement, output, document["question"], faults, blind=blind)
    _required(judgement, verdict, document, tier, faults, blind=blind)
    return Settled(verdict, answer, tuple(faults))


def _verdict(
    judgement: Judgement,
    output: Any,
    question: Mapping[str, Any],
    faults: list[Fault],
    *,
    blind: bool,
) -> tuple[str, Any]:
    given, verdict = judgement.answer, judgement.verdict
    if given is not None:
        faults += answer_faults(given, question)
    if blind and verdict in ("accept", "correct"):
        # Whether the answer is the prediction is not for the reviewer to say, nor for us to tell.
        verdict = ""
    if verdict in ("accept", "correct"):
        return verdict, _stated(verdict, given, output, faults)
    if verdict:
        if given is not None:
            faults.append(Fault("/answer", "conflict", f"{verdict} has no answer."))
        return verdict, None
    if given is None:
        place = "/answer" if blind else "/verdict"
        faults.append(Fault(place, "required", "Give an answer, or another verdict."))
        return "", None
    return derive_verdict(given, output), given


def _stated(verdict: str, given: Any, output: Any, faults: list[Fault]) -> Any:
    same = given is not None and key(given) == key(output)
    if verdict == "accept":
        if given is not None and not same:
            faults.append(Fault("/answer", "conflict", "To accept, leave the answer as predicted."))
        return output
    if given is None:
        faults.append(Fault("/answer", "required", "A correction gives the right answer."))
    elif same:
        faults.append(Fault("/answer", "conflict", "This is the prediction: accept it instead."))
    return given


def _required(
    judgement: Judgement,
    verdict: str,
    document: Mapping[str, Any],
    tier: Mapping[str, Any],
    faults: list[Fault],
    *,
    blind: bool,
) -> None:
    decided = verdict not in ("escalate", "defer")
    rule, changed = tier["rationale"], verdict in CHANGES
    if not judgement.rationale.strip() and (
        not decided or rule == "always" or (rule == "on_change" and changed)
    ):
        faults.append(Fault("/rationale", "required", "Say why."))
    if len(judgement.rationale) > MAX_RATIONALE:
        faults.append(Fault("/rationale", "length", f"At most {MAX_RATIONALE} characters."))
    codes = document["reason_codes"]
    for i, code in enumerate(judgement.reason_codes):
        if code not in codes:
            detail = f"There is no reason code {code!r}.{suggestion(code, list(codes))}"
            faults.append(Fault(f"/reason_codes/{i}", "unknown", detail))
    stated = bool(judgement.verdict) and not blind
    if codes and changed and stated and rule != "never" and not judgement.reason_codes:
        faults.append(Fault("/reason_codes", "required", "Choose at least one reason code."))
    if decided or judgement.checklist:
        _check_list(judgement.checklist, tier["checklist"], faults, all_needed=decided)


def _check_list(
    given: Mapping[str, Any],
    asked: Sequence[Mapping[str, str]],
    faults: list[Fault],
    *,
    all_needed: bool,
) -> None:
    known = [item["key"] for item in asked]
    for name, value in given.items():
        place = f"/checklist/{escape(name)}"
        if name not in known:
            faults.append(Fault(place, "unknown", f"There is no question {name[:60]!r} here."))
        elif not isinstance(value, bool):
            faults.append(Fault(place, "type", "Answer true or false."))
    missing = [name for name in known if name not in given] if all_needed else []
    faults += [Fault(f"/checklist/{n}", "required", "Answer this question.") for n in missing]


def answer_faults(answer: Any, question: Mapping[str, Any]) -> list[Fault]:
    """Return what is wrong with an answer to a question, with pointers below /answer."""
    if not isinstance(answer, Mapping):
        return [Fault("/answer", "type", "An answer is an object, such as {'label': …}.")]
    kind = question["kind"]
    if kind == "fields":
        return [f for entry in question["fields"] for f in _field(answer, entry["name"], entry)]
    name = {"choice": "label", "multiple_choice": "labels", "text": "text"}.get(kind, "value")
    if name not in answer and kind in ("text", "number", "boolean") and len(answer) == 1:
        name = next(iter(answer))
    return _field(answer, name, question)


def _field(answer: Mapping[str, Any], name: str, question: Mapping[str, Any]) -> list[Fault]:
    place, kind = f"/answer/{escape(name)}", question["kind"]
    if name not in answer:
        return [Fault(place, "required", f"{name} is missing.")]
    value = answer[name]
    if kind == "choice":
        return _choice(value, question, place)
    if kind == "multiple_choice":
        if not isinstance(value, list):
            return [Fault(place, "type", "This is a list of choices.")]
        return [f for i, v in enumerate(value) for f in _choice(v, question, f"{place}/{i}")]
    types: dict[str, tuple[type, ...]] = {
        "number": (int, float), "boolean": (bool,), "text": (str,),
    }  # fmt: skip
    good = isinstance(value, types[kind]) and (kind == "boolean") == isinstance(value, bool)
    return [] if good else [Fault(place, "type", f"This is a {kind}.")]


def _choice(value: Any, question: Mapping[str, Any], place: str) -> list[Fault]:
    if not isinstance(value, str) or not value or len(value) > 200:
        return [Fault(place, "type", "A choice is text of 1 to 200 characters.")]
    if value in question["choices"] or question.get("allow_other"):
        return []
    hint = suggestion(value, list(question["choices"]))
    return [Fault(place, "unknown", f"{value!r} is not one of the choices.{hint}")]
