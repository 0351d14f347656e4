"""Signals distilled by several at the same moment: each is made once, each batch is one event."""

import pytest

from feedback.models import FeedbackSignal
from governance.models import AuditEvent
from reviews.models import Resolution
from tests import factories
from tests.races.crowd import Crowd, member

pytestmark = [pytest.mark.race, pytest.mark.xdist_group("races")]
RESOLVED = 40


def test_what_three_distil_at_once_is_made_once_and_accounted_for(
    crowd: Crowd, transactional_db: None
) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    reviewer = factories.a_person(capacity={"open": 50, "per_day": 500})
    for _ in range(RESOLVED):
        factories.an_item(bot)
        held = factories.claim(reviewer)
        assert held is not None
        factories.decide(reviewer, held)

    done = crowd.go(*[member("distil", after=60)] * 3)

    # What one of them has in hand, another passes over; whoever comes last finds the rest.
    done += crowd.go(member("distil", after=120))
    assert sum(each["signals"] for each in done) == RESOLVED
    made = FeedbackSignal.objects.values_list("resolution", flat=True)
    assert sorted(made) == sorted(Resolution.objects.values_list("pk", flat=True))
    events = AuditEvent.objects.filter(action="signals.distilled")
    assert sum(event.detail["signals"] for event in events) == RESOLVED
