"""The feedback app."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


def install_triggers(using: str, **kwargs: Any) -> None:
    """Close what was sealed, and hold runs to their plans, after each migrate."""
    from feedback.db import plan_wall, seals  # noqa: PLC0415 - models are ready only now

    seals.install(connections[using])
    plan_wall.install(connections[using])


class FeedbackConfig(AppConfig):
    """Installs the triggers when migrations have run."""

    name = "feedback"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect to the end of migrate, and tell the floor of datasets, signals and lessons."""
        from feedback.selectors import (  # noqa: PLC0415 - models are ready only now
            evidence,
            lesson_lineage,
            lineage,
            model_lineage,
            news,
            pack_models,
            pack_people,
            pack_records,
            slice_records,
        )
        from governance.services import registered_models  # noqa: PLC0415
        from governance.services.evidence import register  # noqa: PLC0415
        from reviews.selectors import slice_records as slices_told  # noqa: PLC0415

        lineage.register()
        lesson_lineage.register()
        model_lineage.register()
        pack_records.register_all()
        pack_models.register_all()
        pack_people.register_all()
        news.register_own()
        slices_told.register(slice_records.of)
        register("datasets", evidence.dataset_digest)
        register("signals", evidence.signal_digest)
        register("gate_run", evidence.gate_run_digest)
        register("certificate", evidence.certificate_digest)
        registered_models.register(evidence.model_digest)
        post_migrate.connect(install_triggers, dispatch_uid="feedback.seals")
