"""Challenges as pages, without script."""

import pytest
from django.utils import timezone

from reviews.models import Challenge, ReviewItem
from tests import factories


@pytest.fixture
def item(bot):
    """Return an item that somebody has settled."""
    now = timezone.now()
    made = factories.an_item(bot, now=now)
    person = factories.a_person("decider")
    factories.decide(person, factories.claim(person, now=now), now=now)
    made.refresh_from_db()
    return made


def opened(desk, item, **said):
    person = desk()
    answer = person.post(f"/items/{item.pk}/challenge", {"reason": "It names a balance."} | said)
    assert answer.status_code == 303
    return Challenge.objects.get()


def test_a_settled_item_offers_to_challenge_its_outcome(desk, item):
    page = desk().get(f"/items/{item.pk}").content.decode()
    assert "Challenge this outcome" in page
    row = opened(desk, item, anonymous="yes")
    assert row.anonymous
    page = desk().get(f"/items/{item.pk}").content.decode()
    assert "It is challenged." in page
    assert "Challenge this outcome" not in page


def test_an_open_item_has_no_outcome_to_challenge(bot, desk):
    made = factories.an_item(bot, now=timezone.now())
    person = desk()
    assert "Challenge" not in person.get(f"/items/{made.pk}").content.decode()
    assert person.post(f"/items/{made.pk}/challenge", {"reason": "x"}).status_code == 404


def test_a_challenge_without_a_reason_keeps_what_was_ticked(desk, item):
    answer = desk().post(f"/items/{item.pk}/challenge", {"reason": " ", "anonymous": "yes"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Say what is wrong with it" in page
    assert "checked" in page
    opened(desk, item)
    again = desk().post(f"/items/{item.pk}/challenge", {"reason": "x"})
    assert again.status_code == 409
    assert "challenged already" in again.content.decode()


def test_a_judge_lets_it_stand_or_puts_another_answer_in_its_place(desk, item):
    row = opened(desk, item)
    judge = desk(roles=("lead",))
    assert item.prediction.external_id in judge.get("/challenges").content.decode()
    address = f"/challenges/{row.pk}"
    assert "Your judgement" in judge.get(address).content.decode()
    said = {"verdict": "", "answer.label": "balance", "rationale": ""}
    refused = judge.post(address, said)
    assert refused.status_code == 422
    assert judge.post(address, said | {"rationale": "It does."}).status_code == 303
    fresh = ReviewItem.objects.get(pk=item.pk)
    assert (fresh.resolution.kind, fresh.resolution.answer) == ("overturned", {"label": "balance"})
    page = judge.get(address).content.decode()
    assert "Your judgement" not in page
    assert "It does." in page
    assert judge.post(address, said | {"rationale": "x"}).status_code == 409


def test_it_stands_when_the_judge_says_so(desk, item):
    row = opened(desk, item)
    answer = desk(roles=("lead",)).post(
        f"/challenges/{row.pk}", {"verdict": "stands", "rationale": "It does not."}
    )
    assert answer.status_code == 303
    assert Challenge.objects.get(pk=row.pk).state == "upheld"
    assert "The outcome stands" in desk().get(f"/challenges/{row.pk}").content.decode()


def test_who_had_a_part_in_it_is_told_so_and_gets_no_form(desk, item):
    row = opened(desk, item)
    decider = desk("decider", roles=("lead",))
    page = decider.get(f"/challenges/{row.pk}").content.decode()
    assert "You decided on this item yourself" in page
    assert "Your judgement" not in page
    refused = decider.post(f"/challenges/{row.pk}", {"verdict": "stands", "rationale": "x"})
    assert refused.status_code == 403
    assert "yourself" in refused.content.decode()


def test_the_inbox_tells_both_sides_in_neutral_words(desk, item):
    row = opened(desk, item)
    decider = desk("decider")
    page = decider.get("/inbox").content.decode()
    assert "counts neither for nor against anybody" in page
    desk(roles=("lead",)).post(
        f"/challenges/{row.pk}", {"verdict": "stands", "rationale": "It does not."}
    )
    assert "was challenged, and stands" in decider.get("/inbox").content.decode()


def test_a_challenge_elsewhere_is_not_found(desk, item):
    row = opened(desk, item)
    factories.a_pipeline("other")
    stranger = desk(pipelines=("other",))
    for path in (f"/challenges/{row.pk}", f"/items/{item.pk}"):
        assert stranger.get(path).status_code == 404
    assert stranger.post(f"/items/{item.pk}/challenge", {"reason": "x"}).status_code == 404
    assert item.prediction.external_id not in stranger.get("/challenges").content.decode()
