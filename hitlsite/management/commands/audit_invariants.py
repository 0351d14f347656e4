"""Check what must hold whatever has crashed; exit 1 when something does not."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from governance.db.snapshots import snapshot
from governance.domain.invariants import Check, Span
from governance.domain.times import parse_rfc3339
from governance.selectors import clock
from hitlsite import invariants

SHOWN = 20
# What a record that makes no sense can make of the code that reads it.
SENSELESS = (AttributeError, LookupError, OverflowError, TypeError, ValueError)


def _moment(text: str) -> datetime:
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


class Command(BaseCommand):
    """`manage.py audit_invariants`: a line for each invariant that holds, and for each breach."""

    help = "Check the invariants I1 to I14 of the records, the clocks and the outbox."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how far to look back."""
        parser.add_argument(
            "--since", metavar="TIME", type=_moment,
            help="look only at what was written since, as in 2026-11-24T10:00:00Z",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what holds and what does not, all as of one instant where the database can."""
        broken = []
        with snapshot(connection):
            span = Span(clock.now(), options["since"])
            for invariant in invariants.ALL:
                count = self._tell(invariant, span)
                if count:
                    broken.append(invariant.name)
        if broken:
            raise CommandError(f"Violated: {', '.join(broken)}.")

    def _tell(self, invariant: invariants.Invariant, span: Span) -> int:
        count = 0
        for check in invariant.checks:
            for found in _run(check, span):
                count += 1
                if count <= SHOWN:
                    self.stdout.write(f"{invariant.name} VIOLATED: {found}")
        if count > SHOWN:
            self.stdout.write(f"{invariant.name} VIOLATED: and {count - SHOWN} times more")
        if not count:
            self.stdout.write(f"{invariant.name} ok: {invariant.promise}")
        return count


def _run(check: Check, span: Span) -> Iterator[str]:
    try:
        yield from check(span)
    except SENSELESS as error:
        yield f"{check.__name__} could not read what is on record: {error!r}"
