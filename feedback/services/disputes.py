"""Disputing a figure about oneself, and answering it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from feedback.domain import figures
from feedback.enums import DisputeOutcome, FigureName
from feedback.models import FigureDispute, FigureDisputeAnswer
from feedback.selectors import reviewer_figures
from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import Pipeline, User
from governance.selectors import persons
from governance.services import ledger

LONGEST = 2000


@dataclass(frozen=True)
class Disputed:
    """Which figure of which pipeline is disputed, and why."""

    pipeline: str
    figure: str
    reason: str


@transaction.atomic
def dispute(*, principal: Principal, actor: User, wanted: Disputed, now: datetime) -> FigureDispute:
    """Dispute a figure of one's own, as it stands now; nobody else sees it until it is answered.

    Conflict while an earlier dispute of the same figure is open.
    """
    pipeline = Pipeline.objects.filter(slug=wanted.pipeline).first()
    if pipeline is None or not principal.sees(pipeline.pk):
        raise NotFound(f"There is no pipeline {wanted.pipeline!r} within reach.")
    reason = _text(wanted.reason, "/reason", "Say why the figure is wrong.")
    if wanted.figure not in FigureName.values:
        known = ", ".join(FigureName.values)
        raise InvalidInput.at("/figure", f"There is no such figure: {known}.", code="unknown")
    last = (
        FigureDispute.objects.select_for_update(of=("self",))
        .filter(person=actor, pipeline=pipeline, figure=wanted.figure, followed_by=None)
        .first()
    )
    if last is not None and not hasattr(last, "answer"):
        raise Conflict("You dispute this figure already: it waits for an answer.")
    made = FigureDispute(
        person=actor, pipeline=pipeline, figure=wanted.figure, reason=reason, after=last,
        shown=_shown(actor, pipeline, wanted.figure, now), salt=ledger.new_salt(), opened_at=now,
    )  # fmt: skip
    made.save()
    ledger.first(
        stream=stream_of(made), action="figure.disputed", actor=actor, now=now,
        commitments={"reason": ledger.commit(made.salt, made.reason)},
        detail={
            "dispute": str(made.pk), "pipeline": pipeline.pk, "figure": made.figure,
            "after": str(last.pk) if last else None,
        },
    )  # fmt: skip
    return made


def _shown(person: User, pipeline: Pipeline, name: str, now: datetime) -> dict[str, object]:
    for sheet in reviewer_figures.own(person, now=now):
        if sheet.pipeline == pipeline:
            return figures.told(next(each for each in sheet.figures if each.name == name))
    raise NotFound(f"You have no figures in {pipeline.slug}.")


@transaction.atomic
def answer(
    *,
    principal: Principal,
    actor: User,
    dispute_id: uuid.UUID,
    outcome: str,
    text: str,
    now: datetime,
) -> FigureDisputeAnswer:
    """Answer a dispute, as somebody who leads and is another person; once.

    `stands`: the figure is shown again. `anew`: it counts only what was decided after the dispute
    was opened.
    """
    row = (
        FigureDispute.objects.select_for_update(of=("self",))
        .select_related("person", "pipeline")
        .filter(pk=dispute_id)
        .first()
    )
    if row is None or not principal.sees(row.pipeline_id):
        raise NotFound("There is no such dispute.")
    if not principal.may(Permission.ADJUDICATE):
        raise NotPermitted("Disputes are answered by roles with the permission adjudicate.")
    if persons.person_of(row.person) in persons.linked(actor):
        raise NotPermitted("This is a figure of your own: somebody else answers.")
    if outcome not in DisputeOutcome.values:
        raise InvalidInput.at("/outcome", "The outcome is stands or anew.", code="invalid")
    said = _text(text, "/text", "Say what you found.")
    if FigureDisputeAnswer.objects.filter(dispute=row).exists():
        raise Conflict("This dispute was answered already.")
    made = FigureDisputeAnswer(
        dispute=row, person=row.person, judge=actor, outcome=outcome, text=said,
        salt=ledger.new_salt(), at=now,
    )  # fmt: skip
    made.save()
    ledger.append(
        stream=stream_of(row), action="figure.answered", actor=actor, now=now,
        commitments={"text": ledger.commit(made.salt, made.text)},
        detail={"dispute": str(row.pk), "answer": str(made.pk), "outcome": outcome},
    )  # fmt: skip
    return made


def stream_of(row: FigureDispute) -> str:
    """Return the name of the ledger stream of a dispute."""
    return f"figure-dispute:{row.pk}"


def _text(text: str, pointer: str, ask: str) -> str:
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise InvalidInput.at(pointer, ask, code="required")
    if len(said) > LONGEST:
        raise InvalidInput.at(pointer, f"At most {LONGEST} characters.", code="length")
    return said
