"""Overriding an outcome: one form, from the page of a case or of a settled item."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.domain.faults import Fault
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.selectors import clock, policies
from reviews.models import Prediction, ReviewItem
from reviews.selectors import records
from reviews.services import overrides
from reviews.web import answers, drafts, flow, inputs, shown
from reviews.web.drafts import Draft
from reviews.web.people import DeskRequest, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def override(request: DeskRequest, prediction_id: uuid.UUID) -> HttpResponse:
    """Show what stands and ask for what is right; a POST puts it in its place."""
    if not request.principal.may(Permission.ADJUDICATE):
        raise NotPermitted(_("Overriding needs a role that settles disagreements."))
    row = records.predictions(request.principal).filter(pk=prediction_id).first()
    if row is None:
        raise NotFound("There is no such prediction.")
    if request.method != "POST":
        return _page(request, row, Draft())
    draft = Draft(rationale=request.POST.get("rationale", "").replace("\x00", ""))
    try:
        draft = _read(request, row)
        _override(request, row, draft)
    except InvalidInput as error:
        return _page(request, row, draft, faults=error.faults, status=422)
    except (Conflict, NotPermitted) as error:
        return _page(request, row, draft, fault=error.detail, status=error.status)
    flow.told(request, _("Overridden. Those who act on it are told."))
    return flow.leave(request, reverse("case", args=[row.pk]))


def _read(request: DeskRequest, row: Prediction) -> Draft:
    question = policies.document(row.config_version_id)["question"]
    return drafts.read(request.POST, question=question, output=row.output)


def _override(request: DeskRequest, row: Prediction, draft: Draft) -> None:
    rejects = draft.verdict == "reject"
    if not rejects and draft.answer is None:
        raise InvalidInput.at("/answer", _("Give the answer, or reject the prediction."))
    overrides.override(
        principal=request.principal,
        actor=request.user,
        prediction_id=row.pk,
        answer=None if rejects else draft.answer,
        reason_code=request.POST.get("reason_code", ""),
        rationale=draft.rationale,
        now=clock.now(),
    )


def _page(
    request: DeskRequest,
    row: Prediction,
    draft: Draft,
    *,
    faults: tuple[Fault, ...] = (),
    fault: str = "",
    status: int = 200,
) -> HttpResponse:
    document = policies.document(row.config_version_id)
    fields = answers.fields_of(document["question"], answer=draft.answer, scores=row.scores)
    item = ReviewItem.objects.select_related("resolution").filter(prediction=row).first()
    context: dict[str, Any] = {
        "prediction": row,
        "prompt": document["question"]["prompt"],
        "input": inputs.view(row.input),
        "item": item,
        "resolution": item.resolution if item else None,
        "codes": document["reason_codes"],
        "code": request.POST.get("reason_code", ""),
        "form": {"fields": fields, "draft": draft, "faults": shown.by_place(faults, fields)},
        "fault": fault,
    }
    return flow.page(request, "reviews/override.html", context, status=status)
