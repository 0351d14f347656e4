"""Incidents: opening one takes down what was in force and holds it until it is reported.

While one is to be reported, nobody brings another configuration or model into force in its
pipeline. Stopping and rolling back stay possible: they protect people, and all that was before
them is kept.
"""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.domain import incidents as law
from governance.domain.principal import Principal
from governance.domain.times import rfc3339
from governance.enums import IncidentStepKind, Permission, Severity
from governance.exceptions import Conflict, Frozen, InvalidInput, NotFound, NotPermitted
from governance.models import Incident, IncidentStep, LegalHold, Pipeline, User
from governance.models.base import uuid7
from governance.selectors import effective, incidents, persons, proving
from governance.services import dispatch, ledger

MAX_TITLE, MAX_TEXT = 200, 4000
TELLERS = (Permission.ADJUDICATE, Permission.APPROVE)


@transaction.atomic
def begin(
    *,
    principal: Principal,
    actor: User,
    pipeline: str,
    severity: str,
    title: str,
    text: str,
    aware_at: datetime,
    now: datetime,
) -> Incident:
    """Open an incident; one that the law wants reported holds the records of its pipeline.

    `aware_at` is when one became aware of it, from which the law counts.
    """
    row = Pipeline.objects.select_for_update(of=("self",)).filter(slug=pipeline).first()
    if row is None or not principal.sees(row.pk):
        raise NotFound(f"There is no pipeline {pipeline!r} within reach.")
    _check(principal, severity, title, text)
    if aware_at > now:
        raise InvalidInput.at("/aware_at", "This lies in the future.", code="range")
    due = law.due_at(severity, aware_at)
    key, in_force = uuid7(), effective.of(row)
    made = Incident(
        id=key, pipeline=row, severity=severity, title=title.strip(), text=text,
        aware_at=aware_at, due_at=due, opened_by=actor, opened_at=now,
        hold=_hold(row, key, actor, now) if due else None,
        found={**in_force.refs, "digest": in_force.digest, "sealed": proving.state().size},
        salt=ledger.new_salt(),
    )  # fmt: skip
    made.save()
    ledger.first(
        stream=stream_of(key), action="incident.opened", actor=actor, now=now,
        commitments={"text": ledger.commit(made.salt, f"{made.title}\n{made.text}")},
        detail={
            "incident": str(key), "pipeline": row.pk, "severity": severity,
            "aware_at": rfc3339(aware_at), "due_at": rfc3339(due) if due else None,
            "hold": str(made.hold_id) if due else None, "found": made.found,
        },
    )  # fmt: skip
    if due:
        dispatch.enqueue(
            "reviews.follow_incident", now=now, dedupe=f"incident:{key}", incident_id=str(key)
        )
    return made


def _hold(pipeline: Pipeline, incident: uuid.UUID, actor: User, now: datetime) -> LegalHold:
    """Keep what concerns the pipeline: whoever opens an incident need not be able to hold."""
    hold = LegalHold(
        id=uuid7(), pipeline=pipeline, reason=f"Incident {incident}", placed_by=actor,
        placed_at=now,
    )  # fmt: skip
    hold.save()
    ledger.first(
        stream=f"hold:{hold.pk}", action="hold.placed", actor=actor, now=now, reason=hold.reason,
        detail={"hold": str(hold.pk), "pipeline": pipeline.pk, "subject": None},
    )  # fmt: skip
    return hold


@transaction.atomic
def step(
    *,
    principal: Principal,
    actor: User,
    incident_id: uuid.UUID,
    kind: str,
    text: str,
    now: datetime,
) -> IncidentStep:
    """Note something, say that it was reported (where and how), end the freeze, or close it.

    Another person than who opened it ends the freeze before the report. What is to be reported is
    closed after that, and nothing but notes follows the closing.
    """
    row = incidents.visible(principal).select_for_update(of=("self",)).filter(pk=incident_id)
    incident = row.first()
    if incident is None:
        raise NotFound("There is no such incident.")
    _check(principal, incident.severity, incident.title, text)
    _require_possible(incident, kind, principal, actor)
    made = IncidentStep(
        incident=incident, kind=kind, text=text, opener=incident.opened_by, actor=actor, at=now,
        salt=ledger.new_salt(),
    )  # fmt: skip
    made.save()
    ledger.append(
        stream=stream_of(incident.pk), action=f"incident.{kind}", actor=actor, now=now,
        commitments={"text": ledger.commit(made.salt, text)},
        detail={"incident": str(incident.pk), "step": str(made.pk)},
    )  # fmt: skip
    if kind == IncidentStepKind.REPORTED and incident.due_at:
        dispatch.enqueue(
            "reviews.end_incident", now=now, dedupe=f"incident-reported:{made.pk}",
            step_id=str(made.pk),
        )  # fmt: skip
    return made


def require_thawed(pipeline: Pipeline) -> None:
    """Refuse what would bring something else into force while an incident is to be reported.

    The caller holds the pipeline locked, as whoever opens an incident does.
    """
    row = incidents.freezing(pipeline.pk)
    if row is not None:
        raise Frozen(
            f"The incident {row.title!r} is not reported yet: until then {pipeline.slug} stays as "
            "it is. It can be stopped and rolled back, and a second person can end the freeze."
        )


def possible(incident: Incident) -> list[IncidentStepKind]:
    """Return the steps that are left, a note always among them."""
    done: set[Any] = set(incident.steps.values_list("kind", flat=True))
    if IncidentStepKind.CLOSED in done:
        return [IncidentStepKind.NOTE]
    legal, reported = incident.due_at is not None, IncidentStepKind.REPORTED in done
    left = {
        IncidentStepKind.NOTE: True,
        IncidentStepKind.REPORTED: not reported,
        IncidentStepKind.THAWED: legal and not reported and IncidentStepKind.THAWED not in done,
        IncidentStepKind.CLOSED: reported or not legal,
    }
    return [kind for kind, holds in left.items() if holds]


def _require_possible(incident: Incident, kind: str, principal: Principal, actor: User) -> None:
    if kind not in IncidentStepKind.values:
        raise InvalidInput.at("/kind", f"A step is one of {', '.join(IncidentStepKind.values)}.")
    if kind not in possible(incident):
        raise Conflict(
            "That is on record, or not possible now: what is to be reported is closed afterwards, "
            "and only notes follow the closing."
        )
    if kind == IncidentStepKind.NOTE:
        return
    if not principal.may(Permission.APPROVE):
        raise NotPermitted("This needs the permission to approve.")
    same = persons.person_of(incident.opened_by) in persons.linked(actor)
    if kind == IncidentStepKind.THAWED and same:
        raise NotPermitted("Another person than who opened it ends the freeze.")


def stream_of(incident_id: uuid.UUID) -> str:
    """Return the ledger stream of an incident."""
    return f"incident:{incident_id}"


def _check(principal: Principal, severity: str, title: str, text: str) -> None:
    if not any(principal.may(permission) for permission in TELLERS):
        raise NotPermitted("Incidents are for who settles or approves.")
    if severity not in Severity.values:
        raise InvalidInput.at("/severity", f"One of {', '.join(Severity.values)}.")
    if not title.strip() or len(title) > MAX_TITLE:
        raise InvalidInput.at("/title", f"A title has 1 to {MAX_TITLE} characters.", code="length")
    if not text.strip() or len(text) > MAX_TEXT:
        raise InvalidInput.at("/text", f"A text has 1 to {MAX_TEXT} characters.", code="length")
