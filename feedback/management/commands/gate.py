"""Judge a candidate at a gate, so that a script can stop on it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from feedback.enums import GateVerdict
from feedback.services import gates
from governance.exceptions import DomainError
from governance.models import User
from governance.selectors import clock, principals

EXIT = {GateVerdict.PASS: 0, GateVerdict.FAIL: 1, GateVerdict.INCONCLUSIVE: 2}
REFUSED = 3


class Command(BaseCommand):
    """`manage.py gate SLUG --baseline V --candidate V --as USERNAME`: what the API does."""

    help = (
        "Judge a candidate by the plan of a gate and print what that says. Leaves with 0 where it "
        "passes, 1 where it fails, 2 where it is inconclusive, 3 where it cannot be judged."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the gate, the two versions, and in whose name."""
        parser.add_argument("gate", help="its slug")
        parser.add_argument("--baseline", required=True, help="a registered version")
        parser.add_argument("--candidate", required=True, help="another")
        parser.add_argument("--as", required=True, dest="username", help="who runs it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Judge, print the report, and leave with the verdict."""
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            detail = f"There is no active user {options['username']!r}."
            raise CommandError(detail, returncode=REFUSED)
        try:
            run = gates.run(
                principal=principals.of_person(user), actor=user, slug=options["gate"],
                baseline=options["baseline"], candidate=options["candidate"], now=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            raise CommandError(error.detail, returncode=REFUSED) from None
        for sentence in run.result["report"]:
            self.stdout.write(sentence)
        if code := EXIT[GateVerdict(run.verdict)]:
            raise SystemExit(code)
