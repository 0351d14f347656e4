"""Lessons on their pages: written from chosen signals, revised with a reason."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from feedback.models import FeedbackSignal, Lesson
from feedback.services import signals
from tests import factories
from tests.feedback.conftest import House
from tests.feedback.web.test_lineage import browser

LESSON = {"title": "Cards", "text": "Ask for <b>digits</b>.", "owner": "lead"}


@pytest.fixture
def lead(house: House) -> Client:
    house.resolved("balance")
    house.resolved()
    signals.sweep(now=timezone.now)
    return browser(factories.a_person("lead", roles=("lead",)))


def ids() -> list[str]:
    return [str(pk) for pk in FeedbackSignal.objects.values_list("pk", flat=True)]


def test_a_lesson_is_written_from_chosen_signals_and_then_adopted(lead: Client) -> None:
    offered = lead.get("/lessons/new").content.decode()
    assert set(re.findall(r'name="signals" value="([^"]+)"', offered)) == set(ids())
    wrote = lead.post("/lessons/new", LESSON | {"signals": ids()})
    lesson = Lesson.objects.get()
    assert (wrote.status_code, wrote["Location"]) == (303, f"/lessons/{lesson.pk}")
    page = lead.get(wrote["Location"]).content.decode()
    assert "Ask for &lt;b&gt;digits" in page
    assert "Cards" in lead.get("/lessons").content.decode()
    assert "Cards" in lead.get("/lineage").content.decode()
    change = LESSON | {"state": "adopted", "revalidate_on": "2099-03-01", "reason": "Agreed"}
    assert lead.post(f"/lessons/{lesson.pk}", change).status_code == 303
    lesson.refresh_from_db()
    assert lesson.state == "adopted"
    assert lesson.sources.count() == 2


def test_only_signals_of_a_kind_are_offered_when_asked(lead: Client) -> None:
    page = lead.get("/lessons/new?kind=corrected").content.decode()
    assert page.count('name="signals"') == 1
    assert lead.get("/lessons/new?kind=other").status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"owner": "nobody"}, "owner"),
        ({"revalidate_on": "tomorrow"}, "revalidate_on"),
        ({"adjustment": "x"}, "adjustment"),
        ({"signals": []}, "signals"),
    ],
)
def test_a_fault_is_said_at_its_field_and_what_was_typed_stays(
    lead: Client, changes: dict[str, object], field: str
) -> None:
    page = lead.post("/lessons/new", LESSON | {"signals": ids()} | changes)
    assert page.status_code == 422
    text = page.content.decode()
    assert f'id="at-2f-{field}-fault"' in text
    assert "Ask for &lt;b&gt;digits" in text
    assert not Lesson.objects.exists()


def test_a_retired_lesson_has_no_form_and_a_wrong_step_is_said(lead: Client) -> None:
    lead.post("/lessons/new", LESSON | {"signals": ids()})
    address = f"/lessons/{Lesson.objects.get().pk}"
    lead.post(address, LESSON | {"state": "retired", "reason": "Over"})
    assert "<textarea" not in lead.get(address).content.decode()
    again = lead.post(address, LESSON | {"state": "proposed", "reason": "Back"})
    assert again.status_code == 409


def test_an_auditor_reads_and_does_not_write(lead: Client) -> None:
    lead.post("/lessons/new", LESSON | {"signals": ids()})
    address = f"/lessons/{Lesson.objects.get().pk}"
    auditor = browser(factories.a_person(roles=("auditor",)))
    assert auditor.get(address).status_code == 200
    assert "<textarea" not in auditor.get(address).content.decode()
    assert auditor.post(address, LESSON | {"reason": "x"}).status_code == 403
    assert auditor.post("/lessons/new", LESSON | {"signals": ids()}).status_code == 403
    assert browser(factories.a_person(roles=("reviewer",))).get(address).status_code == 403
    House("other")
    stranger = browser(factories.a_person(roles=("lead",), pipelines=("other",)))
    assert stranger.get(address).status_code == 404
