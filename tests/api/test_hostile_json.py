"""JSON from strangers: every oddity is a 400 with its place, alone and in a line, never a 500."""

import json
from typing import Any

import pytest

from reviews.models import Prediction
from tests import factories
from tests.api.answers import problem, results, send_lines

pytestmark = pytest.mark.django_db
TEMPLATE = json.dumps(factories.a_payload(external_id="q-1", input={"text": "HERE"})).encode()
DEEP = b'{"a":' * 100 + b"1" + b"}" * 100


def with_input(value: bytes) -> bytes:
    return TEMPLATE.replace(b'"HERE"', value)


def without(name: str) -> bytes:
    payload = factories.a_payload()
    del payload[name]
    return json.dumps(payload).encode()


def with_field(**changes: Any) -> bytes:
    return json.dumps(factories.a_payload(**changes)).encode()


CASES = {
    "nul": (with_input(b'"a\\u0000b"'), "/input/text"),
    "nul in a key": (with_input(b'{"a\\u0000": 1}'), "/input/text"),
    "lone surrogate": (with_input(b'"\\ud800"'), "/input/text"),
    "reversed pair": (with_input(b'"\\udc00\\ud800"'), "/input/text"),
    "nan": (with_input(b"NaN"), ""),
    "infinity": (with_input(b"-Infinity"), ""),
    "beyond a double": (with_input(b"1e999"), "/input/text"),
    "huge integer": (with_input(b"123456789012345678901234567890"), "/input/text"),
    "beyond 2**53": (with_input(b"9007199254740992"), "/input/text"),
    "a very long integer": (with_input(b"9" * 10_000), "/input/text"),
    "deep": (with_input(DEEP), ""),
    "deep list": (with_input(b"[" * 100_000), ""),
    "duplicate key": (with_input(b'{"a": 1, "a": 2}'), "/input/text/a"),
    "duplicate at the top": (b'{"pipeline": "intents", ' + TEMPLATE[1:], "/pipeline"),
    "duplicate by escape": (with_input(b'{"a": 1, "\\u0061": 2}'), "/input/text/a"),
    "not utf-8": (with_input(b'"\xff"'), ""),
    "utf-16": (TEMPLATE.decode().encode("utf-16"), ""),
    "byte order mark": (b"\xef\xbb\xbf" + TEMPLATE, ""),
    "cut off": (TEMPLATE[:-1], ""),
    "two values": (TEMPLATE + TEMPLATE, ""),
    "a comment": (TEMPLATE + b"// x", ""),
    "a list": (b"[" + TEMPLATE + b"]", ""),
    "a text": (b'"x"', ""),
    "null": (b"null", ""),
    "nothing": (b"", ""),
    "an empty object": (b"{}", "/pipeline"),
    "unknown field": (with_field(colour="red"), "/colour"),
    "unknown field with a slash": (with_field(**{"a/b~c": 1}), "/a~1b~0c"),
    "unknown field of the model": (
        with_field(model={"name": "a", "version": "1", "x": "y"}), "/model/x",
    ),
    "model without version": (with_field(model={"name": "a"}), "/model/version"),
    "model version as number": (with_field(model={"name": "a", "version": 3}), "/model/version"),
    "pipeline as number": (with_field(pipeline=7), "/pipeline"),
    "pipeline as list": (with_field(pipeline=["intents"]), "/pipeline"),
    "empty external id": (with_field(external_id=""), "/external_id"),
    "long external id": (with_field(external_id="x" * 201), "/external_id"),
    "external id as number": (with_field(external_id=17), "/external_id"),
    "input as text": (with_field(input="x"), "/input"),
    "output as list": (with_field(output=["x"]), "/output"),
    "output null": (with_field(output=None), "/output"),
    "confidence as text": (with_field(confidence="0.5"), "/confidence"),
    "confidence as truth": (with_field(confidence=True), "/confidence"),
    "confidence above": (with_field(confidence=1.0000001), "/confidence"),
    "confidence below": (with_field(confidence=-0.0000001), "/confidence"),
    "score as text": (with_field(scores={"a": "1"}), "/scores/a"),
    "score of a name with a slash": (with_field(scores={"a/b": None}), "/scores/a~1b"),
    "scores as list": (with_field(scores=[1]), "/scores"),
    "time without offset": (with_field(occurred_at="2026-11-20T09:00:00"), "/occurred_at"),
    "time out of range": (with_field(occurred_at="0001-01-01T00:00:00+23:59"), "/occurred_at"),
    "time as number": (with_field(occurred_at=1_700_000_000), "/occurred_at"),
    "time that is none": (with_field(occurred_at="2026-02-30T00:00:00Z"), "/occurred_at"),
    "subject as text": (with_field(subject="c-1"), "/subject"),
    "subject without basis": (with_field(subject={"ref": "c-1"}), "/subject/basis"),
    "no pipeline": (without("pipeline"), "/pipeline"),
    "no input": (without("input"), "/input"),
    "no output": (without("output"), "/output"),
    "no model": (without("model"), "/model"),
    "no external id": (without("external_id"), "/external_id"),
}  # fmt: skip


@pytest.fixture
def bot(api: Any) -> Any:
    factories.a_pipeline()
    return api(factories.a_service(), "predictions:write")


@pytest.mark.parametrize("name", CASES)
def test_an_oddity_alone_is_a_400_with_its_place(bot: Any, name: str) -> None:
    raw, pointer = CASES[name]
    problem(bot("POST", "/predictions", raw=raw), 400, pointer)
    assert not Prediction.objects.exists()


def test_an_oddity_in_a_line_is_told_there_and_spoils_no_other(bot: Any) -> None:
    odd = {name: case for name, case in CASES.items() if case[0] and name != "utf-16"}
    raws = [raw for raw, _ in odd.values()]
    told = results(send_lines(bot, b"\n".join([*raws, json.dumps(factories.a_payload()).encode()])))
    assert [t["status"] for t in told] == ["rejected"] * len(odd) + ["accepted"]
    for (name, (_, pointer)), shown in zip(odd.items(), told, strict=False):
        assert shown["problem"]["status"] == 400, name
        assert pointer in {e["pointer"] for e in shown["problem"]["errors"]}, name


@pytest.mark.parametrize("name", ["nul", "nan", "deep", "duplicate key", "a list", "not utf-8"])
@pytest.mark.parametrize(
    "path",
    [
        "/claim",
        "/apply",
        "/assignments/01900000-0000-7000-8000-000000000000/decision",
        "/items/01900000-0000-7000-8000-000000000000/notes",
    ],
)
def test_every_other_body_is_read_as_strictly(
    api: Any, admin_user: Any, path: str, name: str
) -> None:
    if (name, path) == ("a list", "/apply"):
        return
    problem(api(admin_user)("POST", path, raw=CASES[name][0]), 400)


@pytest.mark.parametrize("text", ["a" * 120, "é" * 120, "🙂" * 120, "\u202e\u200b", "' OR 1=1 --"])
def test_any_other_text_is_kept_as_it_is(bot: Any, text: str) -> None:
    payload = factories.a_payload(scenario_type=text, input={"text": text, "": [], "\n": {}})
    shown = bot.post("/predictions", payload).json()
    assert shown["input"] == payload["input"]
    assert shown["scenario_type"] == text
