"""The history of configuration in a real browser: two versions are compared by keyboard."""

import os
from pathlib import Path

import pytest

from tests import factories

GUIDE = "Read the whole text.\nChoose the intent that fits best.\nAsk when you are unsure.\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_two_versions_are_chosen_and_read_by_keyboard(window, width, scheme) -> None:
    pipeline = factories.a_pipeline()
    person = factories.an_administrator("compliance")
    for text, why in (
        (GUIDE, "Reviewers asked what to do when unsure"),
        (GUIDE.replace("best", "most closely"), "Two intents overlap"),
    ):
        pipeline.guideline = text
        pipeline.because(person, why).save()
    tier = pipeline.tiers.get(slug="mid")
    tier.criteria = "Unsure, or about money"
    tier.because(person, "Money is looked at").save()
    desk = window(person, width=width, scheme=scheme)
    desk.go(f"/admin/governance/pipeline/{pipeline.pk}/history/")

    def looked_at(name: str) -> None:
        wide = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, name
        if folder := os.environ.get("PICTURES"):
            place = Path(folder) / f"history-{name}-{width}-{scheme}.png"
            desk.page.screenshot(path=place, full_page=True)

    first = desk.page.locator("article.entry", has_text="Reviewers asked")
    first.get_by_role("link", name="Compare").press("Enter")
    desk.page.get_by_text("Choose the version to compare it with").wait_for()
    looked_at("chosen")
    last = desk.page.locator("article.entry", has_text="Money is looked at")
    last.get_by_role("link", name="Compare with the chosen").press("Enter")
    desk.page.get_by_role("heading", name="Two versions of intents").wait_for()
    looked_at("compared")
    earlier, later = desk.page.locator(".versions section").all()
    assert "Reviewers asked" in earlier.inner_text()
    assert "Money is looked at" in later.inner_text()
    assert desk.page.locator(".side del").all_inner_texts() == ["best"]
    assert desk.page.locator(".side ins").all_inner_texts() == ["most closely", ", or about money"]
    desk.page.get_by_role("link", name="All fields").press("Enter")
    desk.page.get_by_role("link", name="Only what differs").wait_for()
    looked_at("all")
    assert desk.faults == []
