"""Clocks and escalations over HTTP: what is shown, who may move what, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from reviews.models import ReviewItem
from reviews.services import sweeping
from tests import factories

pytestmark = pytest.mark.django_db
LADDER = {"levels": [{"delay": "PT0S", "notify": ["user:lea"]}, {"delay": "P1D"}]}


@pytest.fixture
def office(api: Any) -> Any:
    """Return callers, and an item that is an hour late to claim."""
    factories.a_pipeline()
    factories.a_person("lea", roles=("lead",))
    factories.apply(factories.SLA | {"ladder": LADDER})
    ann, lea = factories.a_person("ann"), factories.User.objects.get(username="lea")
    now = timezone.now()
    item = factories.an_item(factories.a_service(), now=now - timedelta(hours=2))
    sweeping.sweep(now=lambda: now)

    class Office:
        reviewer, lead, late = api(ann, "review"), api(lea, "review"), item

    return Office


def test_the_clocks_of_an_item_say_how_long_people_have(office: Any) -> None:
    claim, decide = office.reviewer.get(f"/items/{office.late.pk}/clocks").json()
    assert (claim["kind"], claim["cycle"], claim["status"]) == ("claim", 1, "running")
    assert claim["breached_at"]
    assert claim["remaining"].startswith("-PT")
    assert claim["ladder"]["level"] == 1
    assert (decide["breached_at"], decide["outcome"], decide["pauses"]) == (None, None, [])
    assert decide["policy"] == "quick"


def test_a_pause_and_its_end_are_shown(office: Any) -> None:
    path = f"/items/{office.late.pk}"
    paused = office.reviewer.post(f"{path}/pause", {"reason": "legal_hold"}).json()
    assert (paused["paused"], paused["due_at"]) == ("legal_hold", None)
    again = office.reviewer.post(f"{path}/pause", {"reason": "legal_hold"})
    assert (again.status_code, again.json()["revision"]) == (200, paused["revision"])
    assert office.lead.post("/claim", {}).status_code == 204
    assert office.reviewer.post(f"{path}/resume").json()["paused"] is None
    pauses = office.reviewer.get(f"{path}/clocks").json()[1]["pauses"]
    assert pauses[0]["reason"] == "legal_hold"
    assert pauses[0]["until"] is not None


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "coffee"}])
def test_row_18_a_pause_without_a_reason_of_the_list_is_a_400(office: Any, body: Any) -> None:
    answer = office.reviewer.post(f"/items/{office.late.pk}/pause", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/reason"


def test_an_escalation_is_listed_and_taken_up_once(office: Any) -> None:
    (told,) = office.lead.get(f"/escalations?item={office.late.pk}").json()["results"]
    assert (told["level"], told["targets"], told["acked_at"]) == (1, ["lea"], None)
    assert office.reviewer.post(f"/escalations/{told['id']}/ack").status_code == 403
    first = office.lead.post(f"/escalations/{told['id']}/ack").json()
    again = office.lead.post(f"/escalations/{told['id']}/ack").json()
    assert first == again
    assert first["acked_by"] == "lea"
    assert office.lead.get("/escalations?acked=false").json()["results"] == []


def test_items_are_found_by_whether_they_are_late(office: Any) -> None:
    def found(query: str) -> list[str]:
        return [each["id"] for each in office.lead.get(f"/items?{query}").json()["results"]]

    other = factories.an_item(factories.User.objects.get(username="bot"), now=timezone.now())
    assert found("breached=true") == [str(office.late.pk)]
    assert found("breached=false") == [str(other.pk)]


def test_only_a_lead_moves_and_reopens_items(office: Any) -> None:
    path = f"/items/{office.late.pk}"
    move = {"queue": "experts", "reason": "They know cards"}
    assert office.reviewer.post(f"{path}/reassign", move).status_code == 403
    assert office.lead.post(f"{path}/reassign", move).json()["queue"] == "experts"
    assert office.reviewer.post(f"{path}/reopen", {"reason": "x"}).status_code == 403
    assert office.lead.post(f"{path}/reopen", {"reason": "x"}).status_code == 409


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "x"}, "/reviewer"),
        ({"reason": "x", "queue": "nowhere"}, "/queue"),
        ({"reason": "x", "tier": "huge"}, "/tier"),
        ({"reason": "x", "reviewer": "nobody"}, "/reviewer"),
        ({"queue": "experts"}, "/reason"),
    ],
)
def test_a_move_that_makes_no_sense_is_pointed_at(office: Any, body: Any, pointer: str) -> None:
    answer = office.lead.post(f"/items/{office.late.pk}/reassign", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_row_60_the_pipeline_reads_what_to_do_with_what_expired(api: Any, office: Any) -> None:
    now = timezone.now()
    for days in (1, 2, 3, 4):
        sweeping.sweep(now=lambda later=days: now + timedelta(days=later))  # type: ignore[misc]
    assert ReviewItem.objects.get(pk=office.late.pk).status == "expired"
    bot = api(factories.User.objects.get(username="bot"), "predictions:write")
    shown = bot.get(f"/predictions/{office.late.prediction_id}?wait=5").json()
    assert (shown["item"]["safe_default"], shown["resolution"]) == ("hold", None)
