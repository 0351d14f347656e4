"""Business time over HTTP: when a target is due, and what has passed."""

from typing import Any

import pytest

from governance.enums import PolicyKind
from governance.models import Calendar, PolicyVersion
from tests import factories
from tests.api.answers import good, problem
from tests.conftest import Api

pytestmark = pytest.mark.django_db
BERLIN = {
    "kind": "Calendar",
    "slug": "berlin",
    "timezone": "Europe/Berlin",
    "windows": {day: ["09:00-17:00"] for day in factories.WEEK[:5]},
    "holidays": {"country": "DE", "subdivision": "BE"},
    "exceptions": [{"date": "2026-12-24", "windows": ["09:00-12:00"]}],
}
START = "2026-11-24T10:00:00+01:00"


@pytest.fixture
def caller(api: Any) -> Api:
    factories.a_pipeline()
    factories.apply(BERLIN)
    found: Api = api(factories.a_person(), "review")
    return found


def ask(caller: Api, slug: str = "berlin", **body: Any) -> Any:
    return caller.post(f"/calendars/{slug}/preview", body)


def test_a_target_is_due_when_it_is_used_up(caller: Api) -> None:
    told = good(ask(caller, start=START, target="PT4H"))
    assert told == {"calendar": "berlin", "version": 1, "due_at": "2026-11-24T13:00:00.000000Z"}
    over_christmas = good(ask(caller, start="2026-12-24T11:00:00+01:00", target="PT2H"))
    assert over_christmas["due_at"] == "2026-12-28T09:00:00.000000Z"


def test_what_has_passed_is_business_time(caller: Api) -> None:
    told = good(ask(caller, start=START, end="2026-11-25T09:30:00.25+01:00"))
    assert told == {"calendar": "berlin", "version": 1, "elapsed": "PT7H30M0.25S"}
    assert good(ask(caller, start=START, end=START))["elapsed"] == "PT0S"


def test_it_says_which_version_it_asked(caller: Api) -> None:
    factories.apply(BERLIN | {"timezone": "UTC"})
    told = good(ask(caller, start=START, target="PT4H"))
    assert (told["version"], told["due_at"]) == (2, "2026-11-24T13:00:00.000000Z")


def test_hours_that_never_come_again_make_nothing_due(caller: Api) -> None:
    once = [{"date": "2026-11-24", "windows": ["09:00-17:00"]}]
    factories.apply(BERLIN | {"slug": "once", "windows": {}, "exceptions": once})
    assert good(ask(caller, "once", start=START, target="PT7H"))["due_at"] is not None
    assert good(ask(caller, "once", start=START, target="PT7H1S"))["due_at"] is None
    assert good(ask(caller, start=START, target="P999999D"))["due_at"] is None


@pytest.mark.parametrize("pipelines", [(), ("intents",)])
def test_whoever_has_a_token_may_ask(api: Any, caller: Api, pipelines: tuple[str, ...]) -> None:
    bot = factories.a_service()
    asking = api(bot, "predictions:write", pipelines=pipelines)
    good(ask(asking, start=START, target="PT4H"))


def test_a_calendar_that_is_not_there_is_not_found(caller: Api) -> None:
    problem(ask(caller, "paris", start=START, target="PT4H"), 404)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"start": START}, ("/target", "/end")),
        ({"start": START, "target": "PT4H", "end": START}, ("/target", "/end")),
        ({"target": "PT4H"}, ("/start",)),
        ({"start": START, "target": "PT0S"}, ("/target",)),
        ({"start": START, "target": "-PT4H"}, ("/target",)),
        ({"start": START, "target": "4h"}, ("/target",)),
        ({"start": START, "target": 4}, ("/target",)),
        ({"start": START, "target": None}, ("/target",)),
        ({"start": START, "target": ""}, ("/target",)),
        ({"start": "2026-11-24T10:00:00", "target": "PT4H"}, ("/start",)),
        ({"start": "2026-11-24", "target": "PT4H"}, ("/start",)),
        ({"start": 5, "target": "PT4H"}, ("/start",)),
        ({"start": "1899-12-31T23:59:59Z", "target": "PT4H"}, ("/start",)),
        ({"start": START, "end": "2200-01-01T00:00:00Z"}, ("/end",)),
        ({"start": START, "end": "2026-11-24T09:59:59+01:00"}, ("/end",)),
        ({"start": START, "target": "PT4H", "zone": "UTC"}, ("/zone",)),
    ],
)
def test_a_question_that_is_none_is_a_problem_with_its_pointer(
    caller: Api, body: dict[str, Any], pointers: tuple[str, ...]
) -> None:
    problem(ask(caller, **body), 400, *pointers)


@pytest.mark.parametrize(
    ("lost", "named"),
    [({"timezone": "Mars/Base"}, "Mars/Base"), ({"holidays": {"country": "ZZ"}}, "ZZ")],
)
def test_what_this_machine_lost_is_told_and_is_no_crash(
    caller: Api, lost: dict[str, Any], named: str
) -> None:
    """A version may be older than the zones and holidays that are installed."""
    version = PolicyVersion.objects.create(
        kind=PolicyKind.CALENDAR, slug="berlin", number=2, document=BERLIN | lost, digest="x",
        diff=[], reason="For a test", created_at=factories.NOW,
    )  # fmt: skip
    row = Calendar.objects.get(slug="berlin")
    row.current = version
    row.because(None, "For a test").save()
    told = problem(ask(caller, start=START, target="PT4H"), 409)
    assert named in told["detail"]
