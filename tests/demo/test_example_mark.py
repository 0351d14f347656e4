"""The mark of an example cannot be put on a pipeline, nor taken off one."""

import pytest
from django.db import IntegrityError, connection, transaction

from governance.db import example_mark
from governance.models import Pipeline
from governance.services import configuration
from hitlsite import checks
from tests.factories import CALENDAR, NOW, ROLES, SLA, a_pipeline, apply, pipeline_document

pytestmark = pytest.mark.django_db


def an_example(slug: str) -> Pipeline:
    apply(CALENDAR, SLA, *ROLES)
    configuration.apply(
        sources=[pipeline_document(slug=slug)],
        actor=None,
        reason="To see",
        now=NOW,
        example=True,
    )
    return Pipeline.objects.get(slug=slug)


def drop() -> None:
    suffix = " ON governance_pipeline" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {example_mark.NAME}{suffix}")


def test_no_row_becomes_an_example():
    pipeline = a_pipeline()
    pipeline.example = True
    with pytest.raises(IntegrityError, match="pipeline_example_fixed"), transaction.atomic():
        pipeline.because(None, "To be rid of it").save()
    with (
        pytest.raises(IntegrityError, match="pipeline_example_fixed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE governance_pipeline SET example = %s", [True])
    assert not Pipeline.objects.get().example


def test_no_example_becomes_a_row():
    pipeline = an_example("toy")
    pipeline.example = False
    with pytest.raises(IntegrityError, match="pipeline_example_fixed"), transaction.atomic():
        pipeline.because(None, "To keep it").save()


def test_other_fields_of_an_example_can_change():
    pipeline = an_example("toy")
    pipeline.enabled = False
    pipeline.because(None, "Seen enough").save()
    assert Pipeline.objects.get().example


def test_documents_do_not_mark_a_pipeline_that_exists():
    a_pipeline("intents")
    assert not an_example("intents").example


def test_the_system_check_notices_a_missing_mark():
    assert checks.append_only_triggers() == []
    drop()
    (error,) = checks.append_only_triggers()
    assert example_mark.NAME in error.msg
    example_mark.install(connection)
    assert checks.append_only_triggers() == []
