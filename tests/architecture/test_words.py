"""What is recorded has words: each action of an item's ledger, each event of a clock."""

import ast
import re

import pytest
from django.utils import timezone

from governance.models import AuditEvent
from reviews.enums import ClockEventKind, ItemAction
from reviews.models import ClockEvent
from reviews.selectors import timelines
from reviews.selectors.timelines import Entry
from reviews.templatetags.clocks import SIGNS, says
from tests import world
from tests.architecture.test_sources import ROOT

ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
# Tasks, the kind of a job, and actions of the streams of calls, predictions, policies, calendars.
TASKS = ("governance.", "reviews.", "feedback.")
OF_OTHERS = frozenset(
    ("sla.apply", "predictions.received", "outcome.recorded", "sla_policy.applied",
     "calendar.followed", "maintenance.begun", "maintenance.ended",
     "retention.purged")
)  # fmt: skip


def recorded() -> set[str]:
    """Return the actions that services of reviews name: noun, full stop, verb."""
    trees = (ast.parse(path.read_text()) for path in (ROOT / "reviews/services").glob("*.py"))
    words = {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    found = {word for word in words if ACTION.fullmatch(word) and not word.startswith(TASKS)}
    assert found >= OF_OTHERS, "an action of others is gone, or was renamed"
    return found - OF_OTHERS


def test_every_action_of_an_item_has_words_and_no_words_are_left_over() -> None:
    assert recorded() == set(ItemAction.values)
    assert all(action.label != action.value for action in ItemAction)
    assert len(set(ItemAction.labels)) == len(ItemAction)


@pytest.mark.django_db
def test_whatever_stands_in_the_ledger_of_an_item_has_words() -> None:
    world.build()
    written = AuditEvent.objects.filter(stream__startswith="item:").values_list("action", flat=True)
    assert written
    assert set(written) <= set(ItemAction.values)


@pytest.mark.parametrize("kind", sorted(set(ClockEventKind) - set(timelines.TOLD_ELSEWHERE)))
def test_every_event_of_a_clock_has_words_and_a_sign_in_the_history_of_its_item(kind: str) -> None:
    now = timezone.now()
    entry = Entry(now, kind, 1, ("Until it is settled",), event=ClockEvent(kind=kind, at=now))
    assert says(entry) != kind
    assert kind in SIGNS


def test_a_change_of_terms_says_what_it_came_from() -> None:
    now = timezone.now()
    said = {
        says(Entry(now, "retarget", 1, (), event=ClockEvent(kind="retarget", reason=reason)))
        for reason in ("tier", "queue", "calendar", "policy", "another")
    }
    assert len(said) == 5
