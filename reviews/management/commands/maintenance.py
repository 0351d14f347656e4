"""Begin and end declared maintenance, while which all clocks stand still."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.exceptions import DomainError
from governance.selectors import clock
from reviews.models import Maintenance
from reviews.selectors import standstills
from reviews.services import maintenance


class Command(BaseCommand):
    """`manage.py maintenance begin --reason TEXT | end | status`: exit 1 when it is refused."""

    help = "Begin or end declared maintenance, or say whether there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the words of the command line."""
        acts = parser.add_subparsers(dest="act", required=True)
        begin = acts.add_parser("begin", help="let all clocks stand still from now on")
        begin.add_argument("--reason", required=True, help="why; everybody at the desk reads it")
        acts.add_parser("end", help="let all clocks run on from now")
        acts.add_parser("status", help="say whether it goes on, and how many clocks must follow")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print one line about it."""
        try:
            said = getattr(self, f"_{options['act']}")(options)
        except DomainError as error:
            raise CommandError(error.detail) from None
        self.stdout.write(said)

    def _begin(self, options: dict[str, Any]) -> str:
        row = maintenance.begin(principal=None, actor=None, reason=options["reason"], now=clock.now)
        return _since(row)

    def _end(self, options: dict[str, Any]) -> str:
        row = maintenance.end(principal=None, actor=None, now=clock.now)
        return f"Ended at {row.ended_at:%Y-%m-%d %H:%M:%S} UTC."

    def _status(self, options: dict[str, Any]) -> str:
        row = standstills.current()
        left = sum(found.count() for found in standstills.unfollowed())
        said = "Not in maintenance." if row is None else _since(row)
        return f"{said} Clocks that the sweep has still to come to: {left}."


def _since(row: Maintenance) -> str:
    return f"In maintenance since {row.began_at:%Y-%m-%d %H:%M:%S} UTC: {row.reason}"
