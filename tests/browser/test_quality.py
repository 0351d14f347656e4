"""The page of quality: the corrected figure beside the naive one, drawn, by keyboard, as CSV."""

import itertools
from copy import deepcopy

import pytest

from feedback.tasks import certify_threshold
from governance.models import Job
from reviews.models import Prediction
from tests import factories
from tests.browser.test_pages import barriers, overflow
from tests.feedback.conftest import House


@pytest.fixture
def lead(transactional_db):
    house = House()
    tiers = deepcopy(factories.PIPELINE["tiers"])
    tiers["low"]["monitor_rate"] = 0.65
    factories.apply(factories.pipeline_document(tiers=tiers))
    house.resolved("balance", scenario_type="loans")
    house.resolved("balance", scenario_type="loans", output={"label": "<b>card</b>"})
    factories.send(house.bot, *(factories.a_payload("low") for _ in range(420)))
    while held := factories.claim(house.reviewer):
        factories.decide(house.reviewer, held)
    assert Prediction.objects.filter(disposition="in_review").count() >= 200
    return factories.a_person("lead", roles=("lead",))


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390]))
)
def test_it_has_no_barriers_errors_or_violations(window, lead, scheme, width):
    view = window(lead, width=width, scheme=scheme)
    view.go("/quality")
    assert view.page.locator(".reliability svg").bounding_box()["height"] > 150
    assert view.page.locator("b").count() == 0
    found = barriers(view) + overflow(view) + view.faults
    assert not found, found


def test_a_threshold_is_asked_for_by_keyboard_and_shown_when_it_is_found(window, lead):
    view = window(lead)
    view.go("/quality")
    view.page.get_by_label("Wrong, at most").select_option("0.05")
    view.page.get_by_role("button", name="Certify").press("Enter")
    view.page.get_by_text("It is being worked out").first.wait_for()
    certify_threshold(job_id=str(Job.objects.get(kind="thresholds").pk))
    view.go("/quality")
    view.page.get_by_text("What the model is at least 58.0 % sure of may be approved").wait_for()
    view.page.get_by_text("confidence >= 0.58").wait_for()
    assert not barriers(view) + overflow(view) + view.faults


def test_it_is_found_and_told_apart_by_keyboard(window, lead):
    view = window(lead)
    view.go("/operations")
    view.page.get_by_role("link", name="How good the model is").focus()
    view.page.keyboard.press("Enter")
    view.page.wait_for_url("**/quality")
    view.page.locator("del.naive").first.wait_for()
    view.page.get_by_label("Told apart by").select_option("tier")
    view.page.get_by_role("button", name="Show").press("Enter")
    view.page.wait_for_url("**by=tier**")
    view.page.get_by_role("heading", name="By tier").wait_for()
    with view.page.expect_download() as download:
        view.page.get_by_role("link", name="CSV of the parts").press("Enter")
    rows = download.value.path().read_text().splitlines()
    assert rows[0].startswith("by,n,reviewed,naive,estimate,low,high")
    assert [row.split(",")[0] for row in rows[1:]] == ["low", "mid"]
