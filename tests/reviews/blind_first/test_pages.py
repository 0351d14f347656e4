"""O7 at the desk: nothing of the prediction until the answer, then both, and one second look."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from reviews.models import Assignment, Decision
from tests import factories

LABEL, SHOWN = "card_linking", "0.4142"


class Desk:
    """A browser of one reviewer."""

    def __init__(self, username: str) -> None:
        self.client = Client()
        self.client.force_login(
            factories.a_person(username), backend="django.contrib.auth.backends.ModelBackend"
        )

    def take(self) -> Assignment:
        answer = self.client.post("/review/intents/general")
        assert answer.status_code == 303, answer.content.decode()
        return Assignment.objects.get(pk=answer["Location"].rsplit("/", 1)[1])

    def see(self, held: Assignment) -> str:
        return str(self.client.get(f"/review/assignment/{held.pk}").content.decode())

    def decide(self, held: Assignment, **said: str):
        data = {"answer.label": "balance", "check.read": "yes", "rationale": "It is."} | said
        return self.client.post(f"/review/assignment/{held.pk}/decide", data)


@pytest.fixture
def desk(drawing) -> Desk:
    bot = drawing(1.0)
    for _ in range(2):
        factories.an_item(
            bot, output={"label": LABEL}, confidence=0.41421, scores={LABEL: 0.41421},
            now=timezone.now(),
        )  # fmt: skip
    return Desk("ann")


def test_o7_the_page_holds_nothing_of_the_prediction_until_the_answer(desk):
    held = desk.take()
    page = desk.see(held)
    # The label is one of the choices, in their order; nothing says that it is the model's.
    assert "41.4" not in page
    assert "0.414" not in page
    assert page.count(LABEL) == page.count("card_arrival")
    assert 'name="accept"' not in page
    assert "blind" in page

    answer = desk.decide(held)

    assert (answer.status_code, answer["Location"]) == (303, f"/review/assignment/{held.pk}")
    shown = desk.see(held)
    assert "Here is what the model said." in shown
    assert "Change my answer" in shown
    assert "41" in re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", shown)
    assert "/undo" not in shown


def test_o7_the_second_answer_is_given_on_that_page_once(desk):
    held = desk.take()
    desk.decide(held)
    first = Decision.objects.get()
    address = f"/review/decision/{first.pk}/revise"

    refused = desk.client.post(address, {"verdict": "correct", "answer.label": "card_arrival"})
    assert refused.status_code == 422
    assert "Say why." in refused.content.decode()
    answer = desk.client.post(address, {"accept": "1", "check.read": "yes"})

    assert answer.status_code == 303
    second = Decision.objects.get(revises=first)
    assert (second.answer, second.blind) == ({"label": LABEL}, False)
    assert "both of your answers are kept" in desk.client.get(answer["Location"]).content.decode()
    assert desk.client.post(address, {"accept": "1", "check.read": "yes"}).status_code == 409
    assert "Change my answer" not in desk.see(second.assignment)


def test_o7_nobody_revises_for_another(desk):
    held = desk.take()
    desk.decide(held)
    address = f"/review/decision/{Decision.objects.get().pk}/revise"
    assert Desk("bob").client.post(address, {"accept": "1"}).status_code == 404
