"""Challenges: who opens one, who judges it, and what stands afterwards."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from feedback.models import FeedbackSignal
from feedback.selectors import signals as signal_rows
from feedback.services import signals
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import AuditEvent, User
from governance.selectors import principals
from reviews.models import Challenge, ChallengeOutcome, Notification, Resolution, ReviewItem
from reviews.selectors import challenges as selector
from reviews.services import challenges, decisions, reopenings
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


@dataclass
class Case:
    """An item that one person decided, and who else there is."""

    item: ReviewItem
    resolution: Resolution
    decider: User
    opener: User
    judge: User

    def open(self, user: User | None = None, **said: Any) -> Challenge:
        user = user or self.opener
        wanted = {"reason": "It is about a balance.", "anonymous": False, "now": LATER} | said
        return challenges.challenge(
            principal=principals.of_person(user), actor=user,
            **({"resolution_id": self.resolution.pk} | wanted),
        )  # fmt: skip

    def judged(self, act: str, row: Challenge, user: User | None = None, **said: Any) -> Challenge:
        user = user or self.judge
        wanted = {"rationale": "The text says so.", "now": LATER} | said
        return getattr(challenges, act)(
            principal=principals.of_person(user), actor=user, challenge_id=row.pk, **wanted
        )

    def events(self) -> list[str]:
        rows = AuditEvent.objects.filter(stream=f"item:{self.item.pk}")
        return list(rows.order_by("sequence").values_list("action", flat=True))


@pytest.fixture
def case() -> Case:
    factories.a_pipeline()
    item = factories.an_item(factories.a_service())
    decider = factories.a_person("decider", roles=("lead",))
    decided = factories.decide(decider, factories.claim(decider))
    item.refresh_from_db()
    assert decided.resolution is not None
    return Case(
        item, decided.resolution, decider, factories.a_person("opener"),
        factories.a_person("judge", roles=("lead",)),
    )  # fmt: skip


def test_a_challenge_that_is_upheld_leaves_the_outcome_as_it_was(case: Case) -> None:
    row = case.judged("uphold", case.open())
    case.item.refresh_from_db()
    assert case.item.resolution == case.resolution
    assert Challenge.objects.get(pk=row.pk).state == "upheld"
    assert case.events()[-2:] == ["challenge.opened", "challenge.upheld"]
    assert Resolution.objects.count() == 1


def test_an_overturned_outcome_is_superseded_and_never_edited(case: Case) -> None:
    before = Resolution.objects.filter(pk=case.resolution.pk).values().get()
    row = case.judged("overturn", case.open(), answer={"label": "balance"})
    case.item.refresh_from_db()
    made = case.item.resolution
    assert made is not None
    assert (made.kind, made.answer, made.supersedes) == (
        "overturned", {"label": "balance"}, case.resolution,
    )  # fmt: skip
    assert made.decided_on == case.resolution.decided_on
    assert made.agreement == 0.0
    assert Resolution.objects.filter(pk=case.resolution.pk).values().get() == before
    assert Challenge.objects.get(pk=row.pk).outcome.resolution == made
    assert list(selector.overturned_resolutions()) == [case.resolution]


def test_without_an_answer_the_prediction_is_rejected(case: Case) -> None:
    case.judged("overturn", case.open())
    case.item.refresh_from_db()
    assert case.item.resolution is not None
    assert (case.item.resolution.verdict, case.item.resolution.answer) == ("reject", None)


def test_signals_of_an_overturned_outcome_stand_no_more_and_those_of_the_new_one_do(
    case: Case,
) -> None:
    signals.sweep(now=lambda: LATER)
    old = set(FeedbackSignal.objects.values_list("pk", flat=True))
    case.judged("overturn", case.open(), answer={"label": "balance"})
    signals.sweep(now=lambda: LATER)
    standing = FeedbackSignal.objects.filter(signal_rows.standing())
    assert not old & set(standing.values_list("pk", flat=True))
    assert [row.kind for row in standing] == ["corrected"]


def test_nobody_judges_their_own_challenge_nor_a_decision_of_theirs_under_any_account(
    case: Case,
) -> None:
    opener = factories.a_person("lead-who-doubts", roles=("lead",))
    row = case.open(opener)
    twins = [
        factories.a_person(roles=("lead",), email=user.email.upper())
        for user in (opener, case.decider)
    ]
    for user in (opener, case.decider, *twins):
        for act in ("uphold", "overturn"):
            with pytest.raises(NotPermitted):
                case.judged(act, row, user)
    assert not ChallengeOutcome.objects.exists()


def test_whoever_does_not_settle_disagreements_does_not_judge(case: Case) -> None:
    row = case.open()
    with pytest.raises(NotPermitted, match="adjudicate"):
        case.judged("uphold", row, factories.a_person())
    stranger = factories.a_person(roles=("lead",), pipelines=())
    with pytest.raises(NotFound):
        case.judged("uphold", row, stranger)
    with pytest.raises(NotFound):
        case.open(stranger)


def test_an_outcome_has_one_open_challenge_and_another_after_it(case: Case) -> None:
    first = case.open()
    with pytest.raises(Conflict, match="already"):
        case.open(case.judge)
    second = Challenge(
        item=case.item, resolution=case.resolution, opened_by=case.judge, reason="x",
        salt="0" * 64, name_salt="0" * 64, opened_at=LATER,
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save()
    case.judged("uphold", first)
    with pytest.raises(Conflict, match="already"):
        case.judged("overturn", first)
    second = case.open(case.judge)
    assert second.after == ChallengeOutcome.objects.get(challenge=first)


def test_what_does_not_stand_is_not_challenged(case: Case) -> None:
    case.judged("overturn", case.open())
    with pytest.raises(Conflict, match="does not stand"):
        case.open()


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001])
def test_a_challenge_and_a_judgement_say_why(case: Case, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        case.open(reason=text)
    assert caught.value.faults[0].pointer == "/reason"
    row = case.open()
    for act in ("uphold", "overturn"):
        with pytest.raises(InvalidInput) as caught:
            case.judged(act, row, rationale=text)
        assert caught.value.faults[0].pointer == "/rationale"


@pytest.mark.parametrize("answer", [{"label": "card_arrival"}, {"label": "unknown"}])
def test_another_answer_is_one_of_the_question_and_not_the_one_that_stands(
    case: Case, answer: Any
) -> None:
    row = case.open()
    with pytest.raises(InvalidInput) as caught:
        case.judged("overturn", row, answer=answer)
    assert caught.value.faults[0].pointer.startswith("/answer")


def test_while_it_is_challenged_an_outcome_is_not_taken_back_and_counts_for_nobody(
    case: Case,
) -> None:
    row = case.open()
    (decision,) = case.resolution.decided_on
    with pytest.raises(Conflict, match="challenged"):
        decisions.undo(decision_id=decision, actor=case.decider, now=LATER)
    assert list(selector.open_resolutions()) == [case.resolution]
    case.judged("overturn", row)
    assert not selector.open_resolutions().exists()
    with pytest.raises(Conflict, match="adjudicator"):
        decisions.undo(decision_id=decision, actor=case.decider, now=LATER)


def test_reopening_leaves_nothing_to_judge(case: Case) -> None:
    row = case.open()
    reopenings.reopen(
        principal=principals.of_person(case.judge), actor=case.judge, item_id=case.item.pk,
        reason="Look again", now=LATER,
    )  # fmt: skip
    assert Challenge.objects.get(pk=row.pk).state == "moot"
    last = AuditEvent.objects.filter(stream=f"item:{case.item.pk}").latest("sequence")
    assert (last.action, last.detail["moot"]) == ("item.reopened", str(row.pk))
    with pytest.raises(Conflict):
        case.judged("overturn", row)


def test_both_sides_are_told_of_the_outcome_and_the_judge_of_the_challenge(case: Case) -> None:
    row = case.open()
    told = Notification.objects.filter(kind="challenge")
    assert {(n.person, n.detail["to"]) for n in told} == {
        (case.decider, "decided"), (case.judge, "judge"),
    }  # fmt: skip
    case.judged("uphold", row)
    ended = Notification.objects.filter(kind="judged")
    assert {n.person for n in ended} == {case.decider, case.opener}
    assert {n.detail["state"] for n in ended} == {"upheld"}


def test_an_item_that_was_overturned_can_be_reopened_and_its_outcome_supersedes(case: Case) -> None:
    case.judged("overturn", case.open(), answer={"label": "balance"})
    case.item.refresh_from_db()
    overturned = case.item.resolution
    reopenings.reopen(
        principal=principals.of_person(case.judge), actor=case.judge, item_id=case.item.pk,
        reason="Look again", now=LATER,
    )  # fmt: skip
    held = factories.claim(case.opener, now=LATER)
    again = factories.decide(case.opener, held, now=LATER)
    assert again.resolution is not None
    assert again.resolution.supersedes == overturned
