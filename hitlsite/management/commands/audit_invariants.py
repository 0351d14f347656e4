"""Check what must hold whatever has crashed; exit 1 when something does not."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.selectors import invariants as of_feedback
from governance.selectors import clock
from hitlsite import invariants as of_governance
from reviews.selectors import invariants as of_reviews

Check = Callable[[datetime], Iterator[str]]
CHECKS: tuple[tuple[str, Check], ...] = (
    ("I1", of_reviews.calls_hold_their_predictions),
    ("I2", of_governance.ledger_verifies),
    ("I2", of_reviews.decisions_are_recorded),
    ("I3", of_reviews.levels_fire_once),
    ("I4", of_reviews.clocks_are_their_events),
    ("I5", of_governance.promises_are_kept),
    ("I6", of_reviews.items_are_in_one_place),
    ("I7", of_reviews.reviewers_are_others),
    ("I8", of_feedback.versions_are_their_rows),
    ("I9", of_governance.keys_answer_once),
    ("I10", of_reviews.failures_go_to_people),
    ("I11", of_governance.backlog_drains),
    ("I12", of_governance.errors_hold_no_secret),
)
SHOWN = 20


class Command(BaseCommand):
    """`manage.py audit_invariants`: a line for each invariant, and what breaks it."""

    help = "Check the invariants of the records, the clocks and the outbox."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what holds and what does not."""
        now, broken = clock.now(), 0
        for name, check in CHECKS:
            found = list(check(now))
            broken += bool(found)
            said = (check.__doc__ or "").split(": ", 1)[-1].splitlines()[0]
            self.stdout.write(f"{name} {'VIOLATED' if found else 'ok'}: {said}")
            for each in found[:SHOWN]:
                self.stdout.write(f"    {each}")
            if len(found) > SHOWN:
                self.stdout.write(f"    and {len(found) - SHOWN} more")
        if broken:
            raise CommandError(f"{broken} of {len(CHECKS)} checks fail.")
