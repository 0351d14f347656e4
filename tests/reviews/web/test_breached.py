"""What breached and at risk mean: in the list of the API, on the page of a queue, in figures."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from governance.models import User
from governance.selectors import principals
from reviews.enums import ClockEventKind
from reviews.models import ClockEvent, ReviewItem
from reviews.selectors import operations
from reviews.services import pauses, sweeping
from tests import factories
from tests.reviews.web.conftest import Desk

Maker = Callable[..., Desk]
Items = dict[str, ReviewItem]


@pytest.fixture
def items(bot: User, now: datetime) -> Items:
    """Return items in every state that the words might be taken to mean; an hour is the target."""
    factories.apply(factories.SLA | {"at_risk": [0.75]})
    ann, made = factories.a_person("ann"), {}

    def arrived(minutes: float) -> ReviewItem:
        return factories.an_item(bot, now=now - timedelta(minutes=minutes))

    made["decided late"] = arrived(360)
    swept(now - timedelta(minutes=70))
    held = factories.claim(ann, now=now - timedelta(minutes=60))
    factories.decide(ann, held, now=now - timedelta(minutes=59))
    made["written"], made["paused late"] = arrived(350), arrived(340)
    made["unseen"], made["near"] = arrived(70), arrived(58)
    made["paused in time"], made["new"] = arrived(50), arrived(1)
    swept(now - timedelta(minutes=12))
    for name in ("paused late", "paused in time"):
        pauses.pause(
            principal=principals.of_person(ann), actor=ann, item_id=made[name].pk,
            reason="legal_hold", now=now - timedelta(minutes=5),
        )  # fmt: skip
    return made


def swept(moment: datetime) -> None:
    sweeping.sweep(now=lambda: moment)


def by_api(caller: Any, query: str) -> set[str]:
    return {each["id"] for each in caller.get(f"/items?{query}").json()["results"]}


def by_page(lead: Desk, show: str) -> set[str]:
    page = lead.get(f"/review/intents/general?show={show}").content.decode()
    return set(re.findall(r'href="/items/([0-9a-f-]{36})"', page))


def ids(items: Items, *names: str) -> set[str]:
    return {str(items[name].pk) for name in names}


def test_the_world_is_what_its_names_say(items: Items) -> None:
    breached = ClockEvent.objects.filter(kind=ClockEventKind.BREACH)
    found = {str(pk) for pk in breached.values_list("clock__item", flat=True)}
    assert found == ids(items, "decided late", "written", "paused late")


def test_list_page_and_figure_mean_the_same_by_breached(
    api: Any, desk: Maker, items: Items, now: datetime
) -> None:
    lead = desk(roles=("lead", "auditor"))
    caller = api(lead.user, "review")
    late = ids(items, "written", "unseen", "paused late")

    assert by_api(caller, "breached=true") == late
    assert by_page(lead, "breached") == late
    scope = operations.scope(principals.of_person(lead.user), now=now)
    assert operations.standing(scope).breached == len(late)
    assert by_api(caller, "breached=false") == ids(items, *items) - late
    assert by_api(caller, "status=resolved&breached=true") == set()


def test_list_page_and_figure_mean_the_same_by_at_risk(
    api: Any, desk: Maker, items: Items, now: datetime
) -> None:
    lead = desk(roles=("lead", "auditor"))
    caller = api(lead.user, "review")
    near = ids(items, "near")

    assert by_api(caller, "at_risk=true") == near
    assert by_page(lead, "at_risk") == near
    scope = operations.scope(principals.of_person(lead.user), now=now)
    assert operations.standing(scope).at_risk == len(near)
    assert by_api(caller, "at_risk=false") == ids(items, *items) - near


def test_the_description_of_the_api_says_what_breached_means(client: Any, bot: User) -> None:
    described = client.get("/api/v1/openapi.json").json()
    given = described["paths"]["/api/v1/items"]["get"]["parameters"]
    (breached,) = [each for each in given if each["name"] == "breached"]
    shown = described["components"]["schemas"]["OperationsShown"]["properties"]["breached"]
    for said in (breached["description"], shown["description"]):
        assert said.startswith("Open items of which an open clock is past its target")
