"""Decisions, undos and adjudications of one item that cross."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from governance.models import AuditEvent, User
from governance.selectors import principals
from reviews.enums import ItemStatus, ResolutionKind
from reviews.models import Assignment, Decision, Resolution, ReviewItem
from reviews.services import resolutions
from tests import factories
from tests.races.conftest import people
from tests.races.crowd import Crowd, member
from tests.races.waits import until_somebody_waits

pytestmark = [pytest.mark.race, pytest.mark.xdist_group("races")]


@pytest.fixture
def sender(transactional_db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


def _items(sender: User) -> Iterator[ReviewItem]:
    """Open one blind item after the other: which of two comes first is a matter of luck."""
    for _turn in range(5):
        yield factories.an_item(sender, "high")


def _both_slots(crowd: Crowd) -> list[dict[str, Any]]:
    """Return the claims of two people on the one item."""
    held = []
    for user in people(2):
        held += crowd.go(member("claim", user=user))
    return held


def _sequences(item: ReviewItem) -> list[int]:
    events = AuditEvent.objects.filter(stream=f"item:{item.pk}").order_by("sequence")
    return list(events.values_list("sequence", flat=True))


def test_two_decisions_at_once_that_agree_resolve_once(crowd: Crowd, sender: User) -> None:
    for item in _items(sender):
        first, second = _both_slots(crowd)

        done = crowd.go(member("decide", **first), member("decide", **second))

        assert sorted(entry["resolved"] for entry in done) == [False, True]
        item.refresh_from_db()
        assert item.status == ItemStatus.RESOLVED
        resolution = Resolution.objects.get(item=item)
        assert resolution.kind == ResolutionKind.AGREEMENT
        assert len(resolution.decided_on) == 2
        assert _sequences(item) == [1, 2, 3, 4]


def test_two_decisions_at_once_that_differ_ask_an_adjudicator(crowd: Crowd, sender: User) -> None:
    for item in _items(sender):
        first, second = _both_slots(crowd)

        done = crowd.go(
            member("decide", **first, label="balance"),
            member("decide", **second, label="card_linking"),
        )

        assert [entry["resolved"] for entry in done] == [False, False]
        item.refresh_from_db()
        # The agreement asked for can no longer be reached with a third.
        assert (item.status, item.open_slots) == (ItemStatus.AWAITING_ADJUDICATION, 0)
        assert _sequences(item) == [1, 2, 3, 4]


def test_one_claim_decided_from_two_windows_is_decided_once(crowd: Crowd, sender: User) -> None:
    item = factories.an_item(sender, "high")
    (held,) = crowd.go(member("claim", user=people(1)[0]))

    done = crowd.go(*([member("decide", **held)] * 8))

    assert sum("decision" in entry for entry in done) == 1
    assert {entry["error"] for entry in done if "error" in entry} == {"StaleClaim"}
    assert Decision.objects.filter(item=item).count() == 1


def test_an_undo_that_crosses_the_last_decision_leaves_the_item_open(
    crowd: Crowd, sender: User
) -> None:
    for item in _items(sender):
        first, second = _both_slots(crowd)
        (made,) = crowd.go(member("decide", **first))

        taken_back, decided = crowd.go(
            member("undo", user=first["user"], decision=made["decision"]),
            member("decide", **second),
        )

        assert taken_back.get("status") == ItemStatus.IN_REVIEW, taken_back
        assert "decision" in decided, decided
        item.refresh_from_db()
        assert (item.status, item.resolution, item.open_slots) == (ItemStatus.IN_REVIEW, None, 0)
        assert Decision.objects.filter(item=item, undoes=None, undone_by=None).count() == 1
        live = Assignment.objects.get(item=item, state="claimed")
        assert (live.reviewer_id, live.slot) == (first["user"], first["slot"])
        assert _sequences(item) == list(range(1, 6))


def test_one_decision_undone_from_many_windows_is_undone_once(crowd: Crowd, sender: User) -> None:
    item = factories.an_item(sender, "high")
    (held,) = crowd.go(member("claim", user=people(1)[0]))
    (made,) = crowd.go(member("decide", **held))

    done = crowd.go(*([member("undo", user=held["user"], decision=made["decision"])] * 8))

    assert sum("status" in entry for entry in done) == 1
    assert {entry["error"] for entry in done if "error" in entry} == {"Conflict"}
    assert Decision.objects.filter(item=item, undoes__isnull=False).count() == 1


def test_an_undo_that_waited_for_an_adjudicator_is_refused(crowd: Crowd, sender: User) -> None:
    item = factories.an_item(sender, "high")
    first, second = _both_slots(crowd)
    made, _ = [
        crowd.go(member("decide", **held, label=label))[0]
        for held, label in ((first, "balance"), (second, "card_linking"))
    ]
    (lead,) = people(1, "lead")
    judge = User.objects.get(pk=lead)

    with transaction.atomic():
        resolutions.adjudicate(
            principal=principals.of_person(judge),
            actor=judge,
            item_id=item.pk,
            answer={"label": "balance"},
            rationale="The account is named.",
            now=factories.NOW,
        )
        crowd.begin(member("undo", user=first["user"], decision=made["decision"]))
        until_somebody_waits(connection)
    (undone,) = crowd.results()

    assert undone.get("error") == "Conflict", undone
    item.refresh_from_db()
    assert item.status == ItemStatus.RESOLVED


def test_an_undo_and_a_second_try_of_the_same_decision_do_not_block_each_other(
    crowd: Crowd, sender: User
) -> None:
    factories.an_item(sender, "high")
    (held,) = crowd.go(member("claim", user=people(1)[0]))
    (made,) = crowd.go(member("decide", **held))
    undo = member("undo", user=held["user"], decision=made["decision"])

    done = crowd.go(*([undo, member("decide", **held)] * 8))

    errors = {entry["error"] for entry in done if "error" in entry}
    assert errors <= {"Conflict", "StaleClaim"}, errors


def test_two_adjudicators_at_once_settle_an_item_once(crowd: Crowd, sender: User) -> None:
    item = factories.an_item(sender, "high")
    for held, label in zip(_both_slots(crowd), ("balance", "card_linking"), strict=True):
        crowd.go(member("decide", **held, label=label))

    done = crowd.go(
        *(member("adjudicate", user=user, item=str(item.pk)) for user in people(6, "lead"))
    )

    assert sum("status" in entry for entry in done) == 1, done
    assert {entry["error"] for entry in done if "error" in entry} <= {
        "Conflict",
        "IllegalTransition",
    }
    assert Resolution.objects.filter(item=item).count() == 1


def test_the_ledger_of_an_item_has_no_gap_under_sixteen_writers(crowd: Crowd, sender: User) -> None:
    tiers = factories.PIPELINE["tiers"]
    panel = tiers["mid"] | {"decisions": 16, "max_decisions": 16}
    factories.a_pipeline(tiers=tiers | {"mid": panel})
    item = factories.an_item(sender)

    done = crowd.go(*(member("claim_and_decide", user=user) for user in people(16)))

    assert sum(bool(entry.get("resolved")) for entry in done) == 1, done
    assert _sequences(item) == list(range(1, 33)), "sixteen claims and sixteen decisions"
    assert {entry["slot"] for entry in done} == set(range(1, 17))
