"""Relays that tell and hand over at the same moment: each thing is told once, in one letter."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.models import OutboxMessage
from governance.services import dispatch
from reviews.models import Notification
from reviews.services import sweeping
from tests.races.crowd import Crowd, member
from tests.reviews.notifications.scene import Scene, inbox

pytestmark = [
    pytest.mark.race,
    pytest.mark.xdist_group("races"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(autouse=True)
def lost_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no promise be kept before its time: in tests a hint is its own worker."""
    monkeypatch.setattr(dispatch, "hint", lambda **_: None)


def _promises() -> list[dict[str, list[str]]]:
    rows = OutboxMessage.objects.filter(task="reviews.tell").order_by("pk")
    return [row.arguments for row in rows]


def _late(count: int, *, batch: int) -> Scene:
    scene = Scene(timezone.now())
    for name in ("max", "kim"):
        scene.lead(name)
    scene.items(count)
    sweeping.sweep(now=lambda: scene.now, limit=batch)
    return scene


def test_batches_that_are_told_at_once_and_again_are_one_digest(crowd: Crowd) -> None:
    scene = _late(100, batch=25)
    promised = _promises()
    assert len(promised) == 4

    told = crowd.go(
        *[member("deliver", task="reviews.tell", arguments=each) for each in promised * 2]
    )

    assert [each for each in told if each and "error" in each] == []
    for person in scene.leads:
        assert inbox(person) == [("digest", 100)]


def test_one_that_is_killed_tells_nothing_and_the_next_tells_all(crowd: Crowd) -> None:
    scene = _late(30, batch=500)
    (promised,) = _promises()

    crowd.go(member("deliver", task="reviews.tell", arguments=promised, dies="inside"))
    assert not Notification.objects.exists()
    crowd.go(
        member("deliver", task="reviews.tell", arguments=promised, dies="after"),
        *[member("deliver", task="reviews.tell", arguments=promised)] * 2,
    )

    for person in scene.leads:
        assert inbox(person) == [("digest", 30)]


def test_hand_overs_at_once_make_each_letter_once(crowd: Crowd) -> None:
    scene = _late(10, batch=500)
    scene.tell(scene.now - timedelta(seconds=1))

    crowd.go(
        member("deliver", task="reviews.hand_over_mail", arguments={}, dies="inside"),
        *[member("deliver", task="reviews.hand_over_mail", arguments={})] * 3,
    )
    # What one of them had locked, another passed over.
    crowd.go(member("deliver", task="reviews.hand_over_mail", arguments={}))

    named = [
        pk
        for row in OutboxMessage.objects.filter(task="reviews.send_mail")
        for pk in row.arguments["notifications"]
    ]
    assert len(named) == len(set(named)) == 30
    assert not Notification.objects.filter(mailed_at=None).exists()
