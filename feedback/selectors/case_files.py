"""Case files: all that is known of one prediction, with the proof of it, in one document."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models import Q

from feedback.models import DatasetEntry, DatasetVersion
from governance.domain import case_verifier, signed_documents
from governance.domain.principal import Principal
from governance.domain.signed_notes import Signer
from governance.domain.times import rfc3339
from governance.exceptions import NotFound, NotPermitted
from governance.models import AuditEvent, User
from governance.selectors import evidence, policies
from reviews.models import (
    Assignment,
    Challenge,
    ChallengeOutcome,
    ClockEvent,
    Decision,
    Escalation,
    Note,
    Outcome,
    Prediction,
    Resolution,
    ReviewItem,
    SLAClock,
)
from reviews.selectors import contents, records
from reviews.selectors.blindness import is_hidden

# By what an event names the record whose text it commits to, the first before the others.
TEXTS = ("decision", "judgement", "challenge", "resolution", "note")


def prediction_of(principal: Principal, prediction_id: uuid.UUID) -> Prediction:
    """Return a prediction whose case somebody may see.

    NotFound when it is not within reach, NotPermitted while its item is blind to them.
    """
    row = records.predictions(principal).filter(pk=prediction_id).first()
    if row is None:
        raise NotFound("There is no such prediction.")
    if is_hidden(principal, ReviewItem.objects.filter(prediction=row).first()):
        raise NotPermitted("The item is blind: decide it first.")
    return row


def case_file(row: Prediction, *, signer: Signer, now: datetime) -> dict[str, Any]:
    """Return the case file of a prediction, signed; whoever asks may see it.

    It holds judgements and their reasons in clear, the salts that open what the ledger committed
    to, and what a reader needs to check all of it: governance.domain.case_verifier.
    """
    item = ReviewItem.objects.filter(prediction=row).first()
    events = _events(row, item)
    document = {
        "format": case_verifier.FORMAT,
        "made_at": rfc3339(now),
        "prediction": contents.proof_of(row),
        "case": _case(row, item),
        "people": _people(events, item),
        "openings": list(_openings(events, item)),
        **evidence.of(events),
    }
    return signed_documents.signed(document, signer)


def verifier() -> str:
    """Return the source of the program that checks case files with nothing but Python."""
    return Path(case_verifier.__file__).read_text(encoding="utf-8")


def _events(row: Prediction, item: ReviewItem | None) -> list[AuditEvent]:
    streams = [f"prediction:{row.pk}"] + ([f"item:{item.pk}"] if item else [])
    wanted = Q(stream__in=streams) | Q(pk=row.intake) | Q(pk__in=_of_law(row))
    return list(AuditEvent.objects.filter(wanted).order_by("at", "pk"))


def _of_law(row: Prediction) -> list[Any]:
    """Return the events by which the version of the law that routed it came to be in force."""
    named = AuditEvent.objects.filter(
        stream=f"pipeline:{row.pipeline.slug}", detail__version=str(row.config_version_id)
    )
    return list(named.values_list("pk", flat=True))


def _case(row: Prediction, item: ReviewItem | None) -> dict[str, Any]:
    version = row.config_version
    case: dict[str, Any] = {
        "id": str(row.pk),
        "pipeline": row.pipeline.slug,
        "external_id": row.external_id,
        "received_at": rfc3339(row.received_at),
        "sender": row.sender_id,
        "model": {"name": row.model_name, "version": row.model_version},
        "input": row.input,
        "output": row.output,
        "confidence": row.confidence,
        "scores": row.scores,
        "scenario_type": row.scenario_type,
        "characteristics": row.characteristics,
        "routing": {
            "tier": row.tier,
            "rule": row.rule or None,
            "queue": row.queue,
            "disposition": row.disposition,
            "sampled": row.sampled or None,
            "propensity": row.propensity,
            "trace": row.trace,
        },
        "law": {
            "version": version.number,
            "digest": version.digest,
            "published_at": rfc3339(version.created_at),
            "guideline_version": version.guideline_version,
            "glossary_version": version.glossary_version,
            "document": version.document,
        },
        "outcomes": [_outcome(each) for each in Outcome.objects.filter(prediction=row)],
        "datasets": _datasets(row),
        "item": None,
    }
    return case if item is None else case | {"item": _item(item)}


def _outcome(row: Outcome) -> dict[str, Any]:
    return {
        "outcome": row.outcome,
        "cost": None if row.cost is None else str(row.cost),
        "observed_at": rfc3339(row.observed_at),
        "by": row.actor_id,
    }


def _datasets(row: Prediction) -> list[dict[str, Any]]:
    versions = DatasetVersion.objects.filter(dataset__pipeline=row.pipeline_id)
    entries = DatasetEntry.objects.filter(
        version__in=versions.values("pk"), external_id=row.external_id
    ).select_related("version__dataset")
    return [
        {
            "dataset": entry.version.dataset.slug,
            "version": entry.version.number,
            "digest": entry.version.digest,
            "position": entry.position,
            "sealed_at": rfc3339(entry.version.sealed_at),
        }
        for entry in entries.order_by("version__sealed_at")
    ]


def _item(item: ReviewItem) -> dict[str, Any]:
    of = {"item": item}
    return {
        "id": str(item.pk),
        "status": item.status,
        "tier": item.tier,
        "queue": item.queue,
        "blind": item.blind,
        "blind_first": item.blind_first,
        "cycle": item.cycle,
        "assignments": [
            {
                "id": str(row.pk), "reviewer": row.reviewer_id, "slot": row.slot,
                "state": row.state, "claimed_at": rfc3339(row.claimed_at),
                "ended_at": _moment(row.ended_at), "reason": row.reason,
            }
            for row in Assignment.objects.filter(**of).order_by("claimed_at", "pk")
        ],
        "decisions": [
            decision_shown(row) | {"law": _law_of(row)}
            for row in _in_order(Decision, "decided_at", of)
        ],
        "resolutions": [resolution_shown(row) for row in _in_order(Resolution, "resolved_at", of)],
        "challenges": [_challenge(row) for row in _challenges(item)],
        "notes": [
            {
                "id": str(row.pk), "author": row.author_id, "text": row.text,
                "created_at": rfc3339(row.created_at),
            }
            for row in _in_order(Note, "created_at", of)
        ],
        "clocks": [_clock(row) for row in SLAClock.objects.filter(**of).order_by("pk")],
        "escalations": [
            {
                "clock": str(row.clock_id), "loop": row.loop, "level": row.level,
                "outcome": row.outcome, "fired_at": rfc3339(row.fired_at),
            }
            for row in Escalation.objects.filter(**of).order_by("fired_at", "pk")
        ],
    }  # fmt: skip


def _in_order(model: Any, moment: str, of: dict[str, Any]) -> Iterable[Any]:
    rows: Iterable[Any] = model.objects.filter(**of).order_by(moment, "pk")
    return rows


def _law_of(row: Decision) -> dict[str, Any]:
    """Return which configuration a decision was made under; its digest binds what words meant."""
    version = policies.version(row.config_version_id)
    return {
        "version": version.number,
        "digest": version.digest,
        "guideline_version": version.guideline_version,
        "glossary_version": version.glossary_version,
    }


def decision_shown(row: Decision) -> dict[str, Any]:
    """Return a decision with what its reviewer wrote."""
    return {
        "id": str(row.pk),
        "assignment": str(row.assignment_id),
        "reviewer": row.reviewer_id,
        "verdict": row.verdict,
        "answer": row.answer,
        "reason_codes": row.reason_codes,
        "rationale": row.rationale,
        "checklist": row.checklist,
        "certainty": row.certainty,
        "evidence_opened": row.evidence_opened,
        "blind": row.blind,
        "undoes": str(row.undoes_id) if row.undoes_id else None,
        "revises": str(row.revises_id) if row.revises_id else None,
        "decided_at": rfc3339(row.decided_at),
    }


def resolution_shown(row: Resolution) -> dict[str, Any]:
    """Return an outcome with the reasons that were given for it."""
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "verdict": row.verdict,
        "answer": row.answer,
        "agreement": row.agreement,
        "rationale": row.rationale,
        "decided_on": row.decided_on,
        "by": row.actor_id,
        "supersedes": str(row.supersedes_id) if row.supersedes_id else None,
        "resolved_at": rfc3339(row.resolved_at),
    }


def _challenges(item: ReviewItem) -> Iterable[Challenge]:
    rows = Challenge.objects.filter(item=item).select_related("outcome")
    return rows.order_by("opened_at", "pk")


def _challenge(row: Challenge) -> dict[str, Any]:
    """Return a challenge; who stays unnamed is in no case file, whoever takes it."""
    outcome: ChallengeOutcome | None = getattr(row, "outcome", None)
    return {
        "id": str(row.pk),
        "resolution": str(row.resolution_id),
        "by": None if row.anonymous else row.opened_by_id,
        "reason": row.reason,
        "opened_at": rfc3339(row.opened_at),
        "state": row.state,
        "outcome": {
            "id": str(outcome.pk),
            "judge": outcome.judge_id,
            "rationale": outcome.rationale,
            "resolution": str(outcome.resolution_id) if outcome.resolution_id else None,
            "at": rfc3339(outcome.at),
        } if outcome else None,
    }  # fmt: skip


def _clock(row: SLAClock) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "cycle": row.cycle,
        "status": row.status,
        "outcome": row.outcome or None,
        "started_at": rfc3339(row.started_at),
        "stopped_at": _moment(row.stopped_at),
        "breached_at": _moment(row.breached_at),
        "events": [
            {"kind": event.kind, "at": rfc3339(event.at), "reason": event.reason}
            for event in ClockEvent.objects.filter(clock=row).order_by("seq")
        ],
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _people(events: list[AuditEvent], item: ReviewItem | None) -> dict[str, str]:
    keys = {event.actor_id for event in events if event.actor_id}
    if item is not None:
        keys |= set(Assignment.objects.filter(item=item).values_list("reviewer", flat=True))
    found = User.objects.filter(pk__in=keys).values_list("pk", "username")
    return {str(key): name for key, name in sorted(found)}


def _openings(events: list[AuditEvent], item: ReviewItem | None) -> Iterable[dict[str, Any]]:
    """Yield what opens each commitment: the event, the field, the salt and the text."""
    if item is None:
        return
    texts: dict[str, Any] = {
        str(row.pk): row
        for model in (Decision, Resolution, Challenge, ChallengeOutcome, Note)
        for row in model._default_manager.filter(item=item)
    }
    for event in events:
        for field in event.commitments:
            row = next((texts[key] for key in _named(event.detail) if key in texts), None)
            # What was erased opens nothing any more, and who stays unnamed is opened to nobody.
            if row is not None and row.salt and field in row.personal:
                value = getattr(row, field)
                yield {"event": str(event.pk), "field": field, "salt": row.salt, "value": value}


def _named(detail: dict[str, Any]) -> list[str]:
    return [str(detail[name]) for name in TEXTS if name in detail]
