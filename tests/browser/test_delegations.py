"""While one is away: lent, shown and ended by keyboard."""

import itertools
import os
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.models import DelegationEnd
from tests import factories
from tests.browser.test_pages import barriers, overflow


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390]))
)
def test_it_is_lent_and_ended_by_keyboard(window, bot, scheme, width):
    giver = factories.a_person("ada", roles=("approver",))
    factories.a_person("sue")
    view = window(giver, width=width, scheme=scheme)
    if width < 640:
        view.go("/me/delegations")
    else:
        view.go("/changes")
        view.page.get_by_role("link", name="ada").press("Enter")
    view.page.get_by_label("To whom").fill("nobody")
    view.page.get_by_label("Until").fill(f"{(timezone.now() + timedelta(days=3)).date()}")
    view.page.get_by_label("Why").fill("A-long-holiday-" * 12)
    view.page.get_by_role("button", name="Lend it").press("Enter")
    view.page.get_by_text("There is no active person").wait_for()
    view.page.get_by_label("To whom").fill("sue")
    view.page.get_by_role("button", name="Lend it").press("Enter")
    view.page.get_by_text("sue stands in for you.").wait_for()
    found = barriers(view) + overflow(view) + view.faults
    if folder := os.environ.get("PICTURES"):
        view.page.screenshot(path=f"{folder}/away-{scheme}-{width}.png", full_page=True)
    view.page.get_by_role("button", name="End it approver sue").press("Enter")
    view.page.get_by_text("It is over.").wait_for()
    assert DelegationEnd.objects.count() == 1
    assert not found, found
