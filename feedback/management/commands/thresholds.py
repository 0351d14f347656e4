"""Say what can be certified of a threshold, so that a script can read it."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from feedback.selectors import thresholds
from feedback.selectors.thresholds import Asked
from governance.exceptions import DomainError
from governance.models import Pipeline
from governance.selectors import clock

NOT_YET, REFUSED = 1, 2


class Command(BaseCommand):
    """`manage.py thresholds PIPELINE --max-error E --confidence C`: what the API works out."""

    help = (
        "Find the lowest confidence from which on a rule may approve with at most so much error, "
        "and print what that says. Nothing is written or applied. Leaves with 0 where something is "
        "certified, 1 where nothing is yet, 2 where it cannot be worked out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the pipeline, and what is to be promised."""
        parser.add_argument("pipeline", help="its slug")
        parser.add_argument("--max-error", type=float, required=True, help="a share: 0.02")
        parser.add_argument("--confidence", type=float, default=0.95, help="0.95 unless given")
        parser.add_argument("--model-version", default="", help="else the newest in force")
        parser.add_argument("--json", action="store_true", help="print all of it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work it out and say it."""
        found = self._found(options)
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
        else:
            for each in found["boundaries"]:
                self.stdout.write(each["sentence"])
        if not any(each["certified"] for each in found["boundaries"]):
            raise SystemExit(NOT_YET)

    def _found(self, options: dict[str, Any]) -> dict[str, Any]:
        row = Pipeline.objects.filter(slug=options["pipeline"]).first()
        if row is None or row.live_id is None:
            detail = f"PIPELINE: there is none {options['pipeline']!r} that is in force."
            raise CommandError(detail, returncode=REFUSED)
        for name, low, high in (("max_error", 0.0001, 0.5), ("confidence", 0.5, 0.9999)):
            if not low <= options[name] <= high:
                detail = f"--{name.replace('_', '-')}: from {low} to {high}."
                raise CommandError(detail, returncode=REFUSED)
        asked = Asked(
            row, options["max_error"], options["confidence"],
            options["model_version"] or thresholds.model_version(row), until=clock.now(),
        )  # fmt: skip
        try:
            return thresholds.report(asked)
        except DomainError as error:
            raise CommandError(error.detail, returncode=REFUSED) from None
