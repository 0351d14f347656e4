"""Going back to an older document: its version is in force again, and one event says so."""

from typing import Any

import pytest

from governance.enums import PolicyMode
from governance.models import AuditEvent, Calendar, Pipeline, PolicyVersion, SLAPolicy
from governance.services import configuration, policies, rows
from reviews.services import applying
from tests import factories
from tests.factories import CALENDAR, NOW, SLA

pytestmark = pytest.mark.django_db
OTHER_DAYS = CALENDAR | {"holidays": ["2026-12-25"]}
OTHER_TARGETS = SLA | {"targets": {"claim": "PT1H", "decide": "PT8H"}}


@pytest.fixture(autouse=True)
def pipeline(db: None) -> Pipeline:
    return factories.a_pipeline()


def acted(stream: str, before: int) -> list[AuditEvent]:
    """Return the events since there were `before`, all of them on one stream."""
    found = list(AuditEvent.objects.order_by("at", "id")[before:])
    assert {event.stream for event in found} <= {stream}
    return found


def applied(stream: str, *documents: dict[str, Any], **more: Any) -> list[AuditEvent]:
    before = AuditEvent.objects.count()
    configuration.apply(sources=list(documents), actor=None, reason="Back", now=NOW, **more)
    return acted(stream, before)


@pytest.mark.parametrize(
    ("stream", "model", "first", "second"),
    [
        ("calendar:always", Calendar, CALENDAR, OTHER_DAYS),
        ("sla_policy:quick", SLAPolicy, SLA, OTHER_TARGETS),
    ],
)
def test_each_way_there_and_back_is_one_event(
    stream: str, model: Any, first: dict[str, Any], second: dict[str, Any]
) -> None:
    row = model.objects.get()
    one = row.current
    assert [e.action for e in applied(stream, second)] == ["policy.published"]
    row.refresh_from_db()
    two = row.current
    (back,) = applied(stream, first)
    row.refresh_from_db()
    assert row.current == one
    assert (back.action, back.reason) == ("policy.reinstated", "Back")
    assert back.detail == {
        "version": str(one.pk), "number": 1, "digest": one.digest, "previous": str(two.pk),
    }  # fmt: skip
    assert applied(stream, first) == [], "it is in force already"
    (again,) = applied(stream, second)
    assert (again.action, again.detail["number"]) == ("policy.reinstated", 2)
    assert PolicyVersion.objects.filter(kind=one.kind).count() == 2


def test_a_calendar_that_was_deleted_and_comes_again_brings_its_version_back() -> None:
    factories.apply(CALENDAR | {"slug": "spare"})
    row = Calendar.objects.get(slug="spare")
    version = row.current
    row.because(None, "Not needed").delete()
    (event,) = applied("calendar:spare", CALENDAR | {"slug": "spare"})
    assert (event.action, event.detail["previous"]) == ("policy.reinstated", None)
    assert Calendar.objects.get(slug="spare").current == version


def test_clocks_of_the_version_that_was_left_are_offered_the_one_that_is_back() -> None:
    factories.apply(OTHER_TARGETS)
    factories.an_item(factories.a_service())
    factories.apply(SLA)
    seen = applying.preview(slug="quick", now=NOW)
    assert (seen.version.number, seen.retargeted) == (1, 2)


def test_a_pipeline_goes_back_with_one_event_of_what_is_live(pipeline: Pipeline) -> None:
    factories.apply(factories.pipeline_document(name="Other"))
    (event,) = applied("pipeline:intents", factories.pipeline_document())
    pipeline.refresh_from_db()
    assert (event.action, pipeline.live.number, pipeline.name) == ("policy.live", 1, "Intents")


def test_a_draft_that_goes_back_is_one_event_though_nothing_in_force_changes(
    pipeline: Pipeline,
) -> None:
    document, draft = factories.pipeline_document(), PolicyMode.DRAFT
    applied("pipeline:intents", document | {"name": "Other"}, mode=draft)
    assert Pipeline.objects.get().name == "Other"
    before = AuditEvent.objects.count()
    said = {"actor": None, "reason": "Back", "now": NOW, "read": pipeline.live}
    configuration.put(pipeline_id=pipeline.pk, source=document, mode=draft, **said)
    (event,) = acted("pipeline:intents", before)
    assert (event.action, event.detail["number"]) == ("pipeline.drafted", 1)
    assert rows.document_of(Pipeline.objects.get())["name"] == "Intents"
    configuration.put(pipeline_id=pipeline.pk, source=document, mode=draft, **said)
    assert acted("pipeline:intents", before) == [event], "the rows say it already"


def test_publishing_what_is_live_already_writes_nothing(pipeline: Pipeline) -> None:
    before = AuditEvent.objects.count()
    policies.publish(
        pipeline_id=pipeline.pk, mode=PolicyMode.LIVE, actor=None, reason="Again", now=NOW
    )
    assert acted("pipeline:intents", before) == []
