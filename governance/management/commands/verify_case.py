"""Check a case file, without the database."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.domain import case_verifier
from governance.domain.signed_notes import NoteError, verifier_of

WRONG, UNREADABLE = 1, 2


def _key(text: str) -> str:
    try:
        return str(verifier_of(text))
    except NoteError as error:
        raise ArgumentTypeError(str(error)) from None


class Command(BaseCommand):
    """`manage.py verify_case FILE`: 0 it holds, 1 it does not, 2 it cannot be read."""

    help = (
        "Check the signature of a case file, the proof of each of its events, and that its texts "
        "are those that were committed to. The key of this installation is believed, or those "
        "given with --key."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file and the keys to believe."""
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--key", metavar="KEY", type=_key, action="append", default=[],
            help="believe this public key (name+id+base64), and no other but those given like it",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the file and say what holds."""
        try:
            raw = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"FILE: {error}", returncode=UNREADABLE) from None
        try:
            said = case_verifier.verify(
                raw, options["key"] or [str(settings.LEDGER_SIGNER.verifier)]
            )
        except case_verifier.Wrong as error:
            raise CommandError(f"The case file is wrong: {error}", returncode=WRONG) from None
        for line in said:
            self.stdout.write(line)
