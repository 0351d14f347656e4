"""Challenges of one outcome that cross, and judges of one challenge."""

import pytest

from governance.models import AuditEvent, User
from reviews.models import Challenge, ChallengeOutcome, Resolution, ReviewItem
from tests import factories
from tests.races.crowd import Crowd, member

pytestmark = [pytest.mark.race, pytest.mark.xdist_group("races")]


@pytest.fixture
def resolution(transactional_db: None) -> Resolution:
    factories.a_pipeline()
    factories.an_item(factories.a_service())
    person = factories.a_person()
    decided = factories.decide(person, factories.claim(person))
    assert decided.resolution is not None
    return decided.resolution


def judges(count: int) -> list[User]:
    return [factories.a_person(roles=("lead",)) for _ in range(count)]


def _sequences(resolution: Resolution) -> list[int]:
    events = AuditEvent.objects.filter(stream=f"item:{resolution.item_id}").order_by("sequence")
    return list(events.values_list("sequence", flat=True))


def test_of_many_challenges_at_once_one_is_open(crowd: Crowd, resolution: Resolution) -> None:
    people = [factories.a_person() for _ in range(6)]

    done = crowd.go(
        *(member("challenge", user=each.pk, resolution=str(resolution.pk)) for each in people)
    )

    assert sum("challenge" in entry for entry in done) == 1
    assert {entry["error"] for entry in done if "error" in entry} == {"Conflict"}
    assert Challenge.objects.count() == 1


def test_two_judges_at_once_come_to_one_outcome(crowd: Crowd, resolution: Resolution) -> None:
    for _turn in range(3):
        standing = ReviewItem.objects.get(pk=resolution.item_id).resolution_id
        (opened,) = crowd.go(
            member("challenge", user=factories.a_person().pk, resolution=str(standing))
        )
        first, second = judges(2)
        before = ChallengeOutcome.objects.count()

        done = crowd.go(
            member("judge", user=first.pk, challenge=opened["challenge"], verdict="uphold"),
            member("judge", user=second.pk, challenge=opened["challenge"], verdict="overturn"),
        )

        assert sum("state" in entry for entry in done) == 1
        assert {entry["error"] for entry in done if "error" in entry} == {"Conflict"}
        assert ChallengeOutcome.objects.count() == before + 1
        if ChallengeOutcome.objects.latest("pk").state == "overturned":
            break
    assert _sequences(resolution) == list(range(1, len(_sequences(resolution)) + 1))
