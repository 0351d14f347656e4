"""After a roll-back: a second signature within a day, and what was decided under the change."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import Adjustment, AuditEvent, SLAPolicy, User
from governance.selectors import principals
from governance.services import dispatch
from reviews.models import Prediction, Remedy, ReviewItem, SLAClock
from reviews.selectors import aftermath
from reviews.services import remedies, sweeping
from tests import factories, governed
from tests.api.answers import problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot() -> User:
    factories.a_pipeline()
    return factories.a_service()


@pytest.fixture
def people(bot: User) -> list[User]:
    return governed.approvers()


def kept(now: Any = timezone.now) -> None:
    """Let the relay keep all promises."""
    dispatch.relay(now=now)


def rolled_back(bot: User, people: list[User], *payloads: dict[str, Any]) -> Adjustment:
    """Return a change that was rolled back when these predictions had come under it."""
    row = governed.in_force(governed.draft(bot), *people)
    factories.send(bot, *payloads, now=timezone.now())
    return governed.roll_back(row, people[0])


def dispose(row: Adjustment, actor: User, kind: str, *which: Prediction) -> remedies.Disposed:
    return remedies.dispose(
        principal=principals.of_person(actor), actor=actor, adjustment_id=row.pk, kind=kind,
        predictions=[each.pk for each in which] or None, reason="It was looked at",
        now=timezone.now(),
    )  # fmt: skip


def test_a_roll_back_by_one_starts_the_clock_of_a_second_signature(
    bot: User, people: list[User]
) -> None:
    row = rolled_back(bot, people)
    kept()
    clock = SLAClock.objects.get(subject=f"adjustment:{row.pk}")
    rolled = row.activations.get(act="roll_back")
    assert (clock.kind, clock.status, clock.started_at) == ("signoff", "running", rolled.at)
    assert clock.due_at == rolled.at + timedelta(days=1)
    with pytest.raises(NotPermitted, match="another person's"):
        governed.sign(row, people[0])
    governed.sign(row, people[1], meaning="review")
    kept()
    clock.refresh_from_db()
    assert (clock.status, clock.outcome) == ("stopped", "met")
    with pytest.raises(Conflict, match="second signature already"):
        governed.sign(row, *governed.approvers(1))


def test_a_second_signature_that_is_late_is_a_breach(bot: User, people: list[User]) -> None:
    row = rolled_back(bot, people)
    kept()
    later = timezone.now() + timedelta(days=1, minutes=1)
    sweeping.sweep(now=lambda: later)
    clock = SLAClock.objects.get(subject=f"adjustment:{row.pk}")
    assert clock.breached_at is not None


def test_a_policy_of_the_pipeline_may_say_how_long_a_signature_has(
    bot: User, people: list[User]
) -> None:
    targets = factories.SLA["targets"] | {"signoff": "PT2H"}
    factories.apply(factories.SLA | {"targets": targets})
    row = rolled_back(bot, people)
    kept()
    clock = SLAClock.objects.get(subject=f"adjustment:{row.pk}")
    assert clock.due_at == clock.started_at + timedelta(hours=2)
    assert not SLAPolicy.objects.filter(slug="sign-off").exists()


def test_a_second_signature_before_the_promise_is_kept_is_in_time_all_the_same(
    bot: User, people: list[User]
) -> None:
    row = rolled_back(bot, people)
    governed.sign(row, people[1])
    kept()
    clock = SLAClock.objects.get(subject=f"adjustment:{row.pk}")
    second = row.signatures.get(thing="roll_back")
    assert (clock.status, clock.outcome, clock.stopped_at) == ("stopped", "met", second.at)


def test_r6_what_was_decided_under_a_change_is_listed_until_each_has_its_disposition(
    bot: User, people: list[User]
) -> None:
    factories.send(bot, factories.a_payload("low"), now=timezone.now())
    row = rolled_back(bot, people, *(factories.a_payload(t) for t in ("low", "low", "mid", "high")))
    factories.send(bot, factories.a_payload("low"), now=timezone.now())
    rolled = row.activations.get(act="roll_back")
    assert aftermath.affected(rolled).count() == 4
    first, second, *_ = aftermath.affected(rolled).order_by("pk")
    assert dispose(row, people[1], "accept", first) == remedies.Disposed(1, 3)
    with pytest.raises(InvalidInput) as refused:
        dispose(row, people[1], "notify", second, first)
    assert refused.value.faults[0].pointer == "/predictions/1"
    assert dispose(row, people[1], "notify") == remedies.Disposed(3, 0)
    assert dispose(row, people[1], "accept") == remedies.Disposed(0, 0)
    assert Remedy.objects.count() == 4
    events = AuditEvent.objects.filter(action="adjustment.disposed").order_by("sequence")
    assert [event.detail["size"] for event in events] == [1, 3]


def test_r6_what_was_approved_unseen_is_seen_and_what_was_settled_is_reopened(
    bot: User, people: list[User]
) -> None:
    row = governed.in_force(governed.draft(bot), *people)
    now = timezone.now()
    unseen, settled, waiting = factories.send(
        bot, *(factories.a_payload(tier) for tier in ("low", "mid", "mid")), now=now
    )
    reviewer = factories.a_person()
    held = factories.claim(reviewer, now=now)
    assert held is not None
    factories.decide(reviewer, held, now=now)
    settled, waiting = (
        (settled, waiting)
        if held.assignment.item.prediction_id == settled.pk
        else (waiting, settled)
    )
    governed.roll_back(row, people[0])
    dispose(row, people[1], "re_review")
    found = {item.prediction_id: item for item in ReviewItem.objects.all()}
    assert found[unseen.pk].status == "pending"
    assert found[unseen.pk].tier == "low"
    assert (found[settled.pk].status, found[settled.pk].cycle) == ("pending", 2)
    assert (found[waiting.pk].status, found[waiting.pk].cycle) == ("pending", 1)
    # Which the audit of invariants would call approved and waiting for people.
    call_command("audit_invariants", stdout=io.StringIO())


def test_r6_of_a_model_it_is_what_that_model_said(bot: User, people: list[User]) -> None:
    row = governed.in_force(governed.of_model(bot, "4"), *people)
    model = {"name": "intents", "version": "4"}
    sent = factories.send(
        bot, factories.a_payload("low", model=model), factories.a_payload("low"),
        now=timezone.now(),
    )  # fmt: skip
    governed.roll_back(row, people[0])
    rolled = row.activations.get(act="roll_back")
    assert list(aftermath.affected(rolled)) == [sent[0]]


def test_r6_over_http(bot: User, people: list[User], api: Any) -> None:
    row = rolled_back(bot, people, factories.a_payload("low"), factories.a_payload("mid"))
    caller = api(people[1], "govern")
    told = caller.get(f"/adjustments/{row.pk}/affected?open=true&limit=1").json()
    assert (told["open"], len(told["results"])) == (2, 1)
    address = f"/adjustments/{row.pk}/dispositions"
    problem(caller.post(address, {"disposition": "undo", "reason": "x"}), 400, "/disposition")
    problem(api(bot, "govern").post(address, {"disposition": "accept", "reason": "x"}), 403)
    done = caller.post(address, {"disposition": "re_review", "reason": "It did harm"})
    assert done.json() == {"disposed": 2, "open": 0}
    (approved,) = Prediction.objects.filter(disposition="auto_approved")
    shown = api(bot).get(f"/predictions/{approved.pk}").json()
    assert shown["resolution"] is None
    assert shown["item"]["status"] == "pending"


def test_r6_what_was_not_rolled_back_has_nothing_to_dispose_of(
    bot: User, people: list[User]
) -> None:
    row = governed.in_force(governed.draft(bot), *people)
    with pytest.raises(Conflict, match="was not rolled back"):
        dispose(row, people[0], "accept")
