"""The pages of lineage and lessons: no barrier at either width, and the drawing by keyboard."""

import itertools

import pytest
from django.utils import timezone

from feedback.models import FeedbackSignal
from feedback.services import lessons, signals
from governance.selectors import principals
from governance.services import sealing
from reviews.models import Decision
from tests import factories
from tests.browser.test_pages import barriers, overflow
from tests.feedback.conftest import House


@pytest.fixture
def learned(transactional_db):
    house = House()
    for label in ("balance", "card_arrival", "balance"):
        house.resolved(label)
    house.agreed(("balance", "balance"))
    answers = house.dataset()
    house.sealed(answers)
    house.sealed(answers)
    signals.sweep(now=timezone.now)
    sealing.seal_all(now=timezone.now())
    lead = factories.a_person("lead", roles=("lead", "auditor"))
    rows = FeedbackSignal.objects.order_by("pk")
    lesson = lessons.write(
        principal=principals.of_person(lead), actor=lead,
        signal_ids=[str(row.pk) for row in rows], now=timezone.now(),
        said=lessons.Said("Ask for the last four digits of the card", "Ask.", owner="lead"),
    )  # fmt: skip
    return lead, lesson, rows[0].decisions[0]


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 320]))
)
def test_its_pages_have_no_barriers_errors_or_violations(window, learned, scheme, width):
    lead, lesson, decision = learned
    view = window(lead, width=width, scheme=scheme)
    found = []
    for path in (
        "/lineage", "/lineage?ref=x", f"/lineage/decision:{decision}",
        "/lineage/dataset:answers@1", f"/lineage/lesson:{lesson.pk}", "/lessons", "/lessons/new",
        f"/lessons/{lesson.pk}",
        f"/predictions/{Decision.objects.get(pk=decision).item.prediction_id}/case",
    ):  # fmt: skip
        view.go(path)
        found += barriers(view) + overflow(view) + view.faults
        drawn = view.page.locator(".graph")
        assert drawn.count() == 0 or drawn.is_visible() is (width > 640)
    assert not found, found


def test_the_drawing_is_walked_by_keyboard(window, learned):
    lead, _, decision = learned
    view = window(lead)
    view.go(f"/lineage/decision:{decision}")
    node = view.page.locator(".graph a", has_text="answers@2")
    for _press in range(60):
        view.page.keyboard.press("Tab")
        if node.evaluate("node => node === document.activeElement"):
            break
    assert node.evaluate("node => node === document.activeElement")
    thick = node.locator(".box").evaluate("box => getComputedStyle(box).strokeWidth")
    assert thick == "3.5px"
    view.page.keyboard.press("Enter")
    view.page.wait_for_url("**/lineage/dataset:answers@2")
    assert view.page.locator("h1").inner_text() == "Dataset: answers@2"
