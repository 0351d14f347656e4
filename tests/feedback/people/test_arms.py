"""O7: which answers the arms hold, and who is told what they say."""

from datetime import timedelta

import pytest

from feedback.selectors import over_reliance as arms
from governance.models import Pipeline
from governance.selectors import principals
from reviews.domain.answers import Judgement
from reviews.models import ReviewItem
from reviews.services import decisions, resolutions, revisions, withdrawals
from tests import factories
from tests.api.answers import good
from tests.factories import NOW

LONG = (NOW - timedelta(days=1), NOW + timedelta(days=1))


@pytest.fixture
def bot(db):
    document = factories.pipeline_document()
    document["tiers"]["mid"] |= {
        "decisions": 2, "blind_first": 0.5, "checklist": [], "rationale": "never",
    }  # fmt: skip
    factories.apply(factories.CALENDAR, factories.SLA, *factories.ROLES, document)
    return factories.a_service()


def an_item(bot, *, blind: bool) -> ReviewItem:
    """Return an item of one arm; what falls into the other is withdrawn."""
    while True:
        item = factories.an_item(bot)
        if item.blind is blind:
            return item
        withdrawals.withdraw(
            principal=principals.of_person(bot), actor=bot, prediction_id=item.prediction_id,
            reason="Of the other arm", now=NOW,
        )  # fmt: skip


def answer(person, label):
    said = {"checklist": {}, "reason_codes": []}
    return factories.decide(person, factories.claim(person), label, **said).decision


def found():
    return [answered for _, answered in arms.answers(Pipeline.objects.get(), *LONG)]


def test_o7_the_first_answer_of_an_item_counts_and_the_others_say_who_was_right(bot):
    ann, bob = factories.a_person("ann"), factories.a_person("bob")
    an_item(bot, blind=True)
    answer(ann, "card_arrival")
    (alone,) = found()
    assert (alone.blind, alone.chance, alone.same, alone.wrong) == (True, 0.5, True, None)
    answer(bob, "balance")
    (both,) = found()
    assert (both.same, both.wrong) == (True, True)


def test_o7_who_settles_the_item_says_whether_the_model_was_wrong(bot):
    ann, bob = factories.a_person("ann"), factories.a_person("bob")
    lead = factories.a_person("lea", roles=("lead",))
    item = an_item(bot, blind=False)
    answer(ann, "balance")
    answer(bob, "card_arrival")
    resolutions.adjudicate(
        principal=principals.of_person(lead), actor=lead, item_id=item.pk,
        answer={"label": "card_arrival"}, rationale="It says so.", now=NOW + timedelta(minutes=1),
    )  # fmt: skip
    (row,) = found()
    assert (row.blind, row.same, row.wrong) == (False, False, False)


def test_o7_a_revised_answer_stays_the_first_one_and_one_that_was_undone_is_none(bot):
    ann, bob = factories.a_person("ann"), factories.a_person("bob")
    an_item(bot, blind=True)
    first = answer(ann, "balance")
    revisions.revise(
        principal=principals.of_person(ann), actor=ann, decision_id=first.pk,
        judgement=Judgement(verdict="accept"), now=NOW + timedelta(seconds=30),
    )  # fmt: skip
    assert [row.same for row in found()] == [False]
    answer(factories.a_person(), "card_arrival")
    an_item(bot, blind=False)
    undone = answer(bob, "card_arrival")
    decisions.undo(decision_id=undone.pk, actor=bob, now=NOW + timedelta(seconds=30))
    assert len(found()) == 1


def test_o7_leads_are_told_how_much_the_prediction_sways_and_of_nobody_alone(api, bot):
    lead = factories.a_person("lea", roles=("lead",))
    shown = good(api(lead, "audit:read").get("/pipelines/intents/reviewers"))
    (everything,) = shown["over_reliance"]
    assert everything["tier"] is None
    assert everything["model_wrong"]["difference"] is None
    assert "of which each needs 30" in everything["all"]["sentence"]
