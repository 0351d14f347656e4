"""Make an audit pack into a file."""

import shutil
from argparse import ArgumentTypeError
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from feedback.services import audit_packs
from feedback.services.audit_packs import Wanted
from governance.domain.times import parse_rfc3339
from governance.exceptions import DomainError
from governance.selectors import clock


def _moment(text: str) -> datetime:
    try:
        return parse_rfc3339(text if "T" in text.upper() else f"{text}T00:00:00Z")
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


class Command(BaseCommand):
    """`manage.py audit_pack --purpose … --out FILE`: what is on record of a time, in one zip."""

    help = (
        "Write an audit pack: events with proofs, decisions, policies, changes with signatures, "
        "and the program that verifies them. That it was made is on record."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the scope, and where to write."""
        parser.add_argument("--pipeline", default="", help="its slug; all of them without it")
        for name in ("since", "until"):
            parser.add_argument(
                f"--{name}", type=_moment, help="a day, or a time such as 2026-11-20T09:00:00Z"
            )
        parser.add_argument("--purpose", required=True, help="a word, such as audit")
        parser.add_argument(
            "--checkpoint", type=int, help="the size to bind it to; else the latest"
        )
        parser.add_argument(
            "--without-texts", action="store_true", help="leave out what people wrote"
        )
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the pack, put it on record and write it."""
        wanted = Wanted(
            purpose=options["purpose"], pipeline=options["pipeline"], since=options["since"],
            until=options["until"], texts=not options["without_texts"],
            checkpoint=options["checkpoint"],
        )  # fmt: skip
        out: Path = options["out"]
        if out.exists():
            raise CommandError(f"{out} is there already: name another file.")
        try:
            scope = audit_packs.scoped(wanted, reach=None, actor=None, now=clock.now())
            with audit_packs.built(scope, None) as made:
                shutil.copyfile(made.path, out)
                audit_packs.record(made=made, job=None, actor=None, now=clock.now())
        except DomainError as error:
            raise CommandError(error.detail) from None
        except OSError as error:
            raise CommandError(f"--out: {error}") from None
        self.stdout.write(f"{out}: {made.size} bytes, SHA-256 {made.sha256}")
        self.stdout.write(f"Root {made.root}, under the checkpoint of {scope.checkpoint} events")
