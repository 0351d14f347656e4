"""The living example: load it, look how it stands, take it away."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from governance.exceptions import DomainError
from governance.models import Pipeline
from governance.selectors.examples import State
from governance.services import examples
from hitlsite.demo import loading, names, reviewers
from hitlsite.demo.client import ServerRefused
from hitlsite.demo.progress import Progress
from hitlsite.environment import USAGE_ERROR
from reviews.enums import Disposition
from reviews.models import Decision, Prediction

REASON = "The living example was removed"
MANAGE = "    .venv/bin/python manage.py"


class Command(BaseCommand):
    """`demo load`, `demo status` and `demo remove [--yes]`."""

    help = "Load, show or remove the living example (handwritten digits)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the words of the command line."""
        acts = parser.add_subparsers(dest="act", required=True)
        load = acts.add_parser("load", help="load the example into the running server")
        load.add_argument("--url", default="", help="the server's address, if it is not this one's")
        load.add_argument("--limit", type=int, help="send only so many images")
        remove = acts.add_parser("remove", help="delete the example with all its records")
        remove.add_argument("--yes", action="store_true", help="do not ask")
        acts.add_parser("status", help="show what of it is there")

    def handle(self, *, act: str, **options: Any) -> None:
        """Do one of the three; status 2 when it is refused."""
        try:
            getattr(self, f"_{act}")(**options)
        except (ServerRefused, DomainError, DatabaseError) as error:
            detail = error.detail if isinstance(error, DomainError) else str(error)
            raise CommandError(detail, returncode=USAGE_ERROR) from None

    def _load(self, *, url: str, limit: int | None, **options: Any) -> None:
        if limit is not None and limit < 1:
            raise CommandError("--limit: send at least 1 image.", returncode=USAGE_ERROR)
        if loading.state() == State.LOADED:
            self.stdout.write("The living example is loaded already.")
            self._tell_what_next()
            return
        self.stdout.write("Loading the living example: handwritten digits.")
        progress = Progress(self.stdout, moving=self.stdout.isatty())
        try:
            loaded = loading.load(address=url, limit=limit, progress=progress)
        finally:
            progress.done()
        self.stdout.write(
            f"The living example is ready: {loaded.predictions:,} predictions. {loaded.dataset}"
        )
        self._tell_what_next()

    def _tell_what_next(self) -> None:
        for line in (
            "Sign in with the administrator's link that `manage.py up` prints, or as a reviewer:",
            f"{MANAGE} sign_in_link {names.REVIEWERS[0]}",
            "Then review a hard 4-or-9:",
            f"    {settings.BASE_URL}/review/{names.PIPELINE}/{names.HARD_QUEUE}",
            "Take the example away again, with all its records:",
            f"{MANAGE} demo remove",
        ):
            self.stdout.write(line)

    def _status(self, **options: Any) -> None:
        state = loading.state()
        self.stdout.write(f"{names.PIPELINE}: {state}")
        pipeline = Pipeline.objects.filter(slug=names.PIPELINE, example=True).first()
        if pipeline is None:
            return
        sent = Prediction.objects.filter(pipeline=pipeline)
        by_rule = sent.filter(disposition=Disposition.AUTO_APPROVED).count()
        decided = Decision.objects.filter(item__pipeline=pipeline).count()
        self.stdout.write(f"{sent.count():,} predictions, {by_rule:,} of them approved by rule")
        self.stdout.write(f"{decided:,} decisions")
        for status, count in reviewers.counts().items():
            self.stdout.write(f"{count:,} items {status}")

    def _remove(self, *, yes: bool, **options: Any) -> None:
        if not (yes or self._confirmed()):
            raise CommandError("Nothing was removed.", returncode=1)
        removed = examples.remove(
            example=names.example(), actor=None, reason=REASON, now=timezone.now()
        )
        self.stdout.write(f"Removed {sum(removed.counts.values()):,} rows:")
        for label, count in removed.counts.items():
            self.stdout.write(f"{count:>8,} {label}")
        self.stdout.write(f"Deactivated: {', '.join(removed.people) or 'nobody'}.")
        self.stdout.write(f"The ledger keeps its events and the root {removed.root}.")

    def _confirmed(self) -> bool:
        if not sys.stdin.isatty():
            raise CommandError("Add --yes to remove it without a question.", returncode=USAGE_ERROR)
        self.stdout.write(f"This deletes {names.PIPELINE} with all its records, for ever.")
        return input("Type the pipeline's name to go on: ").strip() == names.PIPELINE
