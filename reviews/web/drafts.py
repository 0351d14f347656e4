"""A judgement while it is being written: from what was sent, from an undone one, or fresh."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from governance.domain.faults import Fault
from governance.exceptions import InvalidInput
from reviews.domain.answers import Judgement
from reviews.enums import Evidence
from reviews.models import Decision
from reviews.web import answers

YES_OR_NO = {"yes": True, "no": False}
CHECK = "check."
SHARE = re.compile(r"[01](\.\d{1,4})?")


@dataclass(frozen=True)
class Draft:
    """What stands in the form. `answer` is None where its controls are as they were."""

    verdict: str = ""
    answer: Any = None
    reason_codes: list[str] = field(default_factory=list)
    rationale: str = ""
    checklist: dict[str, bool] = field(default_factory=dict)
    certainty: float | None = None
    evidence_opened: list[str] = field(default_factory=list)

    def judgement(self, *, blind: bool) -> Judgement:
        """Return what it says: in a blind form the answer speaks, else the verdict."""
        verdict, answer = self.verdict, self.answer
        if verdict in ("accept", "reject", "escalate", "defer"):
            answer = None
        elif blind:
            verdict = ""
        elif not verdict:
            # The controls start from the prediction: what stands in them was not said by anybody.
            answer = None
        return Judgement(
            verdict=verdict,
            answer=answer,
            reason_codes=self.reason_codes if verdict in ("correct", "reject") else (),
            rationale=self.rationale,
            checklist=self.checklist,
            certainty=self.certainty,
            evidence_opened=self.evidence_opened,
        )


def read(data: QueryDict, *, question: Mapping[str, Any], output: Any) -> Draft:
    """Return the draft that a form holds; InvalidInput where text holds U+0000."""
    rationale = data.get("rationale", "").replace("\r\n", "\n")
    draft = Draft(
        verdict="accept" if "accept" in data else data.get("verdict", ""),
        answer=answers.read(question, data, output),
        reason_codes=data.getlist("reason_codes"),
        rationale=rationale,
        checklist={
            name.removeprefix(CHECK): YES_OR_NO[value]
            for name, value in data.items()
            if name.startswith(CHECK) and value in YES_OR_NO
        },
        certainty=_certainty(data.get("certainty", "")),
        evidence_opened=_opened(data.get("evidence_opened", "")),
    )
    _refuse_nul(data)
    return draft


def _certainty(text: str) -> float | None:
    return float(text) if SHARE.fullmatch(text) and float(text) <= 1 else None


def _opened(text: str) -> list[str]:
    """Return what the page says was open; a word that it does not know it cannot have said."""
    said = set(text.split())
    return [kind for kind in Evidence.values if kind in said]


def _refuse_nul(data: QueryDict) -> None:
    faults = tuple(
        Fault(pointer(name), "nul", "Text must not hold U+0000.")
        for name, values in data.lists()
        if any("\x00" in part for part in (name, *values))
    )
    if faults:
        raise InvalidInput(faults[0].detail, faults=faults)


def pointer(name: str) -> str:
    """Return the JSON Pointer that a control of the form stands for."""
    kind, dot, rest = name.partition(".")
    if not dot:
        return f"/{name}"
    return {"check": "/checklist", "other": "/answer"}.get(kind, f"/{kind}") + f"/{rest}"


def of_decision(decision: Decision) -> Draft:
    """Return a judgement that was taken back, to be given again or changed."""
    return Draft(
        verdict="" if decision.blind and decision.answer is not None else decision.verdict,
        answer=decision.answer,
        reason_codes=list(decision.reason_codes),
        rationale=decision.rationale,
        checklist=dict(decision.checklist),
        certainty=decision.certainty,
        evidence_opened=list(decision.evidence_opened),
    )
