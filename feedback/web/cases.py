"""A case on one page, to read, to print and to take along as evidence."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feedback.selectors import case_files
from feedback.web.people import ReaderRequest, reader
from governance.domain import case_verifier
from governance.enums import Permission
from governance.selectors import clock
from reviews.models import Prediction
from reviews.selectors import restrictions, trace


@require_safe
@reader
def page(request: ReaderRequest, prediction_id: uuid.UUID) -> HttpResponse:
    """Show what is known of a prediction, and whether all of it verifies."""
    row = case_files.prediction_of(request.principal, prediction_id)
    document = _document(row)
    case, holds, fault = document["case"], [], ""
    try:
        keys = [str(settings.LEDGER_SIGNER.verifier)]
        holds = case_verifier.verify(json.dumps(document).encode(), keys)
    except case_verifier.Wrong as error:
        fault = str(error)
    for each in case["datasets"]:
        each["ref"] = f"dataset:{each['dataset']}@{each['version']}"
    context = {
        "case": case,
        "ref": f"prediction:{prediction_id}",
        "item": case["item"],
        "restricted": restrictions.on(row),
        "overrides": request.principal.may(Permission.ADJUDICATE),
        "people": {int(key): name for key, name in document["people"].items()},
        "events": trace.events(row),
        "document": document,
        "input": _indented(case["input"]),
        "output": _indented(case["output"]),
        "holds": holds,
        "fault": fault,
        "now": clock.now(),
    }
    return render(request, "feedback/case.html", context)


@require_safe
@reader
def download(request: ReaderRequest, prediction_id: uuid.UUID) -> HttpResponse:
    """Hand out the case file, as the API does."""
    document = _document(case_files.prediction_of(request.principal, prediction_id))
    response = HttpResponse(json.dumps(document), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="case-{prediction_id}.json"'
    return response


@require_safe
@reader
def verifier(request: ReaderRequest) -> HttpResponse:
    """Hand out the program that checks case files with nothing but Python."""
    response = HttpResponse(case_files.verifier(), content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="case_verifier.py"'
    return response


def _document(row: Prediction) -> dict[str, Any]:
    return case_files.case_file(row, signer=settings.LEDGER_SIGNER, now=clock.now())


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
