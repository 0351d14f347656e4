"""What is restricted says so, in a real browser, to who reads all on record."""

import os
from pathlib import Path

import pytest
from django.utils import timezone

from feedback.services import erasures
from governance.selectors import principals
from governance.services import holds
from tests import factories


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_restricted_case_says_why_it_is_hidden_from_others(window, width, scheme) -> None:
    factories.a_pipeline(privacy={"subject_field": "subject.ref", "retain_days": 365})
    officer = factories.an_administrator("officer")
    now = timezone.now()
    item = factories.an_item(
        factories.a_service(), now=now, subject={"ref": "c-1", "basis": "contract"}
    )
    who = {"principal": principals.of_person(officer), "actor": officer, "now": now}
    erasures.request(subject="c-1", reason="Article 17", **who)
    holds.place(subject="c-1", reason="A case", **who)
    desk = window(officer, width=width, scheme=scheme)
    for name, path, words in (
        ("case", f"/predictions/{item.prediction_id}/case", "Restricted: its erasure"),
        ("prediction", f"/admin/reviews/prediction/{item.prediction_id}/change/", "Only who reads"),
        ("item", f"/admin/reviews/reviewitem/{item.pk}/change/", "Only who reads"),
    ):
        desk.go(path)
        desk.page.get_by_text(words).first.wait_for()
        wide = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, name
        if folder := os.environ.get("PICTURES"):
            place = Path(folder) / f"restricted-{name}-{width}-{scheme}.png"
            desk.page.screenshot(path=place, full_page=True)
    desk.page.get_by_role("link", name="its erasure").press("Enter")
    desk.page.get_by_text("Article 17").first.wait_for()
    assert desk.faults == []
