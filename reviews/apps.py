"""The reviews app."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


def install_triggers(using: str, **kwargs: Any) -> None:
    """Hold the stop switch over what is auto-approved, after each migrate."""
    from reviews.db import stop_wall  # noqa: PLC0415 - models are ready only now

    stop_wall.install(connections[using])


class ReviewsConfig(AppConfig):
    """Installs the trigger when migrations have run."""

    name = "reviews"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell lineage, webhooks and packs what there is here, and connect to the end of migrate.

        That calls once for each app; by then all tables are there.
        """
        from reviews.selectors import (  # noqa: PLC0415 - models are ready only now
            lineage,
            news,
            pack_challenges,
        )

        lineage.register()
        news.register_own()
        pack_challenges.register_all()
        post_migrate.connect(install_triggers, sender=self, dispatch_uid="reviews.stop_wall")
