"""Policies and clocks in the admin, in a real browser, by keyboard."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.models import Pipeline, SLAPolicy
from reviews.models import Escalation, SLAClock
from reviews.services import sweeping
from tests import factories
from tests.reviews.clocks.office import Office, ladder, policy


def told_late(**changes: object) -> dict[str, object]:
    return policy(calendar="always", ladder=ladder("PT0S", "PT1H"), **changes)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_pages_of_clocks_break_no_rule_of_the_browser(window, width, scheme) -> None:
    office, now = Office(told_late()), timezone.now()
    factories.an_item(office.bot, now=now - timedelta(hours=5))
    sweeping.sweep(now=lambda: now)
    desk = window(factories.an_administrator(), width=width, scheme=scheme)
    for path in (
        f"governance/slapolicy/{SLAPolicy.objects.get().pk}/change/",
        f"governance/pipeline/{Pipeline.objects.get().pk}/change/",
        "reviews/slaclock/",
        f"reviews/slaclock/{SLAClock.objects.get(kind='decide').pk}/change/",
        "reviews/escalation/",
        f"reviews/escalation/{Escalation.objects.get().pk}/change/",
        "reviews/notification/",
        "reviews/slaclock/apply/quick/",
    ):
        assert desk.go(f"/admin/{path}").status == 200, path
        wide = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
    assert desk.faults == []


def test_a_level_is_added_and_the_policy_applied_by_keyboard(window) -> None:
    office, now = Office(told_late()), timezone.now()
    factories.an_item(office.bot, now=now - timedelta(hours=3))
    desk = window(factories.an_administrator())
    desk.go(f"/admin/governance/slapolicy/{SLAPolicy.objects.get().pk}/change/")
    page = desk.page
    page.get_by_label("Decide:").fill("PT2H")
    page.locator("summary", has_text="Ladder, level 3").press("Enter")
    page.locator("#id_level_3_delay").fill("PT30M")
    page.locator("#id_level_3_notify").fill("role:lead")
    page.get_by_label("Reason:").fill("For a test")
    page.get_by_role("button", name="Save and continue editing").press("Enter")
    page.wait_for_selector(".messagelist .success")
    assert len(SLAPolicy.objects.get().ladder["levels"]) == 3

    page.get_by_role("link", name="Apply to running clocks").press("Enter")
    page.get_by_label("Reason").fill("For a test")
    page.get_by_role("button", name="Apply to 2 clocks").press("Enter")
    page.wait_for_selector(".messagelist .success")
    page.get_by_text("All running clocks within your reach follow this version.").wait_for()
    assert SLAClock.objects.get(kind="decide").breached_at is not None
    assert desk.faults == []
