"""The reviews app."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the graph of lineage what there is here."""
        from reviews.selectors import lineage  # noqa: PLC0415 - models are ready only now

        lineage.register()
