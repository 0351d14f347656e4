"""Replay the events of clocks and compare: the columns must be what the events make, to the bit."""

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.selectors import clock
from reviews.services import recomputing
from reviews.services.recomputing import Drifted


class Command(BaseCommand):
    """`manage.py recompute_clocks`: exit 1 when a clock is not what its events make it."""

    help = "Replay the events of every clock and name each column that says something else."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to look at, and whether to mend it."""
        parser.add_argument("--pipeline", help="only clocks of this pipeline")
        parser.add_argument("--item", type=uuid.UUID, help="only clocks of this item")
        parser.add_argument("--write", action="store_true", help="mend what has drifted")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each clock that has drifted, and how many were looked at."""
        seen, drifted = 0, 0
        for found in recomputing.check(pipeline=options["pipeline"], item=options["item"]):
            if not isinstance(found, Drifted):
                seen += found
                continue
            drifted += 1
            for name, (stored, true) in found.columns.items():
                self.stdout.write(f"{found.clock} {name}: {stored} is stored, {true} is true")
            if options["write"]:
                recomputing.mend(clock_id=found.clock, now=clock.now())
        said = f"{seen} clocks replayed, {drifted} had drifted"
        if drifted and not options["write"]:
            raise CommandError(f"{said}; --write mends them.")
        self.stdout.write(f"{said}.")
