"""The inbox and the preferences in a browser: no barrier, and no mouse."""

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.models import Notification, NotificationPreference
from reviews.services import notifications
from tests.browser.test_pages import barriers, overflow
from tests.reviews.notifications.scene import HOUR, Scene

LONG = "an-unusually-long-id-of-somebody-else-without-a-place-to-break-4711-\u202etxt.exe"
KINDS = {
    "resumed": {"since": "2026-11-20T10:00:00.000000Z", "reason": "awaiting_submitter"},
    "expired": {"overdue_s": 5400, "overdue_wall_s": 235800},
    "breached": {"target_s": 14400, "overdue_s": 600, "overdue_wall_s": 600},
}


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    """Return a lead who was told of every kind, some of it read."""
    made = Scene(timezone.now())
    made.item(5 * HOUR, external_id=LONG)
    held = made.item(3.2 * HOUR)
    made.happen()
    first = list(Notification.objects.filter(person=made.lea).values_list("pk", flat=True))
    notifications.mark_read(person=made.lea, ids=first[:1], now=made.now)
    made.items(30)
    made.happen()
    made.give(made.lea, held)
    made.give(made.lea, None, 2)
    for kind, detail in KINDS.items():
        notifications.announce(
            person_id=made.lea.pk, kind=kind, source=kind, item=held,
            detail={"clock": "decide"} | detail, now=made.now - timedelta(minutes=5),
        )  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390, 320]))
)
def test_the_pages_have_no_barriers_errors_or_violations(window, scene, scheme, width):
    found = []

    def check(view):
        found.extend(barriers(view) + overflow(view) + view.faults)

    view = window(scene.lea, width=width, scheme=scheme)
    view.go("/inbox")
    view.page.locator("details summary").first.click()
    check(view)
    view.page.get_by_role("button", name="Mark as read").first.press("Enter")
    view.page.wait_for_selector(".notice:not(.new)")
    check(view)
    view.go("/preferences")
    check(view)
    view.page.get_by_label("from", exact=True).fill("22:00")
    view.page.get_by_role("button", name="Save").press("Enter")
    view.page.wait_for_selector("[data-fault], .fault")
    check(view)
    empty = window(scene.ann, width=width, scheme=scheme)
    empty.go("/inbox")
    check(empty)
    assert found == []


def test_the_inbox_is_read_by_keyboard(window, scene):
    view = window(scene.lea)
    view.go("/queues")
    assert view.page.locator("#bell .count").inner_text() == "7"
    view.page.locator("#bell").press("Enter")
    view.page.wait_for_url("**/inbox")

    for left, place in ((6, 0), (5, 0), (4, 1)):
        view.page.get_by_role("button", name="Mark as read").nth(place).press("Enter")
        view.page.wait_for_selector(f"#bell .count:text-is('{left}')")
        # Whoever marks one goes on from its row.
        view.page.wait_for_selector(".notice:not(.new) :focus")
        assert view.page.locator(".notice.new").count() == left

    view.page.get_by_role("button", name="Mark all as read").press("Enter")
    view.page.wait_for_selector(".toast")
    assert view.page.locator("#bell .count").count() == 0
    assert view.page.locator(".notice.new").count() == 0
    assert view.page.evaluate("window.mouse") == 0
    assert view.faults == []


def test_preferences_are_kept_by_keyboard(window, scene):
    view = window(scene.ann)
    view.go("/preferences")
    view.page.get_by_label("At risk, by mail").press("Space")
    view.page.get_by_label("Once a day").press("Space")
    view.page.get_by_label("from", exact=True).fill("22:00")
    view.page.get_by_label("until", exact=True).fill("07:00")
    view.page.get_by_role("button", name="Save").press("Enter")
    view.page.wait_for_selector(".toast")
    row = NotificationPreference.objects.get(person=scene.ann)
    assert row.channels["at_risk"] == ["inbox"]
    assert (row.digest, str(row.quiet_from)) == ("daily", "22:00:00")
    assert view.page.get_by_label("from", exact=True).input_value() == "22:00"
    assert view.faults == []
