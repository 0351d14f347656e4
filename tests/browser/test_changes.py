"""Changes and the stop switch in a browser: barriers, width, and the keyboard alone."""

import itertools
import os

import pytest
from django.utils import timezone

from governance.services import dispatch, evidence
from tests import factories, governed
from tests.browser.test_pages import barriers, overflow

LONG = "Send everything that is not quite certain to a person, because of last week's complaints. "


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390]))
)
def test_pages_of_changes_have_no_barriers_errors_or_violations(
    window, bot, scheme, width, monkeypatch
):
    # A reference that nobody can look up is as long as a page has to bear.
    monkeypatch.delitem(evidence._resolvers, "gate_run")
    first, second, third = governed.approvers(3)
    rows = [governed.submit(governed.draft(bot, summary=LONG * 2, evidence={"gate_run": "x" * 90}))]
    rows.append(governed.in_force(governed.of_model(bot, "3"), first, second))
    factories.send(bot, factories.a_payload("low"), now=timezone.now())
    governed.roll_back(rows[1], first)
    dispatch.relay(now=timezone.now)
    sampled = governed.override(bot, "/routing/random_slice", 0.2)
    rows.append(governed.in_force(sampled, first, second))
    rows.append(governed.draft(bot))
    governed.resume(governed.stop(first), second)
    view = window(third, scheme=scheme, width=width)
    found = []
    pages = ["/changes", "/pipelines/intents/stops", *(f"/changes/{row.pk}" for row in rows)]
    for n, path in enumerate(pages):
        view.go(path)
        found += barriers(view) + overflow(view) + view.faults
        if folder := os.environ.get("PICTURES"):
            view.page.screenshot(path=f"{folder}/{n}-{scheme}-{width}.png", full_page=True)
    assert found == []


def test_a_change_is_signed_by_keyboard_alone(window, bot):
    (first,) = governed.approvers(1)
    row = governed.submit(governed.draft(bot))
    view = window(first)
    view.go(f"/changes/{row.pk}")
    view.page.locator("#meaning").focus()
    view.page.keyboard.press("Tab")
    view.page.keyboard.type(factories.PASSWORD)
    view.page.keyboard.press("Enter")
    view.page.get_by_text("Signed.").wait_for()
    assert row.signatures.count() == 1
    assert view.faults == []
