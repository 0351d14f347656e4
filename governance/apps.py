"""The governance app."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


def take_down_triggers(using: str, plan: Any = (), **kwargs: Any) -> None:
    """Before tables change on SQLite, take down what would not let them be rebuilt."""
    from governance.db import triggers  # noqa: PLC0415 - models are ready only now

    if plan and connections[using].vendor == "sqlite":
        triggers.take_down(connections[using])


def install_triggers(using: str, **kwargs: Any) -> None:
    """Hold records, what refers and what is marked, and note what waits, after each migrate."""
    from governance.db import (  # noqa: PLC0415 - models are ready only now
        adjustment_walls,
        append_only,
        awaiting_seal,
        delegation_wall,
        example_mark,
        references,
    )

    append_only.install(connections[using])
    references.install(connections[using])
    example_mark.install(connections[using])
    awaiting_seal.install(connections[using])
    adjustment_walls.install(connections[using])
    delegation_wall.install(connections[using])


class GovernanceConfig(AppConfig):
    """Installs the triggers when migrations have run, and takes them down before on SQLite."""

    name = "governance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell packs and webhooks what there is here, and connect to begin and end of migrate.

        The end calls once for each app; by then all tables are there.
        """
        from governance.selectors import (  # noqa: PLC0415 - models are ready only now
            adjustment_lineage,
            news,
            pack_oversight,
            pack_records,
        )

        adjustment_lineage.register()
        pack_records.register_all()
        pack_oversight.register_all()
        news.register_own()
        pre_migrate.connect(take_down_triggers, sender=self, dispatch_uid="governance.triggers")
        post_migrate.connect(install_triggers, sender=self, dispatch_uid="governance.append_only")
