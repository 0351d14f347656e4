"""The acts on one item: deciding, giving back, extending, undoing."""

import re
import uuid

import pytest
from django.test import Client

from reviews.enums import AssignmentState, ItemStatus, ResolutionKind
from reviews.models import Assignment, Decision, ReviewItem
from tests import factories


def test_accepting_resolves_the_item_and_serves_the_next(desk, bot, now):
    first, second = (factories.an_item(bot, now=now) for _ in range(2))
    browser = desk()
    held = browser.take()

    answer = browser.decide(held, accept="1", check_read="yes")

    assert answer.status_code == 303
    first.refresh_from_db()
    assert first.status == ItemStatus.RESOLVED
    assert Assignment.objects.get(item=second).state == AssignmentState.CLAIMED
    page = browser.get(answer["Location"]).content.decode()
    assert "Saved: accepted." in page
    assert "/undo" in page


def test_a_script_gets_the_next_item_in_place_with_its_address(desk, bot, now):
    for _ in range(2):
        factories.an_item(bot, now=now)
    browser = desk()
    held = browser.take()

    answer = browser.post(
        f"/review/assignment/{held.pk}/decide",
        {"accept": "1", "check.read": "yes"},
        HX_Request="true",
    )

    following = Assignment.objects.exclude(pk=held.pk).get()
    assert answer.status_code == 200
    assert answer["HX-Push-Url"] == f"/review/assignment/{following.pk}"
    assert "<html" not in answer.content.decode()
    assert "HX-Request" in answer["Vary"]


def test_a_correction_stores_the_answer(desk, bot, now):
    item = factories.an_item(bot, now=now)
    browser = desk()

    browser.decide(
        browser.take(), verdict="correct", answer_label="balance", reason_codes=["model_error"],
        rationale="It asks for the balance.\r\nTwice.", check_read="yes",
    )  # fmt: skip

    decision = Decision.objects.get(item=item)
    assert decision.answer == {"label": "balance"}
    assert decision.rationale == "It asks for the balance.\nTwice."


def test_no_verdict_is_said(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()

    answer = browser.decide(browser.take(), answer_label="card_arrival", check_read="yes")

    assert answer.status_code == 422
    assert "Choose a decision first." in answer.content.decode()
    assert not Decision.objects.exists()


@pytest.mark.parametrize("verdict", ["escalate", "defer"])
def test_escalating_and_not_deciding_ask_why(desk, bot, now, verdict):
    factories.an_item(bot, now=now)
    browser = desk()
    held = browser.take()

    refused = browser.decide(held, verdict=verdict)
    done = browser.decide(held, verdict=verdict, rationale="It is not in English.")

    assert refused.status_code == 422
    assert "Say why." in refused.content.decode()
    assert done.status_code == 303
    assert Decision.objects.get().verdict == verdict


def test_sending_a_decision_twice_stores_one_and_goes_on(desk, bot, now):
    for _ in range(2):
        factories.an_item(bot, now=now)
    browser = desk()
    held = browser.take()

    browser.decide(held, accept="1", check_read="yes")
    again = browser.decide(held, accept="1", check_read="yes")

    assert Decision.objects.count() == 1
    assert again.status_code == 303
    assert "saved already" in browser.get(again["Location"]).content.decode()


def test_a_claim_that_lapsed_says_so(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()
    held = browser.take()
    Assignment.objects.filter(pk=held.pk).update(
        state=AssignmentState.EXPIRED, ended_at=held.lease_expires_at
    )

    answer = browser.decide(held, accept="1", check_read="yes")

    assert answer.status_code == 409
    assert "went back to its queue" in answer.content.decode()
    assert not Decision.objects.exists()


def test_text_with_nul_is_refused_at_its_place(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()

    answer = browser.decide(browser.take(), verdict="reject", rationale="a\x00b", check_read="yes")

    assert answer.status_code == 422
    assert "U+0000" in answer.content.decode()


def test_skipping_gives_the_item_back_and_not_again_today(desk, bot, now):
    item = factories.an_item(bot, now=now)
    browser = desk()
    held = browser.take()

    answer = browser.post(f"/review/assignment/{held.pk}/release")

    item.refresh_from_db()
    assert item.status == ItemStatus.PENDING
    assert answer["Location"] == "/review/intents/general"


def test_declining_needs_a_reason(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()
    held = browser.take()

    assert browser.post(f"/review/assignment/{held.pk}/decline").status_code == 422
    answer = browser.post(f"/review/assignment/{held.pk}/decline", {"reason": "I know the sender"})

    assert answer.status_code == 303
    held.refresh_from_db()
    assert (held.state, held.reason) == (AssignmentState.DECLINED, "I know the sender")


def test_extending_renews_the_lease_for_a_form_and_for_a_script(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()
    held = browser.take()

    form = browser.post(f"/review/assignment/{held.pk}/extend")
    script = browser.post(f"/review/assignment/{held.pk}/extend", Accept="application/json")

    before = held.lease_expires_at
    held.refresh_from_db()
    assert form.status_code == 303
    assert held.lease_expires_at > before
    assert script.json()["lease_expires_at"].startswith(str(held.lease_expires_at.year))


def test_undoing_gives_the_item_back_as_it_was_answered(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()
    browser.decide(
        browser.take(), verdict="reject", reason_codes=["model_error"],
        rationale="No intent fits this.", check_read="yes",
    )  # fmt: skip
    decision = Decision.objects.get()

    answer = browser.post(f"/review/decision/{decision.pk}/undo")

    page = browser.get(answer["Location"]).content.decode()
    assert "No intent fits this." in page
    assert re.search(r'value="reject"[^>]* checked', page)
    assert browser.post(f"/review/decision/{decision.pk}/undo").status_code == 409


def test_a_claim_made_elsewhere_is_taken_over(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()
    claim = factories.claim(browser.user, now=now)
    assert claim is not None
    held = claim.assignment

    assert "in another place" in browser.see(held)
    browser.post(f"/review/assignment/{held.pk}/resume")

    assert 'id="decision"' in browser.see(held)
    assert browser.decide(held, accept="1", check_read="yes").status_code == 303


ACTS = ["", "/input", "/decide", "/extend", "/release", "/decline", "/resume"]


@pytest.mark.parametrize("act", ACTS)
def test_an_assignment_of_somebody_else_is_not_found(desk, bot, now, act):
    factories.an_item(bot, now=now)
    held = desk().take()
    other = desk()
    path = f"/review/assignment/{held.pk}{act}"

    answer = other.get(path) if act in ("", "/input") else other.post(path, {"reason": "x"})

    assert answer.status_code == 404
    held.refresh_from_db()
    assert held.state == AssignmentState.CLAIMED


@pytest.mark.parametrize("act", ACTS)
def test_an_item_of_a_pipeline_that_was_left_is_not_found(desk, bot, now, act):
    factories.an_item(bot, now=now)
    browser = desk()
    held = browser.take()
    browser.user.memberships.get().because(None, "Left").delete()
    path = f"/review/assignment/{held.pk}{act}"

    answer = browser.get(path) if act in ("", "/input") else browser.post(path, {"reason": "x"})

    assert answer.status_code == 404


@pytest.mark.parametrize("act", ACTS[2:])
def test_acts_are_posts_with_a_token(bot, now, act):
    factories.an_item(bot, now=now)
    person = factories.a_person()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    claim = factories.claim(person, now=now)
    assert claim is not None
    path = f"/review/assignment/{claim.assignment.pk}{act}"

    assert browser.get(path).status_code == 405
    assert browser.post(path).status_code == 403


def test_undoing_the_decision_of_somebody_else_is_not_found(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()
    browser.decide(browser.take(), accept="1", check_read="yes")

    assert desk().post(f"/review/decision/{Decision.objects.get().pk}/undo").status_code == 404
    assert desk().post(f"/review/decision/{uuid.uuid4()}/undo").status_code == 404


KINDS = [
    ({"kind": "number", "prompt": "?"}, {"count": 3.0}, {"answer_value": "4"}, {"count": 4}),
    ({"kind": "number", "prompt": "?"}, {"count": 3.5}, {"answer_value": "4.25"}, {"count": 4.25}),
    ({"kind": "boolean", "prompt": "?"}, {"value": True}, {"answer_value": "no"}, {"value": False}),
    ({"kind": "text", "prompt": "?"}, {"title": "A"}, {"answer_text": "B"}, {"title": "B"}),
    (
        {"kind": "multiple_choice", "prompt": "?", "choices": ["a", "b", "c"]},
        {"labels": ["a"]}, {"answer_labels": ["b", "c"]}, {"labels": ["b", "c"]},
    ),
    (
        {"kind": "multiple_choice", "prompt": "?", "choices": ["a", "b"]},
        {"labels": ["a"]}, {"none_labels": "yes"}, {"labels": []},
    ),
    (
        {"kind": "choice", "prompt": "?", "choices": ["a"], "allow_other": True},
        {"label": "a"}, {"answer_label": "", "other_label": "z"}, {"label": "z"},
    ),
    (
        {"kind": "fields", "prompt": "?", "fields": [
            {"name": "sum", "kind": "number"}, {"name": "who", "kind": "text"}]},
        {"sum": 1, "who": "Ann"}, {"answer_sum": "2", "answer_who": "Bo"}, {"sum": 2, "who": "Bo"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("question", "output", "sent", "stored"), KINDS)
def test_every_kind_of_question_is_answered(desk, bot, now, question, output, sent, stored):
    factories.apply(factories.pipeline_document(question=question, reason_codes=[]))
    item = factories.an_item(bot, now=now, output=output, scores=None)
    browser = desk()
    held = browser.take()
    browser.see(held)

    answer = browser.decide(held, verdict="correct", rationale="So.", check_read="yes", **sent)

    assert answer.status_code == 303, answer.content.decode()
    assert Decision.objects.get(item=item).answer == stored


def test_several_slots_end_in_agreement(desk, bot, now):
    item = factories.an_item(bot, "high", now=now)
    for _ in range(2):
        browser = desk()
        browser.decide(
            browser.take("intents/experts"), answer_label="balance", rationale="It says so.",
            check_read="yes", check_fair="yes",
        )  # fmt: skip

    item = ReviewItem.objects.get(pk=item.pk)
    assert item.resolution is not None
    assert item.resolution.kind == ResolutionKind.AGREEMENT
