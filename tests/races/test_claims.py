"""Reviewers who claim at the same moment, as processes with connections of their own."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from governance.models import AuditEvent, User
from reviews.enums import AssignmentState, ItemStatus
from reviews.models import Assignment, Decision, ReviewItem
from reviews.services import assignments
from tests import factories
from tests.races.conftest import people
from tests.races.crowd import Crowd, member

pytestmark = [pytest.mark.race, pytest.mark.xdist_group("races")]

CROWD = 50


@pytest.fixture
def sender(transactional_db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


def _claims(users: list[int], **more: Any) -> list[dict[str, Any]]:
    return [member("claim", user=user, **more) for user in users]


def test_fifty_reviewers_at_once_get_fifty_items(crowd: Crowd, sender: User) -> None:
    factories.send(sender, *(factories.a_payload() for _ in range(CROWD)))

    held = crowd.go(*_claims(people(CROWD)))

    assert all(held), "a reviewer was turned away while an item was free"
    assert len({claim["item"] for claim in held}) == CROWD
    assert ReviewItem.objects.filter(open_slots=0, status=ItemStatus.IN_REVIEW).count() == CROWD
    assert Assignment.objects.count() == CROWD
    assert AuditEvent.objects.filter(action="item.claimed").count() == CROWD


def test_fifty_reviewers_at_once_on_one_item_have_one_winner(crowd: Crowd, sender: User) -> None:
    item = factories.an_item(sender)

    held = crowd.go(*_claims(people(CROWD)))

    assert [claim["item"] for claim in held if claim] == [str(item.pk)]
    assert Assignment.objects.count() == 1


def test_slots_of_one_item_go_to_as_many_different_people(crowd: Crowd, sender: User) -> None:
    item = factories.an_item(sender, "high")

    held = [claim for claim in crowd.go(*_claims(people(20))) if claim]

    assert 1 <= len(held) <= 2
    assert len({claim["slot"] for claim in held}) == len({c["user"] for c in held}) == len(held)
    item.refresh_from_db()
    assert item.open_slots == item.slots - len(held)


def test_one_person_in_many_windows_gets_no_item_twice(crowd: Crowd, sender: User) -> None:
    factories.send(sender, *(factories.a_payload("high") for _ in range(5)))
    (user,) = people(1)

    held = crowd.go(*_claims([user] * 20))

    items = [claim["item"] for claim in held if claim and "item" in claim]
    assert len(items) == len(set(items)) > 0
    refused = [claim["error"] for claim in held if claim and "error" in claim]
    assert set(refused) <= {"Conflict"}


def test_capacity_holds_against_a_person_in_many_windows(crowd: Crowd, sender: User) -> None:
    factories.send(sender, *(factories.a_payload() for _ in range(20)))
    user = factories.a_person(capacity={"open": 3, "per_day": 100})

    held = crowd.go(*_claims([user.pk] * 20))

    assert sum(1 for claim in held if claim and "item" in claim) == 3


def test_everything_is_decided_once_by_a_crowd_that_claims_and_decides(
    crowd: Crowd, sender: User
) -> None:
    factories.send(sender, *(factories.a_payload() for _ in range(CROWD)))
    users = people(CROWD)

    done = crowd.go(*(member("claim_and_decide", user=user) for user in users))

    assert all(entry and entry.get("resolved") for entry in done), done
    assert Decision.objects.values("item").distinct().count() == CROWD == Decision.objects.count()
    assert not ReviewItem.objects.exclude(status=ItemStatus.RESOLVED).exists()


def test_an_item_of_a_reviewer_who_was_killed_comes_back_when_the_lease_ends(
    crowd: Crowd, sender: User
) -> None:
    factories.send(sender, *(factories.a_payload() for _ in range(10)))
    users = people(10)
    dead = [member("claim", user=user, dies="after") for user in users[:5]]
    alive = [member("claim_and_decide", user=user) for user in users[5:]]

    held = crowd.go(*dead, *alive)

    assert all(entry and "error" not in entry for entry in held), held
    lost = {claim["item"] for claim in held[:5]}
    assert len(lost) == 5
    assert Decision.objects.count() == 5
    lapsed = factories.NOW + settings.LEASE + timedelta(minutes=1)
    assert assignments.expire_leases(now=lapsed) == 5
    assert assignments.expire_leases(now=lapsed) == 0
    assert Assignment.objects.filter(state=AssignmentState.EXPIRED).count() == 5
    after = settings.LEASE.total_seconds() + 120
    again = crowd.go(*_claims(users[5:], after=after))
    assert {claim["item"] for claim in again} == lost


def test_two_sweeps_at_once_return_a_lapsed_item_once(crowd: Crowd, sender: User) -> None:
    factories.send(sender, *(factories.a_payload() for _ in range(8)))
    crowd.go(*_claims(people(8)))

    swept = crowd.go(*([member("expire", after=3600)] * 6))

    assert sum(entry["expired"] for entry in swept) == 8
    assert set(ReviewItem.objects.values_list("open_slots", "status")) == {(1, ItemStatus.PENDING)}
    assert AuditEvent.objects.filter(action="assignment.expired").count() == 8


def test_a_reviewer_killed_inside_a_claim_leaves_nothing(crowd: Crowd, sender: User) -> None:
    item = factories.an_item(sender)
    before = AuditEvent.objects.count()

    (held,) = crowd.go(member("claim", user=people(1)[0], dies="inside"))

    assert held["item"] == str(item.pk), "it had the item in its transaction"
    assert not Assignment.objects.exists()
    item.refresh_from_db()
    assert (item.open_slots, item.status) == (1, ItemStatus.PENDING)
    assert not AuditEvent.objects.filter(action="item.claimed").exists()
    assert AuditEvent.objects.count() == before + 1, "only the person was added"
    (again,) = crowd.go(member("claim", user=people(1, "lead")[0]))
    assert again["item"] == str(item.pk)


def test_a_reviewer_killed_inside_a_decision_keeps_the_claim(crowd: Crowd, sender: User) -> None:
    item = factories.an_item(sender, "high")
    (held,) = crowd.go(member("claim", user=people(1)[0]))

    (done,) = crowd.go(member("decide", **held, dies="inside"))

    assert "decision" in done
    assert not Decision.objects.exists()
    assert Assignment.objects.get(item=item).state == AssignmentState.CLAIMED
    (again,) = crowd.go(member("decide", **held))
    assert "decision" in again, "the same token still decides"


def test_a_crowd_takes_the_most_urgent_first(crowd: Crowd, sender: User) -> None:
    for minutes in range(12):
        factories.an_item(sender, now=factories.NOW + timedelta(minutes=minutes))
    urgent = ReviewItem.objects.order_by("urgent_at").values_list("pk", flat=True)

    held = crowd.go(*_claims(people(6), after=7200))

    taken = Counter(claim["item"] for claim in held)
    assert taken == Counter(str(pk) for pk in urgent[:6])
