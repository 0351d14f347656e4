"""Versions of models with their system cards, and how gates judged them."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.domain.ranges import Scale
from feedback.domain.system_cards import LOGS
from feedback.selectors import gates, registry, system_cards
from feedback.web.people import ReaderRequest, reader
from governance.exceptions import NotFound

LISTED = 100


@require_safe
@reader
def listed(request: ReaderRequest) -> HttpResponse:
    """List the versions of models within reach and the runs of gates, the newest first."""
    context = {
        "versions": registry.within(request.principal).order_by("-pk")[:LISTED],
        "runs": gates.runs(request.principal).order_by("-pk")[:LISTED],
    }
    return render(request, "feedback/models.html", context)


@require_safe
@reader
def card(request: ReaderRequest, name: str, version: str) -> HttpResponse:
    """Show the system card of a version."""
    row = registry.version(request.principal, name, version)
    made = system_cards.of(request.principal, row)
    scale = Scale(0.0, 1.0)
    for each in made["performance"]:
        for part in each["slices"]:
            part["bar"] = scale.bar(part["accuracy"], part["interval"])
    context = {
        "row": row,
        "card": made,
        "logs": [line.replace("`", "") for line in LOGS],
        "axis": scale.ticks(),
    }
    return render(request, "feedback/model.html", context)


@require_safe
@reader
def run(request: ReaderRequest, slug: str, run_id: uuid.UUID) -> HttpResponse:
    """Show what a gate said of a candidate: in words, drawn, and as a table."""
    gate = gates.gate(request.principal, slug)
    row = gates.run(request.principal, run_id)
    if row.plan.gate_id != gate.pk:
        raise NotFound("There is no such run.")
    checks = [dict(check) for check in row.result["checks"]]
    drawn = [check for check in checks if check["interval"]]
    margins = [-check["margin"] for check in drawn if check["margin"] is not None]
    scale = Scale.around([*margins, 0.0, *(bound for c in drawn for bound in c["interval"])])
    for check in drawn:
        check["bar"] = scale.bar(check["difference"], check["interval"])
        check["limit"] = None if check["margin"] is None else scale.at(-check["margin"])
    context = {
        "gate": gate, "run": row, "checks": checks, "nought": scale.at(0.0),
        "axis": scale.ticks(), "report": row.result["report"],
    }  # fmt: skip
    return render(request, "feedback/gate_run.html", context)
