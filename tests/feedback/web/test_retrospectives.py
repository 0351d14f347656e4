"""Looking back on its pages: opened, picked for, held, concluded and closed by forms alone."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from feedback.models import Retrospective
from tests import factories
from tests.feedback.conftest import House
from tests.feedback.web.test_lineage import browser


@pytest.fixture
def lead(house: House) -> Client:
    # What the page looks back at is the last month of the clock on the wall.
    house.resolved("balance", now=timezone.now(), output={"label": "card_arrival"})
    return browser(factories.a_person("lead", roles=("lead",)))


def opened(lead: Client, **changes: str) -> str:
    day = f"{timezone.now().date()}"
    form = {"title": "Cards", "pipeline": "intents", "since": day, "until": day} | changes
    answer = lead.post("/retrospectives", form)
    assert answer.status_code == 303, answer.content
    return str(answer["Location"])


def test_a_retrospective_goes_from_a_suggestion_to_its_end_by_forms(
    house: House, lead: Client
) -> None:
    house.agreed(("balance", "balance"), now=timezone.now())
    page = opened(lead)
    text = lead.get(page).content.decode()
    (suggested,) = re.findall(r'name="item" value="([^"]+)"', text)
    pick = {"item": suggested, "kind": "success", "why": "Nobody hesitated."}
    assert lead.post(f"{page}/pick", pick).status_code == 303
    assert lead.post(f"{page}/hold").status_code == 303
    assert lead.post(f"{page}/find", {"text": "The <b>guideline</b> helps."}).status_code == 303
    text = lead.get(page).content.decode()
    assert "&lt;b&gt;guideline" in text
    assert "Nobody hesitated." in text
    refused = lead.post(f"{page}/close")
    assert refused.status_code == 409
    assert "neither a lesson nor a reason" in refused.content.decode()
    (finding,) = re.findall(r'name="finding" value="([^"]+)"', text)
    done = lead.post(f"{page}/conclude", {"finding": finding, "reason": "It stays as it is."})
    assert done.status_code == 303
    assert lead.post(f"{page}/close").status_code == 303
    text = lead.get(page).content.decode()
    assert "Closed" in text
    assert 'method="post"' not in text.split("<h1")[1].split("</main>")[0]
    assert house.reviewer.username not in text
    assert Retrospective.objects.get().state == "closed"


def test_a_fault_is_said_and_what_was_typed_stays(lead: Client) -> None:
    day = f"{timezone.now().date()}"
    form = {"title": "Cards", "pipeline": "intents", "since": "soon", "until": day}
    page = lead.post("/retrospectives", form)
    assert page.status_code == 422
    assert "Write the day as" in page.content.decode()
    assert 'value="Cards"' in page.content.decode()


def test_who_only_reviews_does_not_look_in(house: House) -> None:
    assert browser(house.reviewer).get("/retrospectives").status_code == 403
