"""The pages of models and gates: no barrier at either width, light or dark."""

import itertools

import pytest

from feedback.models import GateRun
from governance.models import User
from tests import factories
from tests.browser.test_pages import barriers, overflow
from tests.feedback.conftest import House
from tests.feedback.gates.conftest import Lab
from tests.feedback.gates.test_system_cards import judged


@pytest.fixture
def lead(transactional_db):
    judged(Lab(House()))
    return factories.a_person("lead", roles=("lead",))


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390]))
)
def test_their_pages_have_no_barriers_errors_or_violations(window, lead, scheme, width):
    run = GateRun.objects.get()
    view = window(lead, width=width, scheme=scheme)
    found = []
    for path in ("/models", "/models/intents/2", f"/gates/release/runs/{run.pk}"):
        view.go(path)
        found += barriers(view) + overflow(view) + view.faults
    assert not found, found


def test_the_run_of_a_gate_is_found_from_lineage_by_keyboard(window, lead):
    view = window(lead)
    view.go("/lineage")
    for name in ("Models and what gates said of them", "intents 2"):
        view.page.get_by_role("link", name=name).last.focus()
        view.page.keyboard.press("Enter")
        view.page.wait_for_load_state()
    view.page.get_by_text("2 passes against 1.").wait_for()
    assert view.page.locator("svg.range").count() > 0


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390]))
)
def test_o6_a_weak_slice_is_named_beside_the_item(window, lead, tmp_path, scheme, width):
    sender = User.objects.get(username="bot-intents")
    model = {"name": "intents", "version": "2"}
    factories.an_item(sender, model=model, scenario_type="accounts")
    view = window(factories.a_person(), width=width, scheme=scheme)
    view.start()
    shown = view.page.locator(".slice-record.weak")
    shown.wait_for()
    assert shown.is_visible()
    view.page.screenshot(path=tmp_path / "item.png")
    assert not barriers(view) + overflow(view) + view.faults
