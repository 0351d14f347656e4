"""What stakeholders are told: written, looked at and published by keyboard; read by anybody."""

import itertools
import os

import pytest
from django.utils import timezone

from tests import factories
from tests.browser.test_pages import barriers, overflow
from tests.feedback.conftest import House


@pytest.fixture
def approver(transactional_db):
    house = House()
    now = timezone.now()
    for label in ("card_arrival",) * 30 + ("balance",) * 4:
        house.resolved(label, now=now, scenario_type="cards-that-never-came" * 3)
    return factories.a_person("ada", roles=("approver",))


def publish(view):
    view.go("/about")
    view.page.locator("main .rows a").first.press("Enter")
    view.page.get_by_role("textbox", name="What it does").fill(
        "It sorts what customers write to the bank."
    )
    view.page.get_by_role("textbox", name="Whom it concerns").fill("Who writes to the bank.")
    view.page.get_by_role("textbox", name="What it cannot do").fill(
        "It knows no Dutch.\nIt knows no slang."
    )
    view.page.get_by_label("Who reads it").select_option("public")
    view.page.get_by_role("button", name="Look at it").press("Enter")
    view.page.locator("#told-limits + ul").get_by_text("It knows no slang.").wait_for()
    view.page.get_by_role("button", name="Publish it").press("Enter")
    view.page.get_by_text("Say why it is told now.").wait_for()
    view.page.get_by_label("Why it is told now").fill("The first edition.")
    view.page.get_by_role("button", name="Publish it").press("Enter")
    view.page.get_by_text("Edition 1 is read by: anybody").wait_for()


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390]))
)
def test_it_is_published_by_keyboard_and_read_by_anybody(window, approver, scheme, width):
    view = window(approver, width=width, scheme=scheme)
    publish(view)
    found = barriers(view) + overflow(view) + view.faults
    view.go("/about")
    found += barriers(view) + overflow(view)
    factories.apply(factories.pipeline_document(name="Another name"))
    stranger = window(width=width, scheme=scheme)
    stranger.go("/about/intents")
    stranger.page.get_by_text("The rules and the tiers were changed.").wait_for()
    found += barriers(stranger) + overflow(stranger) + stranger.faults
    assert not found, found
    if folder := os.environ.get("PICTURES"):
        stranger.page.screenshot(path=f"{folder}/about-{scheme}-{width}.png", full_page=True)
        view.go("/pipelines/intents/about")
        view.page.screenshot(path=f"{folder}/stakeholders-{scheme}-{width}.png", full_page=True)
