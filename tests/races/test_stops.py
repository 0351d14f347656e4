"""The stop switch and signatures, pressed and given while others act."""

import time

import pytest

from governance.models import AdjustmentActivation, AuditEvent, Signature, Stop, User
from governance.selectors import clock
from reviews.models import Prediction, ReviewItem
from tests import factories, governed
from tests.races.crowd import Crowd, member

pytestmark = [pytest.mark.race, pytest.mark.xdist_group("races")]


@pytest.fixture
def sender(transactional_db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


def test_o9_nothing_is_approved_unseen_after_a_stop_under_a_hundred_requests(
    crowd: Crowd, sender: User
) -> None:
    (first,) = governed.approvers(1)
    senders = [member("approve", user=sender.pk, size=1) for _ in range(14)]
    batches = [member("approve", user=sender.pk, size=40) for _ in range(6)]

    taken = crowd.go(*senders, *batches, member("press_stop", user=first.pk, after=300))

    assert all(each is None or "error" not in each for each in taken), taken
    stop = Stop.objects.get()
    later = Prediction.objects.filter(received_at__gt=stop.effective_at)
    approved = Prediction.objects.filter(disposition="auto_approved")
    assert AuditEvent.objects.filter(action="predictions.received").count() > 100
    assert not later.filter(disposition="auto_approved").exists()
    # It came in the middle of it all.
    assert approved.count() >= 300
    assert later.count() >= 14
    held = Prediction.objects.filter(disposition="in_review")
    assert ReviewItem.objects.count() == held.count()
    for row in held:
        assert (row.tier, row.propensity, row.sampled) == ("low", 1.0, "")
        assert row.trace[-1] == {"rule": "stop switch", "result": "true", "stop": str(stop.pk)}


def test_o9_nothing_that_commits_after_the_stop_is_approved_unseen(
    crowd: Crowd, sender: User
) -> None:
    """Whatever the clocks say: what a look finds right after the stop is all that there will be."""
    (first,) = governed.approvers(1)
    approved = Prediction.objects.filter(disposition="auto_approved")
    crowd.begin(*[member("approve", user=sender.pk, size=4) for _ in range(12)])
    while approved.count() < 200:
        time.sleep(0.01)
    governed.stop(first)
    found = approved.count()
    crowd.results()
    assert approved.count() == found
    assert Prediction.objects.filter(disposition="in_review").count() >= 12 * 4


def test_two_who_resume_at_once_end_the_stop_once(crowd: Crowd, sender: User) -> None:
    first, *others = governed.approvers(6)
    stop = governed.stop(first)
    taken = crowd.go(*(member("resume", user=each.pk, stop=str(stop.pk)) for each in others))
    assert sum("by" in each for each in taken) == 2
    assert stop.resumptions.count() == 2
    assert AuditEvent.objects.filter(action="stop.ended").count() == 1


def test_one_person_who_signs_many_times_at_once_has_signed_once(
    crowd: Crowd, sender: User
) -> None:
    (first,) = governed.approvers(1)
    row = governed.submit(governed.draft(sender))
    crowd.go(*[member("sign", user=first.pk, adjustment=str(row.pk))] * 8)
    row.refresh_from_db()
    assert (Signature.objects.count(), row.state) == (1, "submitted")


def test_r2_who_routes_in_other_processes_follows_a_roll_back_at_once(
    crowd: Crowd, sender: User
) -> None:
    people = governed.approvers()
    row = governed.in_force(governed.draft(sender), *people, now=clock.now())
    crowd.begin(*[member("route", user=sender.pk) for _ in range(8)])
    while Prediction.objects.filter(tier="mid").count() < 40:
        time.sleep(0.01)
    began = time.monotonic()
    governed.roll_back(row, people[0], now=clock.now())
    assert time.monotonic() - began < 60
    assert crowd.results() == [{"tiers": ["low"] * 3}] * 8


def test_of_changes_that_are_activated_at_once_one_wins_and_the_others_are_stale(
    crowd: Crowd, sender: User
) -> None:
    people = governed.approvers()
    rows = [
        governed.sign(
            governed.submit(governed.draft(sender, governed.more_review(name=f"Intents {n}"))),
            *people,
        )
        for n in range(4)
    ]
    crowd.go(
        *(member("activate", user=people[0].pk, adjustment=str(row.pk)) for row in rows),
        *(member("activate", user=people[1].pk, adjustment=str(row.pk)) for row in rows),
    )
    for row in rows:
        row.refresh_from_db()
    assert sorted(row.state for row in rows) == ["active", "stale", "stale", "stale"]
    assert AdjustmentActivation.objects.count() == 1
