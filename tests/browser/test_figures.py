"""The pages of figures, of the notice and of the second answer: no barrier, no error."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from feedback.services import disputes
from feedback.services.disputes import Disputed
from governance.models import User
from governance.selectors import principals
from governance.services import notices
from tests import factories
from tests.browser.test_pages import barriers, overflow

CAPACITY = {"open": 9, "per_day": 500}


def work(bot: User, ann: User, bob: User) -> None:
    """Let two people answer forty items alike, ten days ago, and one of them dispute a figure."""
    tiers = factories.pipeline_document()["tiers"]
    tiers["mid"] |= {"decisions": 2, "checklist": [], "rationale": "never", "blind_first": 0.5}
    factories.apply(factories.pipeline_document(tiers=tiers))
    now = timezone.now() - timedelta(days=10)
    for _ in range(40):
        factories.an_item(bot, now=now)
        for person in (ann, bob):
            held = factories.claim(person, now=now)
            assert held is not None
            said: dict[str, Any] = {"answer": {"label": "card_arrival"}, "reason_codes": []}
            factories.decide(person, held, now=now, checklist={}, **said)
    told: dict[str, Any] = {"principal": principals.of_person(bob), "actor": bob}
    notices.acknowledge(number=1, now=timezone.now(), **told)
    wanted = Disputed("intents", "agreement", "Two of them were ambiguous, as the guideline says.")
    disputes.dispute(wanted=wanted, now=timezone.now(), **told)


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390]))
)
def test_o16_figures_and_the_notice_have_no_barriers_errors_or_violations(
    window, bot, scheme, width
):
    ann, bob = (factories.a_person(name, capacity=CAPACITY) for name in ("ann", "bob"))
    work(bot, ann, bob)
    lead = factories.a_person("lea", roles=("lead",))
    found = []
    for person, path in (
        (ann, "/"), (ann, "/me/notice"), (ann, "/me/figures"), (bob, "/me/figures"),
        (lead, "/figures"), (lead, "/me/notice"),
    ):  # fmt: skip
        view = window(person, width=width, scheme=scheme)
        view.go(path)
        found += barriers(view) + overflow(view) + view.faults
    assert found == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_o7_the_second_answer_is_given_by_keyboard_after_the_first(window, bot, scheme, width):
    tiers = factories.pipeline_document()["tiers"]
    tiers["mid"]["blind_first"] = 1.0
    factories.apply(factories.pipeline_document(tiers=tiers))
    factories.an_item(bot, now=timezone.now())
    view = window(factories.a_person("ann"), width=width, scheme=scheme)
    view.start()
    assert view.page.get_by_text("card_arrival").count() == 1
    view.page.get_by_label("balance").check()
    view.page.locator("#rationale").fill("It asks for the balance.")
    view.page.get_by_label("Yes").check()
    view.page.locator("[data-save]").press("Enter")
    view.page.get_by_text("Change my answer").press("Enter")
    view.page.get_by_text("You answered before you saw what the model said").wait_for()
    found = barriers(view) + overflow(view)
    view.page.get_by_label("Yes").check()
    view.page.get_by_role("button", name="Accept").press("Enter")
    view.page.get_by_text("both of your answers are kept").wait_for()
    assert found + view.faults == []
