"""Lists in pages: a walk neither repeats nor skips what existed when it began."""

from typing import Any

import pytest

from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(api: Any) -> Any:
    factories.a_pipeline()
    service = factories.a_service()
    caller = api(service, "audit:read", "review", "predictions:write")
    caller.service = service
    return caller


def walk(caller: Any, path: str, *, meanwhile: Any = None, way: str = "next") -> list[str]:
    """Return the ids of a list, following its addresses."""
    found: list[str] = []
    while path:
        page = good(caller.get(path.removeprefix("http://testserver/api/v1")))
        ids = [row["id"] for row in page["results"]]
        found = found + ids if way == "next" else ids + found
        if meanwhile:
            meanwhile()
        path = page[way]
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_a_walk_sees_every_row_once_while_others_are_added(reader: Any, limit: int) -> None:
    rows = factories.send(reader.service, *[factories.a_payload() for _ in range(7)])
    wanted = [str(row.pk) for row in reversed(rows)]

    def another() -> None:
        factories.send(reader.service, factories.a_payload())

    assert walk(reader, f"/predictions?limit={limit}", meanwhile=another) == wanted


def test_previous_leads_back_the_same_way(reader: Any) -> None:
    rows = factories.send(reader.service, *[factories.a_payload() for _ in range(7)])
    first = good(reader.get("/predictions?limit=3"))
    assert first["previous"] is None
    second = good(reader.get(first["next"].removeprefix("http://testserver/api/v1")))
    third = good(reader.get(second["next"].removeprefix("http://testserver/api/v1")))
    assert third["next"] is None
    assert [len(page["results"]) for page in (first, second, third)] == [3, 3, 1]
    back = good(reader.get(third["previous"].removeprefix("http://testserver/api/v1")))
    assert back["results"] == second["results"]
    assert back["next"] == second["next"]
    home = good(reader.get(back["previous"].removeprefix("http://testserver/api/v1")))
    assert home["results"] == first["results"]
    assert home["previous"] is None
    assert walk(reader, third["previous"], way="previous") == [
        str(row.pk) for row in reversed(rows[1:])
    ]


def test_the_addresses_keep_the_filters(reader: Any) -> None:
    factories.send(reader.service, *[factories.a_payload("low") for _ in range(3)])
    factories.send(reader.service, *[factories.a_payload("mid") for _ in range(3)])
    page = good(reader.get("/predictions?tier=low&limit=2"))
    rest = good(reader.get(page["next"].removeprefix("http://testserver/api/v1")))
    assert [row["tier"] for row in page["results"] + rest["results"]] == ["low"] * 3


def test_resolutions_by_rule_and_by_people_are_one_list(reader: Any) -> None:
    reviewer = factories.a_person()
    for _ in range(3):
        factories.send(reader.service, factories.a_payload("low"))
        factories.an_item(reader.service)
        factories.decide(reviewer, factories.claim(reviewer))
    ids = walk(reader, "/resolutions?limit=2")
    assert len(ids) == len(set(ids)) == 6
    assert ids == sorted(ids, reverse=True)
    kinds = [row["kind"] for row in good(reader.get("/resolutions"))["results"]]
    assert kinds.count("auto") == kinds.count("single") == 3
    assert len(walk(reader, "/resolutions?kind=single&limit=1")) == 3
    assert len(walk(reader, "/resolutions?kind=auto&limit=1&pipeline=intents")) == 3
    assert walk(reader, "/resolutions?pipeline=other") == []


@pytest.mark.parametrize("path", ["/predictions", "/items", "/decisions", "/resolutions"])
@pytest.mark.parametrize(
    "limit", ["0", "-1", "201", "1.5", "x", "", "1e2", "٣", "9" * 30, "%00", "+5"]
)
def test_a_limit_out_of_bounds_is_a_400(reader: Any, path: str, limit: str) -> None:
    problem(reader.get(f"{path}?limit={limit}"), 400, "/limit")


@pytest.mark.parametrize("path", ["/predictions", "/items", "/decisions", "/resolutions"])
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "AAAA",
        "é",
        "%00",
        "1",
        "../..",
        "bw",
        "01900000000070008000000000000000",
        "eHh4eHh4eHh4eHh4eHh4eHg",
    ],
)
def test_a_cursor_of_somebody_else_is_a_400(reader: Any, path: str, cursor: str) -> None:
    problem(reader.get(f"{path}?cursor={cursor}"), 400, "/cursor")


@pytest.mark.parametrize("path", ["/predictions", "/items", "/decisions", "/resolutions"])
def test_an_empty_list_is_an_empty_page(reader: Any, path: str) -> None:
    assert good(reader.get(path)) == {"results": [], "next": None, "previous": None}
