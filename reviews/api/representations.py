"""How records are shown in the API. What is hidden is left out here and nowhere else."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from governance.domain.principal import Principal
from governance.selectors import policies
from reviews.enums import Disposition, ItemStatus
from reviews.models import Decision, Note, Outcome, Prediction, Resolution, ReviewItem, Withdrawal
from reviews.selectors import blindness, restrictions
from reviews.selectors.blindness import hidden
from reviews.selectors.restrictions import Restriction
from reviews.services.assignments import Claim


def item_of(prediction: Prediction) -> ReviewItem | None:
    """Return the item of a prediction, or None when no person sees it."""
    return getattr(prediction, "item", None)


def predictions(principal: Principal, rows: Sequence[Prediction]) -> list[dict[str, Any]]:
    """Return predictions as the principal may see them."""
    unseen = hidden(principal, [item for row in rows if (item := item_of(row))])
    marks = restrictions.marks(principal, rows)
    return [
        prediction(row, blind=_in(item_of(row), unseen), restricted=marks.get(row.pk))
        for row in rows
    ]


def _in(item: ReviewItem | None, unseen: Collection[Any]) -> bool:
    return item is not None and item.pk in unseen


def restriction(row: Restriction) -> dict[str, Any]:
    """Return why a record is restricted: which erasure is asked for, and which holds keep it."""
    return {"erasure": row.request.pk, "holds": [hold.pk for hold in row.holds]}


def prediction(
    row: Prediction, *, blind: bool, restricted: Restriction | None = None
) -> dict[str, Any]:
    """Return one prediction; blind, without its answer and without what follows from it."""
    item, version = item_of(row), policies.version(row.config_version_id)
    shown: dict[str, Any] = {
        "id": row.pk,
        "external_id": row.external_id,
        "pipeline": version.slug,
        "config_version": version.number,
        "tier": row.tier,
        "disposition": row.disposition,
        "input": row.input,
        "model": {"name": row.model_name, "version": row.model_version},
        "occurred_at": row.occurred_at,
        "received_at": row.received_at,
        "item": _reference(item, version.document) if item else None,
        "resolution": None,
        "withdrawal": withdrawal_of(row),
    }
    if restricted is not None:
        shown["restricted"] = restriction(restricted)
    if blind:
        return shown
    # Scenario and characteristics are often worked out from the prediction: its domain, its margin.
    return shown | {
        "scenario_type": row.scenario_type,
        "characteristics": row.characteristics,
        "output": row.output,
        "confidence": row.confidence,
        "scores": row.scores,
        "route": route(row),
        "resolution": resolution_of(row, item),
    }


def _reference(item: ReviewItem, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item of a prediction, in short; expired, with what the pipeline does instead."""
    expired = item.status == ItemStatus.EXPIRED
    return {
        "id": item.pk,
        "status": item.status,
        "due_at": item.due_at,
        "safe_default": document.get("safe_default", "hold") if expired else None,
    }


def withdrawal_of(row: Prediction) -> dict[str, Any] | None:
    """Return that a prediction was taken back and why, or None."""
    withdrawn: Withdrawal | None = getattr(row, "withdrawal", None)
    return {"reason": withdrawn.reason, "at": withdrawn.at} if withdrawn else None


def route(row: Prediction) -> dict[str, Any]:
    """Return how a prediction was routed and why."""
    return {
        "rule": row.rule or None,
        "queue": row.queue or None,
        "skills": row.skills,
        "priority": row.priority,
        "sampled": row.sampled or None,
        "propensity": row.propensity,
        "trace": row.trace,
    }


def resolution_of(row: Prediction, item: ReviewItem | None) -> dict[str, Any] | None:
    """Return the resolution that stands; an auto-approved prediction is its own.

    One that people were asked about after all, when a change was rolled back, awaits theirs.
    """
    if row.disposition == Disposition.AUTO_APPROVED and item is None:
        return auto_resolution(row)
    if item is None or item.resolution is None:
        return None
    return resolution(item.resolution)


def auto_resolution(row: Prediction) -> dict[str, Any]:
    """Return the resolution that an auto-approved prediction is."""
    return {
        "id": row.pk,
        "prediction": row.pk,
        "item": None,
        "kind": "auto",
        "verdict": "accept",
        "answer": row.output,
        "agreement": None,
        "decided_on": [],
        "resolved_at": row.received_at,
        "current": withdrawal_of(row) is None,
    }


def resolution(row: Resolution) -> dict[str, Any]:
    """Return a resolution by people."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "verdict": row.verdict,
        "answer": row.answer,
        "agreement": row.agreement,
        "decided_on": row.decided_on,
        "rationale": row.rationale,
        "resolved_at": row.resolved_at,
    }


def items(principal: Principal, rows: Sequence[ReviewItem]) -> Iterable[dict[str, Any]]:
    """Return items as the principal may see them."""
    unseen = hidden(principal, rows)
    marks = restrictions.marks(principal, [row.prediction for row in rows])
    return (
        item_shown(principal, row, blind=row.pk in unseen, restricted=marks.get(row.prediction_id))
        for row in rows
    )


def item(principal: Principal, row: ReviewItem) -> dict[str, Any]:
    """Return one item as the principal may see it."""
    return next(iter(items(principal, [row])))


def item_shown(
    principal: Principal, row: ReviewItem, *, blind: bool, restricted: Restriction | None = None
) -> dict[str, Any]:
    """Return one item; blind, without the prediction and without what follows from it."""
    version = policies.version(row.config_version_id)
    document = version.document
    tier = document["tiers"][row.tier]
    shown: dict[str, Any] = {
        "id": row.pk,
        "prediction": row.prediction_id,
        "external_id": row.prediction.external_id,
        "pipeline": version.slug,
        "tier": row.tier,
        "queue": row.queue,
        "status": row.status,
        "input": row.prediction.input,
        "blind": row.blind,
        "question": document["question"],
        "checklist": tier["checklist"],
        "reason_codes": document["reason_codes"],
        "rationale_required": tier["rationale"],
        "created_at": row.created_at,
        "due_at": row.due_at,
        "paused": row.pause_reason or None,
        "cycle": row.cycle,
        "resolved_at": row.resolved_at,
        "guideline_version": version.guideline_version,
        "glossary_version": version.glossary_version,
        "config_version": version.number,
        "revision": row.revision,
        "notes": [note(each) for each in blindness.notes(principal.user_id, row, blind=blind)],
    }
    if restricted is not None:
        shown["restricted"] = restriction(restricted)
    if blind:
        return shown
    return shown | {
        "scenario_type": row.prediction.scenario_type,
        "output": row.prediction.output,
        "confidence": row.prediction.confidence,
        "scores": row.prediction.scores,
        "priority": row.priority,
        "resolution": resolution(row.resolution) if row.resolution else None,
    }


def note(row: Note) -> dict[str, Any]:
    """Return a note."""
    return {
        "id": row.pk,
        "author": row.author.username,
        "text": row.text,
        "created_at": row.created_at,
    }


def outcome(row: Outcome) -> dict[str, Any]:
    """Return an outcome; its cost is decimal text."""
    return {
        "id": row.pk,
        "prediction": row.prediction_id,
        "outcome": row.outcome,
        "cost": None if row.cost is None else f"{row.cost:f}",
        "observed_at": row.observed_at,
        "recorded_at": row.recorded_at,
    }


def assignment(principal: Principal, claim: Claim) -> dict[str, Any]:
    """Return a fresh assignment with its token and its item."""
    row = claim.assignment
    return {
        "id": row.pk,
        "claim_token": claim.token,
        "lease_expires_at": row.lease_expires_at,
        "slot": row.slot,
        "item": item(principal, row.item),
    }


def decision(row: Decision, *, undone: bool) -> dict[str, Any]:
    """Return a decision as it was given."""
    version = policies.version(row.config_version_id)
    return {
        "id": row.pk,
        "item": row.item_id,
        "prediction": row.item.prediction_id,
        "external_id": row.item.prediction.external_id,
        "pipeline": version.slug,
        "reviewer": row.reviewer.username,
        "verdict": row.verdict,
        "answer": row.answer,
        "reason_codes": row.reason_codes,
        "rationale": row.rationale,
        "checklist": row.checklist,
        "certainty": row.certainty,
        "evidence_opened": row.evidence_opened,
        "blind": row.blind,
        "revises": row.revises_id,
        "config_version": version.number,
        "guideline_version": version.guideline_version,
        "glossary_version": version.glossary_version,
        "decided_at": row.decided_at,
        "undone": undone,
    }
