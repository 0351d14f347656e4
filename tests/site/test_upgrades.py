"""A database with its walls can be changed by a later release, and has them again afterwards."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations import Migration
from django.db.models.signals import post_migrate, pre_migrate

from governance.db import append_only, references, triggers

pytestmark = pytest.mark.django_db
PLAN = [(Migration("0001_x", "governance"), False)]


def told(signal, plan) -> None:
    """Send what migrate sends before and after it applies `plan`."""
    for config in apps.get_app_configs():
        signal.send(
            sender=config, app_config=config, verbosity=0, interactive=False,
            using=connection.alias, plan=plan, apps=apps,
        )  # fmt: skip


def test_a_migrate_with_nothing_to_do_leaves_the_walls_standing() -> None:
    before = triggers.in_force(connection)
    call_command("migrate", verbosity=0)
    assert triggers.in_force(connection) == before


def test_before_a_table_is_rebuilt_nothing_names_it_and_afterwards_all_walls_stand() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL changes a table in place.")
    before = triggers.in_force(connection)
    told(pre_migrate, plan=PLAN)
    assert triggers.in_force(connection) == set()
    told(post_migrate, plan=PLAN)
    assert triggers.in_force(connection) == before
    assert append_only.missing(connection) == references.missing(connection) == []
