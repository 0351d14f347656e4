"""Django's check, with exit status 2 for what is wrong with the installation."""

from typing import Any

from django.core.management.base import SystemCheckError
from django.core.management.commands import check

from hitlsite.environment import USAGE_ERROR


class Command(check.Command):
    """Leaves with status 2 when a check fails, as every command does on a bad setting."""

    def handle(self, *app_labels: Any, **options: Any) -> None:
        """Run the checks."""
        try:
            super().handle(*app_labels, **options)
        except SystemCheckError as error:
            error.returncode = USAGE_ERROR
            raise
