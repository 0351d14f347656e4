"""Challenges in a browser: barriers, width, and the keyboard alone."""

import itertools
import os

import pytest
from django.utils import timezone

from governance.selectors import principals
from reviews.models import Challenge
from reviews.services import challenges
from tests import factories
from tests.browser.test_pages import barriers, overflow

LONG = "Whoever reads the whole of the request sees that it is about the balance. "


def settled(bot):
    now = timezone.now()
    item = factories.an_item(bot, now=now)
    person = factories.a_person()
    factories.decide(person, factories.claim(person, now=now), now=now)
    item.refresh_from_db()
    return item


def doubted(bot, **said):
    item, person = settled(bot), factories.a_person()
    return challenges.challenge(
        principal=principals.of_person(person), actor=person, resolution_id=item.resolution_id,
        now=timezone.now(), **({"reason": LONG * 3, "anonymous": True} | said),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390]))
)
def test_pages_of_challenges_have_no_barriers_errors_or_violations(window, bot, scheme, width):
    judge = factories.a_person("judge", roles=("lead", "auditor"))
    rows = [doubted(bot), doubted(bot, anonymous=False), doubted(bot)]
    said = {"principal": principals.of_person(judge), "actor": judge, "now": timezone.now()}
    challenges.uphold(challenge_id=rows[1].pk, rationale=LONG, **said)
    challenges.overturn(
        challenge_id=rows[2].pk, rationale=LONG, answer={"label": "balance"}, **said
    )
    view = window(judge, scheme=scheme, width=width)
    found = []
    free = settled(bot)
    pages = ["/challenges", *(f"/challenges/{row.pk}" for row in rows), f"/items/{free.pk}"]
    pages += [f"/items/{rows[0].item_id}", "/inbox"]
    for n, path in enumerate(pages):
        view.go(path)
        for details in view.page.locator("main details").all():
            details.evaluate("each => each.open = true")
        found += barriers(view) + overflow(view) + view.faults
        if folder := os.environ.get("PICTURES"):
            view.page.screenshot(path=f"{folder}/c{n}-{scheme}-{width}.png", full_page=True)
    assert found == []


def test_a_challenge_is_judged_by_keyboard_alone(window, bot):
    row = doubted(bot)
    view = window(factories.a_person("judge", roles=("lead",)))
    view.go(f"/challenges/{row.pk}")
    view.page.keyboard.press("a")
    view.page.keyboard.press("r")
    view.page.keyboard.type("It says card.")
    view.page.keyboard.press("Control+Enter")
    view.page.get_by_text("How it ended").wait_for()
    assert Challenge.objects.get(pk=row.pk).state == "upheld"
    assert view.faults == []
