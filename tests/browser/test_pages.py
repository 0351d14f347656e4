"""Every page in both themes and at both widths: no barrier, no error, no violation."""

import itertools

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from governance.services import sign_in_links
from reviews.models import Assignment
from tests import factories

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
}
LONG = "An unusually long question of a person who wants to know where the card is. " * 4


def barriers(view):
    found = Axe().run(view.page, options=RULES).response["violations"]
    return [
        f"{view.page.url} {entry['id']}: {node['html'][:150]} {node.get('failureSummary')}"
        for entry in found
        for node in entry["nodes"]
    ]


def overflow(view):
    wide = view.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return [f"{view.page.url} is {wide} px too wide"] if wide > 0 else []


def disputed(bot, now):
    item = factories.an_item(bot, "high", now=now)
    for label in ("balance", "card_linking"):
        person = factories.a_person()
        held = factories.claim(person, now=now, queue="experts")
        factories.decide(person, held, label, now=now)
    return item


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 320]))
)
def test_pages_have_no_barriers_errors_or_violations(window, bot, now, scheme, width):
    tiers = factories.pipeline_document()["tiers"]
    tiers["high"]["max_decisions"] = 2
    factories.apply(factories.pipeline_document(tiers=tiers))
    item = disputed(bot, now)
    for _ in range(3):
        factories.an_item(bot, now=now, input={"text": LONG, "order": {"id": 7, "paid": None}})
    factories.an_item(bot, "high", now=now)
    link = sign_in_links.issue(user=factories.a_person(), actor=None, now=timezone.now())
    lead = factories.a_person(roles=("lead",))
    found = []

    def check(view):
        found.extend(barriers(view) + overflow(view) + view.faults)

    out = window(width=width, scheme=scheme)
    for path in ("/sign-in", link, "/nowhere"):
        out.go(path)
        check(out)

    view = window(lead, width=width, scheme=scheme)
    for path in (
        "/", "/components", "/adjudicate", f"/adjudicate/{item.pk}", "/queues", "/operations",
        f"/items/{item.pk}", "/review/intents/general?show=all",
    ):  # fmt: skip
        view.go(path)
        check(view)
    view.start()
    check(view)
    view.page.keyboard.press("e")
    check(view)
    view.page.keyboard.press("Escape")
    view.page.keyboard.press("Control+Enter")
    view.page.wait_for_selector("[data-fault]")
    check(view)
    view.page.keyboard.press("Escape")
    view.page.keyboard.press("?")
    check(view)
    view.page.keyboard.press("Escape")
    view.page.keyboard.press("s")
    view.page.wait_for_selector(".toast")
    check(view)
    view.go(f"/review/assignment/{Assignment.objects.filter(reviewer=lead).first().pk}")
    check(view)
    view.start("intents/experts")
    check(view)

    none = window(factories.a_person(roles=("auditor",)), width=width, scheme=scheme)
    none.go("/")
    check(none)
    assert found == []


def test_an_item_fits_the_screen(window, bot, now):
    factories.an_item(bot, now=now)
    view = window(factories.a_person())
    view.start()

    for place in (".input", ".prediction", ".verdicts", "[data-save]"):
        box = view.page.locator(place).bounding_box()
        assert box["y"] + box["height"] <= 800, place


def test_the_theme_that_was_chosen_counts_before_the_system(window, bot):
    view = window(factories.a_person(), scheme="light")
    view.go("/")
    light = view.page.evaluate("getComputedStyle(document.body).backgroundColor")
    view.page.get_by_role("button", name="Dark").press("Enter")
    view.page.wait_for_selector("html[data-theme=dark]")

    assert view.page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    view.page.reload()
    assert view.page.locator("html[data-theme=dark]").count() == 1


def test_nothing_moves_for_who_wants_no_motion(window, bot, now):
    factories.an_item(bot, now=now)
    view = window(factories.a_person())
    view.page.emulate_media(reduced_motion="reduce")
    view.start()

    assert view.page.evaluate("document.getAnimations().length") == 0


def test_right_to_left_pages_do_not_overflow(window, bot, now):
    factories.an_item(bot, now=now)
    view = window(factories.a_person(), width=320)
    view.start()
    view.page.evaluate("document.documentElement.dir = 'rtl'")

    assert overflow(view) == []


def test_everything_works_without_script(chromium, live_server, window, bot, now):
    factories.an_item(bot, now=now)
    view = window(factories.a_person())
    view.go("/")
    cookies = view.page.context.cookies()
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()

    page.goto(f"{live_server.url}/")
    page.get_by_role("button", name="Review general").click()
    page.locator("[name='check.read'][value=yes]").check(force=True)
    page.get_by_role("button", name="Accept").click()

    assert page.url.endswith("/review/intents/general")
    assert page.get_by_text("Saved: accepted.").is_visible()
    context.close()
