"""Replay the events of clocks and compare: the columns must be what the events make, to the bit."""

import uuid
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.models import Pipeline
from governance.selectors import clock
from reviews.selectors import replays
from reviews.services import recomputing


def _item(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no id of an item") from None


class Command(BaseCommand):
    """`manage.py recompute_clocks`: exit 1 when a clock is not what its events make it."""

    help = (
        "Replay the events of every clock, and name each column that says something else. "
        "With --write, open clocks are mended; what is closed stays as it was recorded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to look at, and whether to mend it."""
        parser.add_argument("--pipeline", metavar="SLUG", help="only clocks of this pipeline")
        parser.add_argument("--item", metavar="ID", type=_item, help="only clocks of this item")
        parser.add_argument("--write", action="store_true", help="mend open clocks")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each clock that has drifted, and how many were looked at."""
        slug = options["pipeline"]
        if slug and not Pipeline.objects.filter(slug=slug).exists():
            raise CommandError(f"--pipeline: there is no pipeline {slug!r}.")
        seen = drifted = left = 0
        for chunk in replays.every(pipeline=slug, item=options["item"]):
            seen += chunk.clocks
            for found in chunk.drifted:
                drifted += 1
                mended = self._mend(found) if options["write"] else []
                left += len(mended) < len(found.columns)
                said = f" (mended: {', '.join(mended)})" if mended else ""
                self.stdout.write(f"{found}{said}")
        said = f"{seen} clocks replayed, {drifted} had drifted"
        if not left:
            self.stdout.write(f"{said}.")
        elif options["write"]:
            raise CommandError(f"{said}, {left} stay so: what is closed or recorded is not mended.")
        else:
            raise CommandError(f"{said}; --write mends those that are open.")

    def _mend(self, found: replays.Drifted) -> list[str]:
        return recomputing.mend(clock_id=found.clock, now=clock.now())
