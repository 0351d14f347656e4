"""Errors, ids, addresses and tags: what every endpoint does alike."""

from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test import Client

from governance.domain.times import rfc3339
from reviews.selectors import records
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db
NOBODY = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def caller(api: Any) -> Any:
    factories.a_pipeline()
    return api(factories.a_service())


def test_what_is_not_there_is_a_404(caller: Any) -> None:
    for path in ("/nothing", "/", "", f"/predictions/{NOBODY}", f"/items/{NOBODY}", "/items/x"):
        problem(caller.get(path), 404)
    problem(caller("DELETE", "/nothing"), 404)
    problem(caller.post(f"/items/{NOBODY}/notes", {"text": "x"}), 404)


def test_an_address_outside_the_version_is_a_404_too(caller: Any) -> None:
    answer = Client().get("/api/v2/predictions")
    problem(answer, 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_method_that_is_none_is_a_405_with_those_that_are(caller: Any, method: str) -> None:
    answer = caller(method, "/predictions")
    problem(answer, 405)
    assert {"GET", "POST"} <= {name.strip() for name in answer["Allow"].split(",")}


def test_head_is_get_without_a_body(caller: Any) -> None:
    answer = caller("HEAD", "/predictions")
    assert (answer.status_code, answer.content) == (200, b"")


def test_both_forms_of_an_address_answer(caller: Any) -> None:
    factories.send(caller_user(), factories.a_payload())
    assert good(caller.get("/predictions/")) == good(caller.get("/predictions"))
    good(caller.post("/predictions/", factories.a_payload()), 201)


def caller_user() -> Any:
    return factories.User.objects.get(username="bot")


def test_the_callers_request_id_is_echoed_and_stands_in_problems(caller: Any) -> None:
    answer = caller.get("/nothing", x_request_id="trace-0123456789")
    assert answer["X-Request-ID"] == problem(answer, 404)["request_id"] == "trace-0123456789"
    for odd in ("short", "x" * 65, "with space 123", "<script>12345"):
        assert caller.get("/nothing", x_request_id=odd)["X-Request-ID"] != odd


@pytest.mark.parametrize(
    "path",
    ["/predictions", "/items", "/decisions", "/resolutions", "/pipelines/intents/config",
     "/pipelines/intents/config/versions", "/pipelines/intents/config/versions/1"],
)  # fmt: skip
def test_an_unknown_query_parameter_is_named(caller: Any, path: str) -> None:
    told = problem(caller.get(f"{path}?pipelin=intents"), 400, "/pipelin")
    assert told["errors"][0]["code"] == "unknown_parameter"


def test_an_unknown_field_is_named_with_the_nearest_known_one(caller: Any) -> None:
    told = problem(caller.post("/claim", {"pipelin": "intents"}), 400, "/pipelin")
    assert "'pipeline'" in told["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("status=done", "/status"),
        ("breached=maybe", "/breached"),
        ("due_before=yesterday", "/due_before"),
        ("due_before=2026-11-20", "/due_before"),
        ("due_before=2026-11-20T09:00:00", "/due_before"),
        ("created_after=0001-01-01T00:00:00%2B23:59", "/created_after"),
        ("pipeline=", "/pipeline"),
        ("pipeline=%00", "/pipeline"),
        ("tier=a%00b", "/tier"),
    ],
)
def test_a_filter_that_is_none_is_pointed_at(caller: Any, query: str, pointer: str) -> None:
    problem(caller.get(f"/items?{query}"), 400, pointer)


def test_every_filter_of_items_selects(api: Any) -> None:
    factories.a_pipeline()
    bot, reviewer = factories.a_service(), factories.a_person("maria")
    mid, high = factories.an_item(bot), factories.an_item(bot, "high", scenario_type="loans")
    factories.claim(reviewer, queue="experts")
    caller = api(bot, "review")
    before, after = (rfc3339(m) for m in (mid.created_at, mid.due_at))

    def ids(query: str) -> set[str]:
        return {row["id"] for row in good(caller.get(f"/items?{query}"))["results"]}

    both, first, second = {str(mid.pk), str(high.pk)}, {str(mid.pk)}, {str(high.pk)}
    assert ids("pipeline=intents") == both
    assert ids("pipeline=other") == set()
    assert ids("status=pending") == first
    assert ids("tier=high") == ids("queue=experts") == ids("scenario_type=loans") == second
    assert ids("assignee=maria") == second
    assert ids("model_version=3") == both
    assert ids(f"due_before={after}") == set()
    assert ids(f"created_after={before}") == set()
    assert ids("created_after=2020-01-01T00:00:00Z") == both
    assert ids("breached=true") | ids("breached=false") == both
    assert ids("breached=true") & ids("breached=false") == set()
    assert ids("at_risk=true") | ids("at_risk=false") == both
    assert ids("pipeline=intents&tier=mid&status=pending&limit=1") == first


def test_every_filter_of_predictions_selects(caller: Any) -> None:
    low, mid = factories.send(caller_user(), factories.a_payload("low"), factories.a_payload("mid"))

    def ids(query: str) -> list[str]:
        return [row["id"] for row in good(caller.get(f"/predictions?{query}"))["results"]]

    assert ids(f"external_id={low.external_id}") == [str(low.pk)]
    assert ids("disposition=auto_approved") == [str(low.pk)]
    assert ids("tier=mid") == ids("disposition=in_review") == [str(mid.pk)]
    assert ids("model_version=4") == ids("pipeline=other") == []


@pytest.mark.parametrize("kind", ["predictions", "items"])
def test_an_unchanged_object_is_a_304_and_a_changed_one_is_not(api: Any, kind: str) -> None:
    factories.a_pipeline()
    bot, reviewer = factories.a_service(), factories.a_person()
    item = factories.an_item(bot)
    caller = api(bot)
    path = f"/{kind}/{item.pk if kind == 'items' else item.prediction_id}"
    tag = caller.get(path)["ETag"]
    assert tag.startswith('"')
    for header in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        answer = caller.get(path, if_none_match=header)
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
    assert caller.get(path, if_none_match='"x"').status_code == 200
    factories.decide(reviewer, factories.claim(reviewer))
    assert caller.get(path, if_none_match=tag).status_code == 200


def test_no_answer_of_the_api_may_be_stored_by_a_cache(caller: Any) -> None:
    for path in ("/predictions", "/nothing"):
        assert caller.get(path)["Cache-Control"] == "no-store"


def test_a_fault_of_ours_tells_nothing_of_itself(
    caller: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any) -> Any:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(records, "predictions", broken)
    told = problem(caller.get("/predictions"), 500)
    assert "secret" not in str(told)
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    "error",
    [OperationalError("server closed the connection"), DatabaseError("the connection is lost")],
)
def test_a_lost_database_is_a_503_that_says_when_to_come_back(
    caller: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def lost(*args: Any) -> Any:
        raise error

    monkeypatch.setattr(records, "predictions", lost)
    answer = caller.get("/predictions")
    problem(answer, 503)
    assert answer["Retry-After"] == "5"


def test_a_database_that_is_lost_before_the_token_is_read_is_a_503_too(caller: Any) -> None:
    def lost(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(lost):
        answer = caller.get("/predictions")
    problem(answer, 503)
    assert answer["Retry-After"] == "5"
