"""Apply configuration documents."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from governance.domain.documents import InvalidDocuments
from governance.domain.documents.sources import UnreadableSource, load
from governance.enums import PolicyMode
from governance.exceptions import DomainError
from governance.services import configuration


class Command(BaseCommand):
    """`apply FILE... [--dry-run]` prints a line for each document, with its diff below."""

    help = "Apply YAML or JSON documents, all or none; - reads standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the words of the command line."""
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--dry-run", action="store_true")
        parser.add_argument("--mode", choices=PolicyMode.values, default=PolicyMode.LIVE)
        parser.add_argument("--reason", default="Applied from the command line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, apply, print."""
        try:
            sources = [
                document for name in options["files"] for document in load(_read(name), name)
            ]
            done = configuration.apply(
                sources=sources,
                actor=None,
                reason=options["reason"],
                now=timezone.now(),
                mode=PolicyMode(options["mode"]),
                dry_run=options["dry_run"],
                secrets=os.environ,
            )
        except InvalidDocuments as error:
            lines = [f"{fault.pointer}: {fault.detail}" for fault in error.faults]
            raise CommandError("\n".join(lines), returncode=2) from None
        except (UnreadableSource, OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error), returncode=2) from None
        except DomainError as error:
            raise CommandError(error.detail, returncode=2) from None
        for applied in done:
            self.stdout.write(f"{applied.outcome} {applied.kind} {applied.slug}")
            for change in applied.diff if applied.outcome == configuration.CHANGED else ():
                self.stdout.write(f"    {_told(change)}")


def _read(name: str) -> str:
    return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")


def _told(change: dict[str, Any]) -> str:
    old, new = (json.dumps(change.get(side), ensure_ascii=False) for side in ("old", "new"))
    if "old" not in change:
        return f"{change['path']}: + {new}"
    if "new" not in change:
        return f"{change['path']}: - {old}"
    return f"{change['path']}: {old} -> {new}"
