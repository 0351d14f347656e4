"""The ladder of an incident, whose sweeps come at the same moment or are killed."""

from datetime import timedelta

import pytest

from governance.models import AuditEvent, Incident, OutboxMessage, User
from governance.selectors import principals
from governance.services import dispatch, incidents
from reviews.models import Escalation, Notification
from reviews.services import incident_clocks
from tests import factories, governed
from tests.races.crowd import Crowd, member

pytestmark = [pytest.mark.race, pytest.mark.xdist_group("races")]
LATE = 2 * 24 * 3600 + 60


@pytest.fixture
def incident(transactional_db: None) -> Incident:
    """Return one that is to be reported within two days."""
    factories.a_pipeline()
    approver, _ = governed.approvers(2)
    row = incidents.begin(
        principal=principals.of_person(approver), actor=approver, pipeline="intents",
        severity="widespread", title="Cards were lost", text="Forty.", aware_at=factories.NOW,
        now=factories.NOW,
    )  # fmt: skip
    incident_clocks.start(incident_id=row.pk)
    return row


def _assert_told_once(row: Incident) -> None:
    for _ in range(2):
        OutboxMessage.objects.filter(task="reviews.tell").update(done_at=None)
        dispatch.relay(now=lambda: factories.NOW + timedelta(seconds=LATE + 60))
    told = Notification.objects.filter(kind="escalated").values_list("person", flat=True)
    approvers = User.objects.filter(groups__role__slug="approver").values_list("pk", flat=True)
    assert sorted(told) == sorted(approvers)
    assert Escalation.objects.count() == 1
    events = AuditEvent.objects.filter(stream=f"signoff:incident:{row.pk}", action="sla.breached")
    assert events.count() == 1


def test_o14_three_sweeps_at_once_tell_of_an_incident_once(
    crowd: Crowd, incident: Incident
) -> None:
    crowd.go(*[member("sweep", after=LATE)] * 3)
    crowd.go(member("sweep", after=LATE))
    _assert_told_once(incident)


def test_o14_a_sweep_that_is_killed_leaves_all_to_the_next_or_nothing(
    crowd: Crowd, incident: Incident
) -> None:
    crowd.go(member("sweep", after=LATE, dies="inside"))
    assert not Escalation.objects.exists()
    crowd.go(member("sweep", after=LATE, dies="after"))
    crowd.go(member("sweep", after=LATE + 15))
    _assert_told_once(incident)
