"""What is recorded cannot be changed, not even by SQL."""

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from governance.db import append_only
from governance.models.base import AppendOnlyError, append_only_models
from tests.world import World

MODELS = append_only_models(apps.get_models())


def ids(model: Any) -> str:
    return str(model.__name__)


def test_every_table_of_records_has_its_triggers(world: World) -> None:
    assert append_only.missing(connection) == []
    assert {model._meta.db_table for model in MODELS} == set(append_only.tables())


@pytest.mark.parametrize("model", MODELS, ids=ids)
@pytest.mark.parametrize("act", ["UPDATE", "DELETE", "TRUNCATE"])
def test_sql_does_not_change_a_record(world: World, model: Any, act: str) -> None:
    if act == "TRUNCATE" and connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE.")
    if act == "TRUNCATE":
        # What is still to be checked of the world's own rows would speak before the trigger.
        connection.check_constraints()
    row = model._base_manager.first()
    assert row is not None, "The world has no such row."
    table, key = model._meta.db_table, model._meta.pk.column
    statement = {
        "UPDATE": f'UPDATE "{table}" SET "{key}" = "{key}"',
        "DELETE": f'DELETE FROM "{table}"',
        "TRUNCATE": f'TRUNCATE "{table}" CASCADE',
    }[act]
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert model._base_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", [m for m in MODELS if not hasattr(m, "history_object")], ids=ids)
def test_no_queryset_and_no_instance_changes_a_record(world: World, model: Any) -> None:
    row = model.objects.first()
    rows = model.objects.filter(pk=row.pk)
    for act in (rows.update, rows.delete, rows.bulk_update, row.save, row.delete):
        with pytest.raises(AppendOnlyError):
            act()
