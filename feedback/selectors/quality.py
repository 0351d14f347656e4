"""How good the model of a pipeline is over all that it was asked, as the reviewed sample tells.

What was settled without having been drawn (an override of what a rule approved, say) is no part of
the sample: who looked had a reason to.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Floor, TruncWeek

from feedback.domain import calibration, confusion, quality_wording
from feedback.domain.calibration import Calibration
from feedback.domain.confusion import ClassFigure, Judged
from feedback.domain.estimators import Estimate, Figure, Study
from feedback.domain.sampled_groups import Group, Stratum, by_stratum, weights_of
from feedback.enums import FigureName, Measure
from feedback.selectors import reviewer_figures
from governance.domain.principal import Principal
from governance.enums import Scope
from governance.exceptions import InvalidInput, NotFound, NotPermitted
from governance.models import Pipeline, User
from governance.selectors import policies
from reviews.enums import Disposition, Verdict
from reviews.models import Prediction, Withdrawal

PARTS = ("scenario_type", "model_version", "tier", "week", "label", "reviewer")
BINS = 200
"""Confidence is told apart by half hundredths; the mean of each is exact."""
FIGURES = {
    Measure.ACCURACY: FigureName.AGREEMENT,
    Measure.PRECISION: FigureName.PRECISION,
    Measure.RECALL: FigureName.MISSED,
}


@dataclass(frozen=True)
class Wanted:
    """What is asked of a pipeline: a measure, from `since` up to `until`, and by what."""

    pipeline: Pipeline
    measure: str = Measure.ACCURACY
    by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    only: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """A measure of one part of the traffic, with all that is known beside it."""

    by: str | None
    n: int
    n_reviewed: int
    naive: Figure | None
    figure: Figure | None
    method: str
    sentence: str
    estimate: Estimate | None = None
    calibration: Calibration | None = None


def may_measure(principal: Principal) -> bool:
    """Return whether measures are for somebody: who leads, audits or governs, or takes data."""
    if reviewer_figures.leads(principal):
        return True
    return principal.scopes is not None and principal.has_scope(Scope.DATASETS_READ)


def pipeline(principal: Principal, slug: str) -> Pipeline:
    """Return a pipeline whose measures somebody may see. Raises NotPermitted and NotFound."""
    if not may_measure(principal):
        raise NotPermitted("Measures need a role with the permission adjudicate or audit.")
    row = Pipeline.objects.filter(slug=slug).first()
    if row is None or not principal.sees(row.pk):
        raise NotFound(f"There is no pipeline {slug!r}.")
    return row


def pipelines(principal: Principal) -> list[Pipeline]:
    """Return the pipelines whose measures somebody may see, by name."""
    if not may_measure(principal):
        return []
    rows = Pipeline.objects.exclude(live=None).order_by("name")
    if principal.pipelines is not None:
        rows = rows.filter(pk__in=principal.pipelines)
    return list(rows)


def cells(wanted: Wanted, *, asked_by: User, now: datetime) -> list[Cell]:
    """Return the cells of a measure: one, or one for each part by which it is asked."""
    if wanted.by == "reviewer":
        return _of_reviewers(wanted, asked_by=asked_by, now=now)
    if wanted.by == "label" and wanted.measure not in (Measure.PRECISION, Measure.RECALL):
        raise InvalidInput.at("/by", "By label there are precision and recall.")
    if wanted.measure in (Measure.PRECISION, Measure.RECALL):
        return _of_classes(wanted)
    groups = counted(wanted)
    parts: dict[str, list[int]] = defaultdict(list)
    for place, (part, _) in enumerate(groups):
        parts[part].append(place)
    study = Study([group for _, group in groups])
    named = sorted(parts.items()) if wanted.by else [("", list(range(len(groups))))]
    of = _calibrated if wanted.measure == Measure.CALIBRATION else _accurate
    return [of(study, part if wanted.by else None, places) for part, places in named]


def _accurate(study: Study, part: str | None, places: Sequence[int]) -> Cell:
    found = study.estimate(places)
    return Cell(
        part, found.n, found.n_reviewed, found.naive, found.figure, found.method,
        quality_wording.accuracy(found), estimate=found,
    )  # fmt: skip


def _calibrated(study: Study, part: str | None, places: Sequence[int]) -> Cell:
    groups = [study.groups[i] for i in places]
    found = calibration.of(groups, weights_of(by_stratum(groups), study.rates))
    naive = None if found.naive is None else Figure(found.naive, (found.naive, found.naive))
    return Cell(
        part, sum(g.n for g in groups), found.n, naive, found.figure,
        "debiased" if found.figure else "none", quality_wording.calibration(found),
        calibration=found,
    )  # fmt: skip


def _of_classes(wanted: Wanted) -> list[Cell]:
    document = policies.document(wanted.pipeline.live_id) if wanted.pipeline.live_id else {}
    if document.get("question", {}).get("kind") != "choice":
        raise InvalidInput.at(
            "/metric", "Only a question with choices has precision and recall; ask for accuracy."
        )
    sought = confusion.precision if wanted.measure == Measure.PRECISION else confusion.recall
    by_part = Wanted(
        wanted.pipeline, by="" if wanted.by == "label" else wanted.by, since=wanted.since,
        until=wanted.until, only=wanted.only,
    )  # fmt: skip
    groups = counted(by_part)
    study = Study([group for _, group in groups])
    rows: dict[str, list[Judged]] = defaultdict(list)
    for row in judged(by_part):
        rows[row.part].append(row)
    parts: dict[str, list[Group]] = defaultdict(list)
    for part, group in groups:
        parts[part].append(group)
    if not by_part.by:
        parts.setdefault("", [])
    found: list[Cell] = []
    for part, own in sorted(parts.items()):
        figures = sought(rows[part], weights_of(by_stratum(own), study.rates))
        if wanted.by == "label":
            found += [_of_class(wanted.measure, each, own) for each in figures]
        else:
            found.append(_mean(wanted.measure, part if wanted.by else None, figures, own))
    return found


def _of_class(measure: str, each: ClassFigure, groups: Sequence[Group]) -> Cell:
    return Cell(
        each.label, sum(g.n for g in groups), each.n, each.naive, each.figure, "weighted",
        quality_wording.of_class(measure, each.label, each.n, each.figure),
    )  # fmt: skip


def _mean(
    measure: str, part: str | None, figures: Sequence[ClassFigure], groups: Sequence[Group]
) -> Cell:
    naive, figure = confusion.mean(figures)
    return Cell(
        part, sum(g.n for g in groups), sum(g.settled for g in groups), naive, figure,
        "macro" if figure else "none", quality_wording.of_classes(measure, len(figures), figure),
    )  # fmt: skip


def mistaken(wanted: Wanted, *, most: int) -> list[tuple[str, str, float, int]]:
    """Return what is most often taken for what, of all traffic."""
    groups = [group for _, group in counted(wanted)]
    strata = by_stratum(groups)
    weights: Mapping[Stratum, float] = weights_of(strata, Study(groups).rates)
    rows = judged(wanted)
    return confusion.mistaken(rows, weights, most=most) if rows else []


def counted(wanted: Wanted) -> list[tuple[str, Group]]:
    """Return the predictions of a period, counted by part, stratum and confidence."""
    drawn = Q(disposition=Disposition.IN_REVIEW)
    settled = drawn & Q(item__resolution__isnull=False)
    rows = (
        _predictions(wanted)
        .annotate(
            part=_part(wanted.by),
            bin=Cast(Floor(F("confidence") * BINS), IntegerField()),
        )
        .values("part", "tier", "propensity", "bin")
        .annotate(
            n=Count("pk"),
            drawn=Count("pk", filter=drawn),
            settled=Count("pk", filter=settled),
            right=Count("pk", filter=settled & Q(item__resolution__verdict=Verdict.ACCEPT)),
            sure=Sum("confidence"),
        )
        .order_by("part", "tier", "propensity", "bin")
    )
    return [
        (
            _name(row["part"]),
            Group(
                row["tier"], row["propensity"], row["n"], row["drawn"], row["settled"],
                row["right"], None if row["sure"] is None else row["sure"] / row["n"],
            ),
        )
        for row in rows
    ]  # fmt: skip


def judged(wanted: Wanted) -> list[Judged]:
    """Return what the model and what people said of the settled predictions, counted."""
    rows = (
        _predictions(wanted)
        .filter(disposition=Disposition.IN_REVIEW, item__resolution__isnull=False)
        .annotate(
            part=_part(wanted.by),
            said=KeyTextTransform("label", "output"),
            found=KeyTextTransform("label", "item__resolution__answer"),
        )
        .values("part", "tier", "propensity", "said", "found")
        .annotate(n=Count("pk"))
        .order_by("part", "tier", "propensity", "said", "found")
    )
    return [
        Judged(
            (row["tier"], row["propensity"]), row["said"] or "", row["found"] or "", row["n"],
            _name(row["part"]),
        )
        for row in rows
    ]  # fmt: skip


def _predictions(wanted: Wanted) -> "QuerySet[Prediction]":
    rows = Prediction.objects.filter(
        ~Exists(Withdrawal.objects.filter(prediction=OuterRef("pk"))),
        pipeline=wanted.pipeline, **wanted.only,
    )  # fmt: skip
    if wanted.since:
        rows = rows.filter(received_at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(received_at__lt=wanted.until)
    return rows


def _part(by: str) -> Any:
    if by == "week":
        return TruncWeek("received_at")
    return F(by) if by else Value("")


def _name(part: Any) -> str:
    return part.date().isoformat() if isinstance(part, datetime) else str(part)


def _of_reviewers(wanted: Wanted, *, asked_by: User, now: datetime) -> list[Cell]:
    """Return how often reviewers are right, as far as somebody may see it: masked, and later.

    Accuracy is agreement with what others settled, precision that of corrections, recall the share
    of the model's errors that were not let pass. The period is that of the figures of reviewers.
    """
    if wanted.measure not in FIGURES:
        raise InvalidInput.at("/metric", "By reviewer there are accuracy, precision, recall.")
    name = FIGURES[Measure(wanted.measure)]
    sheets = [
        sheet
        for sheet in reviewer_figures.own(asked_by, now=now)
        if sheet.pipeline == wanted.pipeline
    ]
    sheets += [
        sheet
        for sheet in reviewer_figures.of_others(wanted.pipeline, now=now)
        if sheet.person != asked_by
    ]
    found = []
    for sheet in sorted(sheets, key=lambda each: each.person.username):
        own = next(each for each in sheet.figures if each.name == name)
        figure = None
        if own.value is not None and own.interval is not None:
            value, (low, high) = own.value, own.interval
            if name == FigureName.MISSED:
                value, low, high = 1 - value, 1 - high, 1 - low
            figure = Figure(value, (low, high))
        found.append(
            Cell(sheet.person.username, sheet.decided, own.n, figure, figure,
                 "counted" if figure else "none", own.sentence)
        )  # fmt: skip
    return found
