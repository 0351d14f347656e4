"""Pages of compliance in a real browser, and an erasure by keyboard."""

import os
from pathlib import Path

import pytest
from django.utils import timezone

from governance.models import ConsentRecord, DataSource, ErasureRequest, LegalHold
from reviews.models import Prediction
from tests import factories
from tests import world as worlds


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_pages_of_compliance_break_no_rule_of_the_browser(window, width, scheme) -> None:
    world = worlds.build()
    desk = window(factories.an_administrator(), width=width, scheme=scheme)
    for path in (
        "datasource/", "datasource/add/", f"datasource/{DataSource.objects.get().pk}/change/",
        "consentrecord/", "consentrecord/add/",
        f"consentrecord/{world.consent.pk}/change/", f"consentrecord/{world.consent.pk}/withdraw/",
        "legalhold/", "legalhold/add/", f"legalhold/{world.hold.pk}/change/",
        f"legalhold/{world.hold.pk}/lift/",
        "erasurerequest/", "erasurerequest/add/", f"erasurerequest/{world.erasure.pk}/change/",
        f"erasurerequest/{world.erasure.pk}/execute/",
        "retentionrule/", "retentionrule/due/",
    ):  # fmt: skip
        assert desk.go(f"/admin/governance/{path}").status == 200, path
        wide = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
        if folder := os.environ.get("PICTURES"):
            name = path.strip("/").replace("/", "-")
            desk.page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
    assert desk.faults == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_reviewers_say_by_keyboard_whether_their_judgement_may_train(window, width, scheme) -> None:
    world = worlds.build()
    desk = window(world.reviewer, width=width, scheme=scheme)
    desk.go("/my-consent")
    desk.page.get_by_role("button", name="I do not agree").press("Enter")
    desk.page.get_by_text("You do not agree.").wait_for()
    wide = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    if folder := os.environ.get("PICTURES"):
        desk.page.screenshot(path=Path(folder) / f"consent-{width}.png", full_page=True)
    assert desk.faults == []


def test_a_person_is_erased_by_keyboard_by_two_people(window) -> None:
    factories.a_pipeline()
    subject = {"ref": "c-1", "basis": "contract"}
    factories.send(
        factories.a_service(), factories.a_payload("low", subject=subject), now=timezone.now()
    )
    first = window(factories.an_administrator("first"))
    first.go("/admin/governance/erasurerequest/add/")
    first.page.get_by_label("Subject").fill("c-1")
    first.page.get_by_label("Reason").fill("Article 17")
    first.page.get_by_role("button", name="Show the plan").press("Enter")
    first.page.get_by_text("Somebody else executes it.", exact=True).wait_for()

    second = window(factories.an_administrator("second"))
    second.go(f"/admin/governance/erasurerequest/{ErasureRequest.objects.get().pk}/change/")
    second.page.get_by_role("link", name="Plan and execution").press("Enter")
    second.page.get_by_role("button", name="Erase").press("Enter")
    second.page.wait_for_selector(".messagelist .success")
    assert Prediction.objects.get().input == {"erased": True}
    assert first.faults + second.faults == []
    assert not ConsentRecord.objects.exists()
    assert not LegalHold.objects.exists()
