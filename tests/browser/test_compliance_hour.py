"""An hour of compliance in the browser: a case, its proof, an export, access, and a change."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from governance.domain import case_verifier
from governance.models import AccessReview, AccessVerdict, Adjustment, User
from governance.services import sealing
from reviews.models import Prediction
from tests import factories, governed


def opened(view, name: str) -> None:
    """Follow a link of the index of the admin."""
    view.go("/admin/")
    view.page.get_by_role("link", name=name, exact=True).first.click()
    view.page.wait_for_load_state()


def fetched(view, press) -> bytes:
    """Return what a page gives to keep when something is pressed."""
    with view.page.expect_download() as got:
        press()
    return Path(got.value.path()).read_bytes()


def settled(bot: User) -> Prediction:
    """Leave one case that a person has decided, sealed."""
    ann, now = factories.a_person("ann"), timezone.now()
    item = factories.an_item(bot, now=now - timedelta(minutes=2))
    factories.decide(ann, factories.claim(ann, now=now), "balance", now=now)
    sealing.seal(now=timezone.now() + timedelta(seconds=2))
    return item.prediction


def test_a_compliance_users_hour(window, bot) -> None:
    case = settled(bot)
    author, other = governed.approvers(2)
    row = governed.sign(governed.submit(governed.of_model(author, "4")), other)
    officer = factories.a_person("officer", roles=("approver", "auditor"), skills=())
    view = window(officer)
    find_explain_and_verify(view, case)
    take_along(view)
    review_access(view, officer)
    sign_and_roll_back(view, row)
    assert view.faults == []


def find_explain_and_verify(view, case: Prediction) -> None:
    opened(view, "Decisions")
    view.page.get_by_label("A username, as it is spelled").fill("ann")
    view.page.keyboard.press("Enter")
    view.page.locator("#result_list tbody tr").first.wait_for()
    assert view.page.locator("#result_list tbody tr").count() == 1
    opened(view, "Predictions")
    view.page.get_by_label("Search", exact=True).fill(case.external_id)
    view.page.keyboard.press("Enter")
    view.page.locator("#result_list").get_by_role("link", name=case.external_id).click()
    view.page.get_by_role("link", name="All of it on one page").click()
    view.page.get_by_role("heading", name="It verifies").wait_for()
    assert "balance" in view.page.inner_text("article")
    press = view.page.get_by_role("link", name="Download as evidence").click
    file = fetched(view, press)
    assert json.loads(file)["case"]["external_id"] == case.external_id
    assert case_verifier.verify(file, [str(settings.LEDGER_SIGNER.verifier)])


def take_along(view) -> None:
    opened(view, "Decisions")
    taken = fetched(view, view.page.get_by_role("button", name="CSV").click)
    names = zipfile.ZipFile(io.BytesIO(taken)).namelist()
    assert {"manifest.json", "rows.csv"} <= set(names), names


def review_access(view, officer: User) -> None:
    opened(view, "Access reviews")
    view.page.get_by_role("link", name="Who may do what, on any day").click()
    assert "ann" in view.page.inner_text("table")
    view.go("/admin/governance/accessreview/add/")
    view.page.get_by_label("Pipeline").select_option("intents")
    due = timezone.now() + timedelta(days=14)
    view.page.get_by_label("Due").fill(f"{due:%Y-%m-%d}")
    view.page.get_by_label("Reason").fill("Every half year")
    view.page.get_by_role("button", name="Begin").press("Enter")
    view.page.get_by_role("link", name="Look", exact=True).click()
    grants = AccessReview.objects.get().grants
    for grant in grants.exclude(user=officer):
        chosen = view.page.locator(f"[name=grant-{grant.pk}][value=keep]")
        chosen.focus()
        chosen.press("Space")
    view.page.get_by_label("Reason").fill("They work here")
    view.page.get_by_label("Reason").press("Enter")
    view.page.get_by_text("verdicts are on record").wait_for()
    assert AccessVerdict.objects.count() == grants.exclude(user=officer).count()


def sign_and_roll_back(view, row: Adjustment) -> None:
    view.go("/admin/")
    view.page.get_by_role("link", name="await").first.click()
    view.go(f"/changes/{row.pk}")
    view.page.get_by_label("My password").fill(factories.PASSWORD)
    view.page.keyboard.press("Enter")
    view.page.get_by_role("button", name="Bring into force").press("Enter")
    view.page.get_by_label("Why it is rolled back").fill("It does harm")
    view.page.keyboard.press("Enter")
    view.page.get_by_text("Rolled back").first.wait_for()
    row.refresh_from_db()
    assert row.state == "rolled_back"
