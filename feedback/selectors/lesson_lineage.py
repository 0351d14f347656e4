"""What signals, retrospectives and lessons are in lineage: raw below, derived above."""

from collections.abc import Iterator, Sequence

from django.db.models import F

from feedback.models import (
    FeedbackSignal,
    Lesson,
    LessonSource,
    RetrospectiveConclusion,
    RetrospectiveItem,
)
from feedback.selectors import lessons, retrospectives, signals
from governance.domain.lineage import UUID, Node, Ref
from governance.domain.principal import Principal
from governance.selectors import lineage
from governance.selectors.adjustment_lineage import ADJUSTMENT
from governance.selectors.lineage import Kind, Pair, Relation
from reviews.selectors.lineage import DECISION, PREDICTION

SIGNAL, LESSON, RETROSPECTIVE = "signal", "lesson", "retrospective"


def of_signals(principal: Principal, names: Sequence[str]) -> Iterator[Node]:
    """Yield signals within reach; those of items that are blind to the principal are left out."""
    found = (
        signals.within(principal)
        .filter(pk__in=names)
        .values_list(
            "pk", "kind", "pipeline__slug", "resolved_at", "resolution", "item__resolution"
        )
    )
    for pk, kind, slug, resolved_at, resolution, stands in found:
        facts = {"teaches": kind, "stands": resolution == stands}
        label = kind.replace("_", " ")
        yield Node(Ref(SIGNAL, str(pk)), label, slug, resolved_at, facts)


def of_lessons(principal: Principal, names: Sequence[str]) -> Iterator[Node]:
    """Yield lessons within reach."""
    found = (
        lessons.within(principal)
        .filter(pk__in=names)
        .values_list("pk", "title", "pipeline__slug", "written_at", "state")
    )
    for pk, title, slug, written_at, state in found:
        yield Node(Ref(LESSON, str(pk)), title, slug, written_at, {"state": state})


def of_retrospectives(principal: Principal, names: Sequence[str]) -> Iterator[Node]:
    """Yield retrospectives within reach."""
    found = (
        retrospectives.within(principal)
        .filter(pk__in=names)
        .values_list("pk", "title", "pipeline__slug", "opened_at", "state")
    )
    for pk, title, slug, opened_at, state in found:
        yield Node(Ref(RETROSPECTIVE, str(pk)), title, slug, opened_at, {"state": state})


def _taught(names: Sequence[str]) -> Iterator[Pair]:
    for decision, signal in signals.of_decisions(names):
        yield decision, str(signal)


def _derived_from(names: Sequence[str]) -> Iterator[Pair]:
    for pk, decisions in FeedbackSignal.objects.filter(pk__in=names).values_list("pk", "decisions"):
        for decision in decisions:
            yield decision, str(pk)


def _drawn(names: Sequence[str]) -> Iterator[Pair]:
    rows = LessonSource.objects.filter(signal__in=[*names]).values_list("signal", "lesson")
    for signal, lesson in rows:
        yield str(signal), str(lesson)


def _drawn_from(names: Sequence[str]) -> Iterator[Pair]:
    rows = LessonSource.objects.filter(lesson__in=[*names]).values_list("signal", "lesson")
    for signal, lesson in rows:
        yield str(signal), str(lesson)


def _led_to(names: Sequence[str]) -> Iterator[Pair]:
    rows = Lesson.objects.filter(pk__in=names).exclude(adjustment="")
    for pk, adjustment in rows.values_list("pk", "adjustment"):
        yield str(pk), adjustment.removeprefix(f"{ADJUSTMENT}:")


def _came_of(names: Sequence[str]) -> Iterator[Pair]:
    rows = Lesson.objects.filter(adjustment__in=[f"{ADJUSTMENT}:{name}" for name in names])
    for pk, adjustment in rows.values_list("pk", "adjustment"):
        yield str(pk), adjustment.removeprefix(f"{ADJUSTMENT}:")


def _looked_at(names: Sequence[str]) -> Iterator[Pair]:
    rows = RetrospectiveItem.objects.filter(item__prediction__in=[*names])
    for prediction, look in rows.values_list("item__prediction", "retrospective"):
        yield str(prediction), str(look)


def _looked_at_in(names: Sequence[str]) -> Iterator[Pair]:
    rows = RetrospectiveItem.objects.filter(retrospective__in=[*names])
    for prediction, look in rows.values_list("item__prediction", "retrospective"):
        yield str(prediction), str(look)


def _concluded(names: Sequence[str]) -> Iterator[Pair]:
    return _conclusions(retrospective__in=names)


def _concluded_from(names: Sequence[str]) -> Iterator[Pair]:
    return _conclusions(lesson__in=names)


def _conclusions(**of: Sequence[str]) -> Iterator[Pair]:
    rows = RetrospectiveConclusion.objects.filter(lesson__isnull=False)
    found = rows.annotate(retrospective=F("finding__retrospective")).filter(**of)
    for look, lesson in found.values_list("retrospective", "lesson").distinct():
        yield str(look), str(lesson)


def register() -> None:
    """Make them known to the graph."""
    lineage.register(
        Kind(SIGNAL, "Signal", UUID, of_signals),
        Kind(LESSON, "Lesson", UUID, of_lessons, single=True),
        Kind(RETROSPECTIVE, "Retrospective", UUID, of_retrospectives, single=True),
        Relation(DECISION, SIGNAL, "taught", _taught, _derived_from),
        Relation(SIGNAL, LESSON, "drawn_from", _drawn, _drawn_from),
        Relation(PREDICTION, RETROSPECTIVE, "looked_back_at", _looked_at, _looked_at_in),
        Relation(RETROSPECTIVE, LESSON, "concluded_in", _concluded, _concluded_from),
        Relation(LESSON, ADJUSTMENT, "led_to", _led_to, _came_of),
    )
