"""Erasure: planned by one person, executed by another, in every place where data of persons lies.

Afterwards no value is readable in the database, in the histories, in exports or by search, and
what was sealed under the person's own key is unreadable in backups too. Every proof still
verifies: the ledger's digests, the Merkle roots over predictions and those of sealed datasets.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count

from feedback.services import audit_packs, retrospective_erasing
from feedback.services.dataset_erasing import STORE
from governance.domain.principal import Principal
from governance.enums import ErasureState, Permission, RedactionCause
from governance.exceptions import Conflict, Held, InvalidInput, NotFound, NotPermitted
from governance.models import ErasureRequest, LegalHold, Pipeline, SubjectKey, User
from governance.models.base import uuid7
from governance.selectors import holds
from governance.services import ledger, redactions, subjects
from governance.services.redactions import Act, Keys, Store, Subject
from reviews.services import erasing

# Datasets first: their rows are found by the predictions that they were made of.
STORES: tuple[Store, ...] = (STORE, retrospective_erasing.STORE, *erasing.STORES)
SEALED_UNDER_KEY = "What consents and holds said of the person is destroyed with their key."


@dataclass(frozen=True)
class Plan:
    """What an erasure would do now: rows by store and model, what stays and why, what forbids it.

    `pipelines` counts the predictions by pipeline.
    """

    counts: Mapping[str, Mapping[str, int]]
    kept: Mapping[str, str]
    pipelines: Mapping[str, int]
    blocked: tuple[LegalHold, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the plan as it is kept with the request."""
        return {
            "erased": {name: dict(counts) for name, counts in self.counts.items()},
            "kept": dict(self.kept),
            "pipelines": dict(self.pipelines),
            "holds": [str(hold.pk) for hold in self.blocked],
        }


@transaction.atomic
def request(
    *,
    principal: Principal,
    actor: User,
    subject: str,
    pipeline: str = "",
    reason: str,
    now: datetime,
) -> ErasureRequest:
    """Put on record that a person's data is to be erased, with the plan of what goes.

    Without a pipeline it goes everywhere, and the person's key with it. NotFound when nothing is
    known of the person within reach.
    """
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say on what the request rests.", code="required")
    row = _pipeline(principal, pipeline)
    wanted = Subject(subject, frozenset([row.pk]) if row else None)
    _refuse_out_of_reach(principal, wanted)
    found = _about(wanted)
    if subjects.known(subject) is None and not any(map(_some, found.values())):
        raise NotFound("Nothing is known of this person.")
    key = subjects.locked(subject, now=now)
    if key.erasures.filter(state=ErasureState.REQUESTED).exists():
        raise Conflict("An erasure of this person's data is requested already.")
    made = ErasureRequest.objects.create(
        subject=key, pipeline=row, reason=reason, requested_by=actor, requested_at=now,
        plan=_plan(key, wanted, found).as_json(),
    )  # fmt: skip
    ledger.first(
        stream=stream_of(made),
        action="erasure.requested",
        actor=actor,
        now=now,
        reason=reason,
        detail={"erasure": str(made.pk), "subject": str(key.pk), "plan": made.plan},
    )
    return made


def plan(row: ErasureRequest) -> Plan:
    """Return what executing a request would do now."""
    wanted = subject_of(row)
    return _plan(row.subject, wanted, _about(wanted))


@transaction.atomic
def execute(
    *, principal: Principal, actor: User, erasure_id: uuid.UUID, now: datetime
) -> ErasureRequest:
    """Erase. NotPermitted for whoever asked for it; Held while a legal hold covers any of it."""
    row = _locked(principal, actor, erasure_id)
    if row.requested_by_id == actor.pk:
        raise NotPermitted("Somebody else executes an erasure than who asked for it.")
    wanted = subject_of(row)
    _refuse_out_of_reach(principal, wanted)
    found = _about(wanted)
    planned = _plan(row.subject, wanted, found)
    if planned.blocked:
        raise Held("A legal hold keeps this data as it is: lift it first.")
    act = Act(RedactionCause.ERASURE, uuid7(), actor, principal, now, erasure=row)
    for store in STORES:
        if store.prepare is not None:
            store.prepare(wanted, act)
    # Looked for anew: ending what was still going on has written more.
    found = _about(wanted)
    erased = {store.name: redactions.empty(store, found[store.name], act) for store in STORES}
    audit_packs.forget_all()
    if row.pipeline_id is None:
        subjects.destroy(row.subject, now=now)
    outcome = {"erased": erased, "key_destroyed": row.pipeline_id is None}
    _end(row, ErasureState.EXECUTED, actor, now, outcome)
    ledger.append(
        stream=stream_of(row),
        action="erasure.executed",
        actor=actor,
        now=now,
        event_id=act.event,
        reason=row.reason,
        detail={
            "erasure": str(row.pk),
            "requested_by": row.requested_by_id,
            "predictions": [str(key) for key in _predictions(found)],
            **outcome,
        },
    )
    return row


@transaction.atomic
def reject(
    *, principal: Principal, actor: User, erasure_id: uuid.UUID, reason: str, now: datetime
) -> ErasureRequest:
    """End a request without erasing anything."""
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why nothing is erased.", code="required")
    row = _locked(principal, actor, erasure_id)
    _end(row, ErasureState.REJECTED, actor, now, {"erased": {}, "reason": reason})
    ledger.append(
        stream=stream_of(row),
        action="erasure.rejected",
        actor=actor,
        now=now,
        reason=reason,
        detail={"erasure": str(row.pk)},
    )
    return row


def stream_of(row: ErasureRequest) -> str:
    """Return the ledger stream of a request."""
    return f"erasure:{row.pk}"


def subject_of(row: ErasureRequest) -> Subject:
    """Return whom a request is about; nobody, once the key is destroyed."""
    pipelines = None if row.pipeline_id is None else frozenset([row.pipeline_id])
    return Subject(subjects.reference_of(row.subject), pipelines)


def _locked(principal: Principal, actor: User, erasure_id: uuid.UUID) -> ErasureRequest:
    rows = ErasureRequest.objects.select_for_update(of=("self", "subject"))
    row = rows.select_related("subject").filter(pk=erasure_id).first()
    if row is None or not _reaches(principal, row):
        raise NotFound("There is no such erasure.")
    if not principal.may(Permission.APPROVE):
        raise NotPermitted("Deciding on an erasure needs the permission to approve.")
    if row.state != ErasureState.REQUESTED:
        raise Conflict(f"This erasure was {row.get_state_display().lower()} already.")
    return row


def _reaches(principal: Principal, row: ErasureRequest) -> bool:
    """Return whether a request is within reach; one about every pipeline takes its own check."""
    return row.pipeline_id is None or principal.sees(row.pipeline_id)


def _end(
    row: ErasureRequest, state: ErasureState, actor: User, now: datetime, outcome: dict[str, Any]
) -> None:
    row.state, row.ended_by, row.ended_at, row.outcome = state, actor, now, outcome
    row.save(update_fields=["state", "ended_by", "ended_at", "outcome"])


def _pipeline(principal: Principal, slug: str) -> Pipeline | None:
    if not slug:
        return None
    row = Pipeline.objects.filter(slug=slug).first()
    if row is None or not principal.sees(row.pk):
        raise NotFound(f"There is no pipeline {slug!r} within reach.")
    return row


def _refuse_out_of_reach(principal: Principal, subject: Subject) -> None:
    """Refuse, as if there were nobody, what reaches into pipelines that the principal does not."""
    if principal.pipelines is None:
        return
    rows = erasing.predictions_of(subject)
    if rows.exclude(pipeline__in=principal.pipelines).exists():
        detail = "This person's data lies beyond your reach too: name a pipeline."
        raise NotFound(detail)


def _about(subject: Subject) -> dict[str, Keys]:
    if not subject.reference:
        return {store.name: {} for store in STORES}
    return {store.name: store.about(subject) for store in STORES}


def _some(keys: Keys) -> bool:
    return any(keys.values())


def _predictions(found: Mapping[str, Keys]) -> list[Any]:
    return [
        key
        for model, keys in found["predictions"].items()
        if model._meta.label == "reviews.Prediction"
        for key in keys
    ]


def _plan(key: SubjectKey, subject: Subject, found: Mapping[str, Keys]) -> Plan:
    counts = {
        name: {model._meta.label: len(rows) for model, rows in keys.items() if rows}
        for name, keys in found.items()
    }
    by_pipeline = (
        erasing.predictions_of(subject).order_by().values("pipeline__slug").annotate(n=Count("pk"))
    )
    kept = {store.name: store.kept for store in STORES if store.kept}
    pipelines = {row["pipeline__slug"]: row["n"] for row in by_pipeline}
    having = erasing.predictions_of(subject).order_by().values("pipeline")
    blocked = tuple(holds.covering(key, subject.pipelines, having=having))
    return Plan(counts, kept, pipelines, blocked)
