"""Many predictions at once."""

import gzip
import json
from typing import Any

import pytest

from governance.models import AuditEvent
from governance.rest.parsers import MAX_LINES, MAX_OBJECT, MAX_STREAM
from reviews.models import Prediction
from tests import factories
from tests.api.answers import lines, problem, results, send_lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(api: Any) -> Any:
    factories.a_pipeline()
    return api(factories.a_service(), "predictions:write")


def test_each_line_has_its_result_in_order_and_the_call_one_event(bot: Any) -> None:
    payloads = [factories.a_payload(tier) for tier in ("low", "mid", "high")]
    payloads.append(payloads[0])
    payloads.append(payloads[1] | {"confidence": 0.61})
    payloads.append({"external_id": "x"})
    told = results(send_lines(bot, lines(*payloads)))
    assert [t["line"] for t in told] == [1, 2, 3, 4, 5, 6]
    assert [t["status"] for t in told] == [
        "accepted", "accepted", "accepted", "duplicate", "rejected", "rejected",
    ]  # fmt: skip
    assert [t["external_id"] for t in told] == [p["external_id"] for p in payloads]
    assert [t.get("tier") for t in told] == ["low", "mid", "high", "low", None, None]
    assert told[0]["disposition"] == "auto_approved"
    assert told[3]["id"] == told[0]["id"]
    assert told[4]["problem"]["status"] == 409
    assert {e["pointer"] for e in told[5]["problem"]["errors"]} == {
        "/pipeline", "/input", "/output", "/model",
    }  # fmt: skip
    (event,) = AuditEvent.objects.filter(action="predictions.received")
    assert event.detail["size"] == 3


def test_atomic_takes_all_or_none(bot: Any) -> None:
    payloads = [factories.a_payload(), factories.a_payload(confidence=2), factories.a_payload()]
    told = problem(send_lines(bot, lines(*payloads), "?atomic=true"), 400, "/2/confidence")
    assert "nothing was taken" in told["detail"]
    assert not Prediction.objects.exists()
    assert not AuditEvent.objects.filter(action="predictions.received").exists()
    payloads[1]["confidence"] = 0.5
    assert len(results(send_lines(bot, lines(*payloads), "?atomic=true"))) == 3


def test_a_gzip_stream_a_carriage_return_and_blank_lines_are_taken(bot: Any) -> None:
    first, second = (json.dumps(factories.a_payload()).encode() for _ in range(2))
    raw = b"\r\n" + first + b"\r\n\r\n   \r\n" + second
    told = results(send_lines(bot, raw, zipped=True))
    assert [(t["line"], t["status"]) for t in told] == [(2, "accepted"), (5, "accepted")]


@pytest.mark.parametrize("raw", [b"", b"\n", b"\r\n \r\n"])
def test_a_body_without_a_line_is_refused(bot: Any, raw: bytes) -> None:
    problem(send_lines(bot, raw), 400, "")


def test_a_byte_order_mark_spoils_its_line_and_no_other(bot: Any) -> None:
    told = results(
        send_lines(bot, b"\xef\xbb\xbf" + lines(factories.a_payload(), factories.a_payload()))
    )
    assert [t["status"] for t in told] == ["rejected", "accepted"]
    assert told[0]["problem"]["errors"][0]["pointer"] == ""


def test_more_lines_than_are_taken_are_too_many(bot: Any) -> None:
    problem(send_lines(bot, b"{}\n" * (MAX_LINES + 1)), 413)
    problem(send_lines(bot, b"\n" * (MAX_LINES + 1)), 413)
    assert len(results(send_lines(bot, b"{}\n" * MAX_LINES))) == MAX_LINES


def test_a_bomb_is_refused_before_it_is_unpacked(bot: Any) -> None:
    bomb = gzip.compress(b"\n" * (MAX_STREAM + 1), 1)
    assert len(bomb) < MAX_STREAM / 100
    problem(send_lines(bot, bomb, content_encoding="gzip"), 413)
    problem(send_lines(bot, b"x" * (MAX_STREAM + 1)), 413)


def test_many_small_members_are_refused(bot: Any) -> None:
    problem(send_lines(bot, gzip.compress(b"") * 2000, content_encoding="gzip"), 413)


def test_one_line_that_is_too_long_is_rejected_alone(bot: Any) -> None:
    long = factories.a_payload(input={"text": "x" * MAX_OBJECT})
    told = results(send_lines(bot, lines(long, factories.a_payload())))
    assert [t["status"] for t in told] == ["rejected", "accepted"]
    assert told[0]["problem"]["status"] == 413


def test_a_large_stream_may_come_under_an_idempotency_key(bot: Any) -> None:
    raw = lines(*[factories.a_payload(input={"text": "x" * 1_000_000}) for _ in range(4)])
    first = send_lines(bot, raw, idempotency_key="batch-1")
    assert [t["status"] for t in results(first)] == ["accepted"] * 4
    again = send_lines(bot, raw, idempotency_key="batch-1")
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"


def test_lines_of_several_pipelines_go_each_to_its_own(api: Any) -> None:
    factories.a_pipeline()
    factories.a_pipeline("other")
    factories.a_pipeline("closed")
    bot = api(factories.a_service(pipelines=("intents", "other")))
    told = results(
        send_lines(
            bot,
            lines(*[factories.a_payload(pipeline=s) for s in ("intents", "other", "closed")]),
        )
    )
    assert [t["status"] for t in told] == ["accepted", "accepted", "rejected"]
    assert told[2]["problem"]["status"] == 404
