"""The figures of reviewers, worked out from their decisions, for themselves and for others.

A person sees each case at once. Others see it LEAD_DELAY later, not before the person has read what
is measured, and never a figure that the person disputes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from feedback.domain import figures
from feedback.domain.figures import Figure, Judged
from feedback.enums import DisputeOutcome, FigureName
from feedback.models import FigureDispute
from governance.domain.principal import Principal
from governance.domain.times import parse_duration
from governance.enums import Permission, Scope
from governance.models import Pipeline, Role, User
from governance.selectors import notices
from reviews.domain.consensus import key
from reviews.enums import ResolutionKind, Verdict
from reviews.models import Challenge, Decision
from reviews.selectors.desk import ANSWERS

PERIOD = timedelta(days=90)
LEAD_DELAY = timedelta(days=7)
NOT_TOLD = "Not shown: this person has not read yet what is measured."
DISPUTED = "Not shown: this person disputes it, and nobody has answered yet."
# With these kinds of outcome somebody else had a part in it.
BY_OTHERS = (ResolutionKind.AGREEMENT, ResolutionKind.ADJUDICATED, ResolutionKind.OVERTURNED)
EXPECTED = {
    FigureName.TURNAROUND_HALF: "turnaround_p50",
    FigureName.TURNAROUND_NINE: "turnaround_p90",
    FigureName.AGREEMENT: "agreement_min",
    FigureName.PRECISION: "correction_precision_min",
}


@dataclass(frozen=True)
class Sheet:
    """The figures of one person in one pipeline, in the order of FigureName.

    `decided` counts what they answered in the period, and never is masked.
    """

    person: User
    pipeline: Pipeline
    decided: int
    figures: Sequence[Figure]


def leads(principal: Principal) -> bool:
    """Return whether somebody may see the figures of others: who leads, audits or governs."""
    if principal.scopes is None:
        return principal.may(Permission.ADJUDICATE) or principal.may(Permission.AUDIT)
    if principal.has_scope(Scope.AUDIT_READ, Scope.GOVERN):
        return True
    return principal.may(Permission.ADJUDICATE)


def own(person: User, *, now: datetime) -> list[Sheet]:
    """Return the figures of a person, one sheet for each pipeline, by slug, up to now."""
    places = Pipeline.objects.filter(
        Q(pk__in=_answers(now - PERIOD, now).filter(reviewer=person).values("item__pipeline"))
        | Q(memberships__user=person)
    )
    return [
        sheet
        for pipeline in places.distinct().order_by("slug")
        for sheet in _sheets(pipeline, [person], now - PERIOD, now)
    ]


def of_others(pipeline: Pipeline, *, now: datetime) -> list[Sheet]:
    """Return the figures of all who decided in a pipeline, by username, as others may see them."""
    until = now - LEAD_DELAY
    deciding = _answers(until - PERIOD, until).filter(item__pipeline=pipeline).values("reviewer")
    recent = _answers(until, now).filter(item__pipeline=pipeline).values("reviewer")
    people = list(User.objects.filter(Q(pk__in=deciding) | Q(pk__in=recent)).order_by("username"))
    told = notices.first_told([person.pk for person in people])
    disputed = _disputed(pipeline)
    return [
        replace(sheet, figures=[_to_others(sheet, each, told, disputed) for each in sheet.figures])
        for sheet in _sheets(pipeline, people, until - PERIOD, until)
    ]


def _to_others(
    sheet: Sheet, figure: Figure, told: Mapping[int, datetime], disputed: set[tuple[int, str]]
) -> Figure:
    if sheet.person.pk not in told:
        return figures.masked(figure.name, figure.n, figure.expected, NOT_TOLD)
    if (sheet.person.pk, str(figure.name)) in disputed:
        return figures.masked(figure.name, figure.n, figure.expected, DISPUTED)
    return figure


def _disputed(pipeline: Pipeline) -> set[tuple[int, str]]:
    rows = FigureDispute.objects.filter(pipeline=pipeline, answer=None)
    return set(rows.values_list("person", "figure"))


def _sheets(
    pipeline: Pipeline, people: Sequence[User], since: datetime, until: datetime
) -> Iterator[Sheet]:
    rows: dict[int, list[tuple[datetime, Judged]]] = {person.pk: [] for person in people}
    found = _answers(since, until).filter(item__pipeline=pipeline, reviewer__in=rows)
    for reviewer, at, judged in _judged(found):
        rows[reviewer].append((at, judged))
    anew = _anew(pipeline)
    for person in people:
        expected = _expected(person)
        own_rows = rows[person.pk]
        yield Sheet(
            person,
            pipeline,
            len(own_rows),
            [
                figures.of(
                    name,
                    [j for at, j in own_rows if at > anew.get((person.pk, str(name)), since)],
                    expected.get(name),
                )
                for name in FigureName
            ],
        )


def _anew(pipeline: Pipeline) -> dict[tuple[int, str], datetime]:
    """Return from when figures count that a lead had counted anew."""
    rows = FigureDispute.objects.filter(pipeline=pipeline, answer__outcome=DisputeOutcome.ANEW)
    found = rows.order_by("opened_at").values_list("person", "figure", "opened_at")
    return {(person, figure): at for person, figure, at in found}


def _answers(since: datetime, until: datetime) -> "QuerySet[Decision]":
    return Decision.objects.filter(
        undoes=None, undone_by=None, verdict__in=ANSWERS, decided_at__gt=since,
        decided_at__lte=until,
    )  # fmt: skip


def _judged(rows: "QuerySet[Decision]") -> Iterator[tuple[int, datetime, Judged]]:
    challenged = Challenge.objects.filter(
        resolution=OuterRef("item__resolution"), outcome__isnull=True
    )
    columns = rows.annotate(challenged=Exists(challenged)).values_list(
        "reviewer", "decided_at", "assignment__claimed_at", "verdict", "answer",
        "item__resolution__kind", "item__resolution__verdict", "item__resolution__answer",
        "challenged",
    )  # fmt: skip
    for reviewer, at, claimed, verdict, answer, kind, outcome, final, doubted in columns.iterator():
        accepted = verdict == Verdict.ACCEPT
        judged = Judged((at - claimed).total_seconds(), accepted)
        # What is challenged counts for nobody and against nobody until it is judged.
        if kind in BY_OTHERS and not doubted:
            judged = replace(
                judged, agreed=key(answer) == key(final), model_wrong=outcome != Verdict.ACCEPT
            )
        yield reviewer, at, judged


def _expected(person: User) -> dict[FigureName, float]:
    """Return what the roles of a person expect; of several the least strict."""
    found: dict[FigureName, float] = {}
    for role in Role.objects.filter(group__user=person):
        for name, word in EXPECTED.items():
            value = role.expectations.get(word)
            if value is None:
                continue
            number = _number(value)
            least = max if name in figures.QUANTILES else min
            found[name] = least(found.get(name, number), number)
    return found


def _number(value: Any) -> float:
    return parse_duration(value).total_seconds() if isinstance(value, str) else float(value)
