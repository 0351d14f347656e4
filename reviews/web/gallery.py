"""All components in all states, for whoever works on the pages."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from governance.selectors import clock
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


@require_safe
@signed_in
def components(request: DeskRequest) -> HttpResponse:
    """Show every component."""
    now = clock.now()
    context = {
        "now": now,
        "times": [now + timedelta(hours=h) for h in (50, 2.2, 0.3, -1.5, -30)],
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
            ("read", "Guideline consulted", True),
            ("fair", "No protected trait used", False),
            ("open", "Policy checked", None),
        ],
        "faults": {"/checklist/open": ["Answer this question."], "/rationale": ["Say why."]},
        "trace": TRACE,
        "prose": guidelines.markdown("# Rules\n\nRead **all** of it.\n\n- one\n- two\n"),
    }
    return flow.page(request, "reviews/components.html", context)


def _field(name: str, question: dict[str, Any]) -> AnswerField:
    (found,) = answers.fields_of(question)
    return replace(found, name=f"answer.{name}", pointer=f"/answer/{name}")
