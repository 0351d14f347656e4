"""Declaring maintenance and ending it: who may, and that there is one at a time."""

from typing import Any

import pytest

from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import AuditEvent
from governance.selectors import principals
from reviews.models import Maintenance
from reviews.services import maintenance
from tests import factories
from tests.reviews.clocks.office import Office, at, begin, end, policy

pytestmark = pytest.mark.django_db


def test_beginning_and_ending_are_one_event_each_on_a_stream_of_their_own() -> None:
    office = Office(policy())
    row = begin("24 Nov 11:00", office.lea)
    end("24 Nov 12:00", office.max)
    events = AuditEvent.objects.filter(stream=f"maintenance:{row.pk}").order_by("sequence")
    assert [(e.action, e.actor, e.reason) for e in events] == [
        ("maintenance.begun", office.lea, "The vendor is down"),
        ("maintenance.ended", office.max, ""),
    ]


def test_there_is_one_at_a_time() -> None:
    with pytest.raises(Conflict):
        end("24 Nov 11:00")
    begin("24 Nov 11:00")
    with pytest.raises(Conflict):
        begin("24 Nov 12:00")
    assert Maintenance.objects.count() == 1


@pytest.mark.parametrize("reason", ["", " ", "x" * 501])
def test_a_maintenance_needs_a_reason(reason: str) -> None:
    with pytest.raises(InvalidInput):
        maintenance.begin(principal=None, actor=None, reason=reason, now=lambda: at("24 Nov 11:00"))


def test_who_does_not_approve_in_all_pipelines_neither_begins_nor_ends_it() -> None:
    office = Office(policy())
    given: dict[str, Any] = {"now": lambda: at("24 Nov 11:00")}
    for person in (office.ann, office.lea, office.max):
        who = {"principal": principals.of_person(person), "actor": person}
        with pytest.raises(NotPermitted):
            maintenance.begin(reason="x", **who, **given)
        with pytest.raises(NotPermitted):
            maintenance.end(**who, **given)
    root = factories.an_administrator()
    who = {"principal": principals.of_person(root), "actor": root}
    maintenance.begin(reason="x", **who, **given)
    assert maintenance.end(**who, **given).ended_by == root


def test_an_end_is_never_before_the_begin() -> None:
    begin("24 Nov 11:00")
    assert end("24 Nov 10:59").ended_at == at("24 Nov 11:00")
