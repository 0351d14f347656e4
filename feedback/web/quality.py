"""How good a model is: over what people saw, and over all that it was asked, drawn and as CSV."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from feedback.domain import agreement_wording, complementarity
from feedback.domain.calibration import Bin
from feedback.domain.estimators import Figure
from feedback.domain.ranges import Scale
from feedback.enums import Measure
from feedback.selectors import agreement, lessons, quality, thresholds
from feedback.selectors import complementarity as complements
from feedback.selectors.quality import Cell, Wanted
from feedback.services import thresholds as certifying
from feedback.web.people import ReaderRequest, member
from governance.domain import csv_text
from governance.exceptions import Conflict, NotFound, NotPermitted
from governance.models import Pipeline
from governance.selectors import clock

PERIODS = {"30": _("30 days"), "90": _("90 days"), "": _("All that ever came")}
PARTS = {
    "scenario_type": _("Scenario"),
    "model_version": _("Model version"),
    "tier": _("Tier"),
    "week": _("Week"),
}
METHODS = {
    "naive": _("Over what was reviewed, as it stands"),
    "stratified": _("Weighted by tier and propensity"),
    "aipw": _("Predicted from confidence, put right by reviews"),
    "hajek": _("Weighted by propensity alone"),
}
MISTAKES = 12
PAIRS = 6
ERRORS = {"0.01": "1 %", "0.02": "2 %", "0.05": "5 %", "0.1": "10 %"}
CONFIDENCES = {"0.9": "90 %", "0.95": "95 %", "0.99": "99 %"}
SEE_OTHER = 303
WHOLE = Scale(0.0, 1.0)


@require_safe
@member
def page(request: ReaderRequest) -> HttpResponse:
    """Show the measures of a pipeline, or one of their tables as CSV."""
    reached = quality.pipelines(request.principal)
    if not reached:
        raise NotPermitted("Measures need a role with the permission adjudicate or audit.")
    chosen = _chosen(request.GET, reached)
    wanted = _wanted(request, chosen, clock.now())
    tables = _tables(request, wanted, chosen)
    sought = request.GET.get("format")
    if sought is not None:
        return _csv(tables, wanted, sought, request.GET.get("table", ""))
    whole, sure = tables["accuracy"][0], tables["calibration"][0]
    context = {
        "pipelines": reached,
        "chosen": chosen,
        "periods": PERIODS.items(),
        "parts": PARTS.items(),
        "part_name": PARTS[chosen["by"]],
        "wanted": wanted,
        "whole": whole,
        "estimates": _estimates(whole),
        "cells": [_drawn(each) for each in tables["parts"]],
        "sure": sure,
        "bins": [_point(each) for each in sure.calibration.bins] if sure.calibration else [],
        "mistaken": tables["mistaken"],
        "axis": WHOLE.ticks(),
        **_certified(request, wanted.pipeline),
        "waiting": thresholds.waiting(wanted.pipeline),
        "errors": ERRORS.items(),
        "confidences": CONFIDENCES.items(),
        **_agreement(wanted),
        **_complements(wanted),
        "query": _query(chosen),
    }
    return render(request, "feedback/quality.html", context)


def _certified(request: ReaderRequest, pipeline: Pipeline) -> dict[str, Any]:
    event = thresholds.certified(pipeline)
    differs = event is not None and any(each["change"] for each in event.detail["boundaries"])
    return {
        "certified": event, "proposable": differs and lessons.may_write(request.principal),
    }  # fmt: skip


@require_POST
@member
def propose(request: ReaderRequest) -> HttpResponse:
    """Draft the change that a certificate stands for, and show it."""
    try:
        key = uuid.UUID(request.POST.get("certificate", ""))
    except ValueError:
        raise NotFound("There is no such certificate.") from None
    slug = request.POST.get("pipeline", "")
    try:
        row = certifying.propose(
            principal=request.principal, actor=request.user, slug=slug, certificate=key,
            now=clock.now(),
        )  # fmt: skip
    except Conflict as error:
        messages.warning(request, error.detail)
        query = QueryDict(mutable=True)
        query["pipeline"] = slug
        return HttpResponseRedirect(f"{reverse('quality')}?{query.urlencode()}", status=SEE_OTHER)
    return HttpResponseRedirect(reverse("change", args=[row.pk]), status=SEE_OTHER)


@require_POST
@member
def certify(request: ReaderRequest) -> HttpResponse:
    """Ask for a certified threshold; the page shows it once a worker has found it."""
    slug, error, sure = (request.POST.get(n, "") for n in ("pipeline", "max_error", "confidence"))
    if error not in ERRORS or sure not in CONFIDENCES:
        raise NotFound("Such a threshold is not offered.")
    certifying.request(
        principal=request.principal, actor=request.user, slug=slug, max_error=float(error),
        confidence=float(sure), now=clock.now(),
    )  # fmt: skip
    messages.success(request, _("It is being worked out. Load the page again in a moment."))
    query = QueryDict(mutable=True)
    query["pipeline"] = slug
    return HttpResponseRedirect(f"{reverse('quality')}?{query.urlencode()}", status=SEE_OTHER)


def _agreement(wanted: Wanted) -> dict[str, Any]:
    found = agreement.of_pipeline(
        wanted.pipeline, wanted.since, wanted.until or clock.now(), most=PAIRS
    )
    said = agreement_wording.alpha(found.alpha, found.interval, found.items)
    pairs = [(_words(a), _words(b), n) for a, b, n in found.disagreements]
    return {"agreed": replace(found, disagreements=pairs), "agreement_said": said}


def _complements(wanted: Wanted) -> dict[str, Any]:
    whole, *slices = complements.of_pipeline(
        wanted.pipeline, wanted.since, wanted.until or clock.now()
    )
    shown = [each for each in slices if each.interval]
    return {"complement_said": complementarity.sentence(whole), "complements": shown}


def _words(answer: str) -> str:
    told = json.loads(answer)
    return str(told.get("label", answer)) if isinstance(told, dict) else answer


def _chosen(given: QueryDict, reached: Sequence[Pipeline]) -> dict[str, str]:
    """Return what the filters of the page say; what it does not offer is not found."""
    chosen = {
        "pipeline": given.get("pipeline") or reached[0].slug,
        "days": given.get("days", ""),
        "by": given.get("by", "scenario_type"),
    }
    if chosen["days"] not in PERIODS or chosen["by"] not in PARTS:
        raise NotFound("There are no such figures.")
    return chosen


def _wanted(request: ReaderRequest, chosen: dict[str, str], now: datetime) -> Wanted:
    row = quality.pipeline(request.principal, chosen["pipeline"])
    since = now - timedelta(days=int(chosen["days"])) if chosen["days"] else None
    return Wanted(row, since=since, until=now)


def _tables(request: ReaderRequest, wanted: Wanted, chosen: dict[str, str]) -> dict[str, Any]:
    def cells(measure: str, by: str = "") -> list[Cell]:
        asked = Wanted(wanted.pipeline, measure, by, wanted.since, wanted.until)
        return quality.cells(asked, asked_by=request.user, now=clock.now())

    return {
        "accuracy": cells(Measure.ACCURACY),
        "parts": cells(Measure.ACCURACY, chosen["by"]),
        "calibration": cells(Measure.CALIBRATION),
        "mistaken": quality.mistaken(wanted, most=MISTAKES),
    }


def _estimates(whole: Cell) -> list[dict[str, Any]]:
    """Return the figure of each estimator with where it lies."""
    found = []
    for name, words in METHODS.items():
        figure = whole.estimate and getattr(whole.estimate, name)
        if figure:
            bar = WHOLE.bar(figure.value, figure.interval)
            found.append(
                {"name": name, "words": words, "figure": figure, "bar": bar,
                 "answer": name == whole.method}
            )  # fmt: skip
    return found


def _drawn(cell: Cell) -> dict[str, Any]:
    bar = cell.figure and WHOLE.bar(cell.figure.value, cell.figure.interval)
    return {"cell": cell, "bar": bar}


def _point(each: Bin) -> dict[str, Any]:
    """Return where a bin lies on a square of a hundred, the right way up."""
    low, high = each.interval
    return {
        "bin": each, "x": WHOLE.at(each.confidence), "y": 100 - WHOLE.at(each.accuracy),
        "low": 100 - WHOLE.at(low), "high": 100 - WHOLE.at(high),
    }  # fmt: skip


def _query(chosen: dict[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in chosen.items() if value})
    return query.urlencode()


def _csv(tables: dict[str, Any], wanted: Wanted, sought: str, name: str) -> HttpResponse:
    if sought != "csv" or name not in CSV:
        raise NotFound("There is no such table.")
    head, rows = CSV[name](tables)
    file = f"{wanted.pipeline.slug}-{name}.csv"
    return HttpResponse(
        csv_text.table(head, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )


def _figure(figure: Figure | None) -> list[float | None]:
    return [figure.value, *figure.interval] if figure else [None, None, None]


def _csv_estimates(tables: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    rows = [[row["name"], *_figure(row["figure"])] for row in _estimates(tables["accuracy"][0])]
    return ["estimator", "value", "low", "high"], rows


def _csv_parts(tables: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    head = ["by", "n", "reviewed", "naive", "estimate", "low", "high", "method", "sentence"]
    rows = [
        [
            cell.by, cell.n, cell.n_reviewed, cell.naive and cell.naive.value,
            *_figure(cell.figure), cell.method, cell.sentence,
        ]
        for cell in tables["parts"]
    ]  # fmt: skip
    return head, rows


def _csv_calibration(tables: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    found = tables["calibration"][0].calibration
    head = ["low", "high", "n", "confidence", "accuracy", "accuracy_low", "accuracy_high"]
    rows = [[b.low, b.high, b.n, b.confidence, b.accuracy, *b.interval] for b in found.bins]
    return head, rows


def _csv_mistaken(tables: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    return ["predicted", "actual", "share", "settled"], [list(row) for row in tables["mistaken"]]


CSV = {
    "estimates": _csv_estimates,
    "parts": _csv_parts,
    "calibration": _csv_calibration,
    "mistaken": _csv_mistaken,
}
