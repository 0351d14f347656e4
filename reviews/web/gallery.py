"""All components in all states, for whoever works on the pages."""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from governance.domain.business_time import Calendar
from governance.models import PolicyVersion
from governance.selectors import clock
from reviews.domain.clocks import State, Terms
from reviews.domain.legible import legible
from reviews.enums import ClockKind, ClockStatus, PauseReason
from reviews.models import SLAClock
from reviews.selectors.badges import Badge
from reviews.web import answers, flow, guidelines, inputs
from reviews.web.answers import AnswerField
from reviews.web.people import DeskRequest, signed_in
from reviews.web.shown import Predicted

SAMPLE = {
    "text": "Refund \u202egnihtemos\u202c for order 4711\u200b please.",
    "order": {"id": 4711, "paid": True, "coupon": None, "lines": [{"sku": "A-1", "n": 2}, []]},
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "choice": {"kind": "choice", "choices": ["refund", "delivery", "other"], "allow_other": True},
    "many": {"kind": "choice", "choices": [f"intent_{n}" for n in range(1, 31)]},
    "several": {"kind": "multiple_choice", "choices": ["toxic", "spam", "private"]},
    "number": {"kind": "number", "choices": []},
    "text": {"kind": "text", "choices": []},
    "boolean": {"kind": "boolean", "choices": []},
}
TRACE = [
    {"rule": "out-of-scope", "result": "false"},
    {"rule": "large", "result": "inapplicable"},
    {
        "rule": "unsure",
        "result": "true",
        "operands": [
            {"expression": "confidence < 0.6", "result": "true", "observed": {"confidence": 0.41}}
        ],
    },
    {"rule": "broken", "result": "error", "error": "The rule gives string, not true or false."},
    {"rule": "confident", "result": "not_run"},
]


class Sample(Badge):
    """A clock that is on no record, for the page of components."""

    policy = calendar = PolicyVersion(slug="sample", number=1)


def _clocks(now: datetime) -> list[Badge]:
    """Return a clock in each of its states."""
    start = now - timedelta(hours=4)
    hours = Calendar("UTC", (((0, 1440),),) * 7, {})
    terms = Terms(timedelta(hours=6), hours, at_risk=(0.75,))
    fresh = State(terms, start, start, running_since=start)
    states = (
        fresh,
        replace(fresh, terms=replace(terms, target=timedelta(hours=5))),
        replace(fresh, terms=replace(terms, target=timedelta(hours=3))),
        replace(
            fresh,
            status=ClockStatus.PAUSED,
            paused_at=now,
            pause_reason=PauseReason.LEGAL_HOLD,
            running_since=None,
        ),
        replace(fresh, terms=replace(terms, target=None)),
    )
    rows = [
        SLAClock(kind=ClockKind.DECIDE, id=uuid.uuid5(uuid.NAMESPACE_OID, str(n))) for n in range(5)
    ]
    return [Sample(each, state, (), now) for each, state in zip(rows, states, strict=True)]


@require_safe
@signed_in
def components(request: DeskRequest) -> HttpResponse:
    """Show every component."""
    now = clock.now()
    context = {
        "now": now,
        "times": [now + timedelta(hours=h) for h in (50, 2.2, 0.3, -1.5, -30)],
        "clocks": _clocks(now),
        "tones": ["", "good", "soon", "late", "accent"],
        "input": inputs.view(SAMPLE),
        "long": inputs.chunk("All work and no play. " * 2000, "/text"),
        "predicted": Predicted(
            {"label": "refund"}, 0.58, [("refund", 0.58), ("delivery", 0.3)], "intents 3"
        ),
        "fields": [
            (name, _field(name, question), ["Give an answer."] if name == "text" else [])
            for name, question in QUESTIONS.items()
        ],
        "checklist": [
            ("read", legible("Guideline consulted"), True),
            ("fair", legible("No protected trait used"), False),
            ("open", legible("Policy checked"), None),
        ],
        "faults": {"/checklist/open": ["Answer this question."], "/rationale": ["Say why."]},
        "trace": TRACE,
        "prose": guidelines.markdown("# Rules\n\nRead **all** of it.\n\n- one\n- two\n"),
    }
    return flow.page(request, "reviews/components.html", context)


def _field(name: str, question: dict[str, Any]) -> AnswerField:
    (found,) = answers.fields_of(question)
    return replace(found, name=f"answer.{name}", pointer=f"/answer/{name}")
