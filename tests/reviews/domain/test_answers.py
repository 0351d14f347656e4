"""Whether an answer fits its question, whatever the kind of question."""

from typing import Any

import pytest

from reviews.domain.answers import answer_faults

CHOICE = {"kind": "choice", "choices": ["a", "b"], "allow_other": False}
FIELDS = {
    "kind": "fields",
    "fields": [
        {"name": "label", "kind": "choice", "choices": ["a", "b"]},
        {"name": "amount", "kind": "number", "choices": []},
    ],
}


def question(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "choices": [], "allow_other": False, "fields": []} | more


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (CHOICE, {"label": "a"}),
        (CHOICE | {"allow_other": True}, {"label": "something else"}),
        (question("multiple_choice", choices=["a", "b"]), {"labels": ["a", "b"]}),
        (question("multiple_choice", choices=["a", "b"]), {"labels": []}),
        (question("number"), {"value": 7}),
        (question("number"), {"value": 0.5}),
        (question("number"), {"amount": 7}),
        (question("boolean"), {"value": False}),
        (question("text"), {"text": "Any words."}),
        (question("text"), {"summary": "Any words."}),
        (FIELDS, {"label": "a", "amount": 12}),
    ],
)
def test_what_fits_has_no_fault(asked: dict[str, Any], answer: Any) -> None:
    assert answer_faults(answer, asked) == []


@pytest.mark.parametrize(
    ("asked", "answer", "pointers"),
    [
        (CHOICE, "a", ["/answer"]),
        (CHOICE, {}, ["/answer/label"]),
        (CHOICE, {"label": "c"}, ["/answer/label"]),
        (CHOICE, {"label": 1}, ["/answer/label"]),
        (CHOICE | {"allow_other": True}, {"label": "x" * 201}, ["/answer/label"]),
        (CHOICE | {"allow_other": True}, {"label": ""}, ["/answer/label"]),
        (question("multiple_choice", choices=["a"]), {"labels": "a"}, ["/answer/labels"]),
        (question("multiple_choice", choices=["a"]), {"labels": ["a", "c"]}, ["/answer/labels/1"]),
        (question("number"), {"value": True}, ["/answer/value"]),
        (question("number"), {"value": "7"}, ["/answer/value"]),
        (question("boolean"), {"value": 1}, ["/answer/value"]),
        (question("text"), {"text": 7}, ["/answer/text"]),
        (question("text"), {"a": "x", "b": "y"}, ["/answer/text"]),
        (FIELDS, {"label": "c"}, ["/answer/label", "/answer/amount"]),
    ],
)
def test_what_does_not_fit_is_pointed_at(
    asked: dict[str, Any], answer: Any, pointers: list[str]
) -> None:
    assert [fault.pointer for fault in answer_faults(answer, asked)] == pointers
