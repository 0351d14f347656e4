"""Seal the keys of data subjects under PRIVACY_KEY, after it was replaced."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.exceptions import DomainError
from governance.services import rewrapping


class Command(BaseCommand):
    """`rewrap_subject_keys` can be broken off at any time and begun again."""

    help = (
        "Seal every key of a data subject under PRIVACY_KEY; PRIVACY_KEY_FALLBACKS open meanwhile. "
        "When it has ended, the former keys can be taken out of the environment."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Go on batch by batch until no key is left."""
        moved, last = 0, None
        while True:
            try:
                batch = rewrapping.rewrap(after=last, actor=None, now=timezone.now())
            except DomainError as error:
                raise CommandError(error.detail, returncode=1) from None
            if batch.last is None:
                break
            moved, last = moved + batch.moved, batch.last
        self.stdout.write(f"{moved} keys were sealed anew; all open with PRIVACY_KEY.")
