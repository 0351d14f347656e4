"""One prediction at a time."""

import gzip
import json
from typing import Any

import pytest

from governance.rest.parsers import MAX_OBJECT
from reviews.models import Prediction, ReviewItem
from tests import factories
from tests.api.answers import MOMENT, good, moments, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(api: Any) -> Any:
    factories.a_pipeline()
    return api(factories.a_service(), "predictions:write")


def test_a_new_prediction_is_shown_with_its_route_and_item(bot: Any) -> None:
    payload = factories.a_payload("mid")
    answer = bot.post("/predictions", payload)
    shown = good(answer, 201)
    assert answer["Location"] == f"/api/v1/predictions/{shown['id']}"
    assert shown["external_id"] == payload["external_id"]
    assert (shown["tier"], shown["disposition"], shown["config_version"]) == ("mid", "in_review", 1)
    assert shown["route"] == {
        "rule": "unsure", "queue": "general", "skills": [], "priority": 0, "sampled": None,
        "propensity": 1.0,
        "trace": [
            {"rule": "very-unsure", "result": "false"},
            {"rule": "unsure", "result": "true"},
            {"rule": "confident", "result": "not_run"},
        ],
    }  # fmt: skip
    assert shown["item"]["status"] == "pending"
    assert shown["resolution"] is None
    assert shown["withdrawal"] is None


def test_a_confident_prediction_is_its_own_resolution(bot: Any) -> None:
    shown = good(bot.post("/predictions", factories.a_payload("low")), 201)
    assert (shown["disposition"], shown["item"]) == ("auto_approved", None)
    assert shown["resolution"]["kind"] == "auto"
    assert shown["resolution"]["answer"] == {"label": "card_arrival"}
    assert not ReviewItem.objects.exists()


def test_the_same_again_is_the_same_and_other_content_is_a_conflict(bot: Any) -> None:
    payload = factories.a_payload()
    first = good(bot.post("/predictions", payload), 201)
    again = dict(reversed(payload.items()))
    assert good(bot.post("/predictions", again), 200)["id"] == first["id"]
    problem(bot.post("/predictions", payload | {"confidence": 0.5}), 409, "/external_id")
    assert Prediction.objects.count() == 1


def test_one_external_id_may_stand_in_two_pipelines(api: Any) -> None:
    factories.a_pipeline()
    factories.a_pipeline("other")
    bot = api(factories.a_service(pipelines=("intents", "other")))
    payload = factories.a_payload()
    good(bot.post("/predictions", payload), 201)
    good(bot.post("/predictions", payload | {"pipeline": "other"}), 201)


def test_times_are_utc_with_z(bot: Any) -> None:
    payload = factories.a_payload(occurred_at="2026-11-20T10:00:00+01:00")
    shown = good(bot.post("/predictions", payload), 201)
    assert shown["occurred_at"] == "2026-11-20T09:00:00.000000Z"
    assert moments(shown)
    assert all(MOMENT.fullmatch(moment) for moment in moments(shown))


def test_a_pipeline_out_of_reach_and_one_that_is_not_are_told_alike(api: Any, bot: Any) -> None:
    factories.a_pipeline("other")
    payloads = [factories.a_payload(pipeline=slug) for slug in ("other", "nowhere")]
    told = [problem(bot.post("/predictions", p), 404, "/pipeline") for p in payloads]
    assert told[0]["detail"].replace("other", "nowhere") == told[1]["detail"]


def test_a_pipeline_that_is_switched_off_takes_nothing(bot: Any) -> None:
    row = factories.Pipeline.objects.get(slug="intents")
    row.enabled = False
    row.because(None, "For a test").save()
    problem(bot.post("/predictions", factories.a_payload()), 409, "/pipeline")


def test_a_gzip_body_is_taken_in_one_member_or_several(bot: Any) -> None:
    raw = json.dumps(factories.a_payload()).encode()
    packed = gzip.compress(raw[:50]) + gzip.compress(raw[50:])
    good(bot("POST", "/predictions", raw=packed, content_encoding="gzip"), 201)


BROKEN = {
    "none": b"no gzip",
    "cut off": gzip.compress(b'{"a": 1}', mtime=0)[:-6],
    "followed by more": gzip.compress(b"{}", mtime=0) + b"more",
    "empty": b"",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_gzip_body_is_refused(bot: Any, name: str) -> None:
    problem(bot("POST", "/predictions", raw=BROKEN[name], content_encoding="gzip"), 400)


def test_another_encoding_is_refused(bot: Any) -> None:
    raw = json.dumps(factories.a_payload()).encode()
    told = problem(bot("POST", "/predictions", raw=raw, content_encoding="br"), 400)
    assert "gzip" in told["detail"]


def test_a_body_beyond_the_limit_is_too_large_packed_or_not(bot: Any) -> None:
    raw = json.dumps(factories.a_payload(input={"text": "x" * MAX_OBJECT})).encode()
    problem(bot("POST", "/predictions", raw=raw), 413)
    packed = gzip.compress(raw)
    assert len(packed) < 10_000
    problem(bot("POST", "/predictions", raw=packed, content_encoding="gzip"), 413)


def test_another_type_of_body_is_refused(bot: Any) -> None:
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x"):
        problem(bot("POST", "/predictions", raw=b"{}", content_type=kind), 415)


def test_a_body_in_chunks_is_asked_for_its_length(bot: Any) -> None:
    answer = bot.client.generic(
        "POST", "/api/v1/predictions", b"", "application/json",
        headers=bot.headers | {"Transfer-Encoding": "chunked"},
    )  # fmt: skip
    problem(answer, 411)
