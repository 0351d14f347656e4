"""Read the ledger from end to end and say whether it is what was sealed, signed and copied."""

import json
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from governance.db.snapshots import snapshot
from governance.domain.signed_notes import NoteError, Verifier, verifier_of
from governance.domain.times import rfc3339
from governance.selectors import clock, verification

WRONG, UNKNOWN = 1, 2


def _key(text: str) -> Verifier:
    try:
        return verifier_of(text)
    except NoteError as error:
        raise ArgumentTypeError(str(error)) from None


class Command(BaseCommand):
    """`manage.py verify_ledger`: 0 it is what it was, 1 it is not, 2 it could not be read."""

    help = (
        "Compute every digest and the tree over them anew, and compare with the checkpoints, their "
        "signatures and the copies outside of the database. Prints a report as JSON; exit 1 when "
        "anything is wrong, 2 when it could not be judged."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what comes from outside."""
        parser.add_argument(
            "--checkpoint", metavar="FILE", type=Path, action="append", default=[],
            help="a copy of a checkpoint, beside those in ANCHOR_DIR",
        )  # fmt: skip
        parser.add_argument(
            "--key", metavar="KEY", type=_key, action="append", default=[],
            help="believe this public key (name+id+base64) and those given like it, and no other",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, print the report, and leave with what came out."""
        paths = [*_files(settings.ANCHOR_DIR), *options["checkpoint"]]
        began = time.monotonic()
        with snapshot(connection):
            report = verification.verify(_read(paths), options["key"], settings.TIMESTAMP_ROOTS)
        said = _as_json(report, len(paths), time.monotonic() - began)
        self.stdout.write(json.dumps(said, indent=2))
        if first := report.first:
            raise CommandError(f"The ledger is wrong: {first.says}", returncode=WRONG)
        self.stderr.write(_words(report))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.checkpoint"))
    except OSError as error:
        raise CommandError(f"ANCHOR_DIR: {error}", returncode=UNKNOWN) from None


def _read(paths: list[Path]) -> Iterator[tuple[str, str]]:
    for path in paths:
        try:
            yield str(path), path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"--checkpoint: {error}", returncode=UNKNOWN) from None


def _as_json(report: verification.Report, copies: int, seconds: float) -> dict[str, Any]:
    first = report.first
    return {
        "verdict": "wrong" if report.count else "right",
        "first": first.as_json() if first else None,
        "faults": report.count,
        "findings": [finding.as_json() for finding in report.findings],
        "leaves": report.leaves,
        "checkpoints": report.checkpoints,
        "unsealed": report.unsealed,
        "unsealed_since": rfc3339(report.oldest_unsealed) if report.oldest_unsealed else None,
        "copies": copies,
        "anchored": report.anchored,
        "anchored_at": rfc3339(report.anchored_at) if report.anchored_at else None,
        "not_anchored": max(0, report.leaves - report.anchored),
        "backdated": report.backdated,
        "stamps": report.stamps,
        "stamps_unread": report.stamps_unread,
        "stamps_vouched_for": bool(settings.TIMESTAMP_ROOTS),
        "stamped": report.stamped,
        "stamped_at": rfc3339(report.stamped_at) if report.stamped_at else None,
        "checked_at": rfc3339(clock.now()),
        "seconds": round(seconds, 2),
    }


def _words(report: verification.Report) -> str:
    words = f"The ledger is what was sealed: {report.leaves} events."
    if report.unsealed:
        words += f" {report.unsealed} more wait to be sealed."
    if report.leaves > report.anchored:
        words += (
            f" No copy outside covers the last {report.leaves - report.anchored}: whoever holds "
            "database and key could have written those anew."
        )
    return words
