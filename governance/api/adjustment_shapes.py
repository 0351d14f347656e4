"""How adjustments and what is in force are shown, and how that is described."""

from typing import Any

from rest_framework import serializers

from governance.api.schemas import ChangeShown
from governance.enums import (
    ActivationAct,
    AdjustmentKind,
    AdjustmentState,
    Meaning,
    Risk,
    SignedThing,
    Substantial,
)
from governance.models import Adjustment, AdjustmentActivation, AdjustmentChallenge, Signature
from governance.rest.schema import Shown
from governance.selectors import adjustments, bindings


class SignatureShown(Shown):
    """Who signed, when, with which meaning; `valid` while it is bound to what the record says."""

    id = serializers.UUIDField()
    printed_name = serializers.CharField()
    signed_at = serializers.DateTimeField()
    meaning = serializers.ChoiceField(Meaning.choices)
    thing = serializers.ChoiceField(SignedThing.choices)
    method = serializers.CharField()
    digest = serializers.CharField()
    valid = serializers.BooleanField()


class ActivationShown(Shown):
    """That it came into force or was rolled back; digests are of the effective state."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    act = serializers.ChoiceField(ActivationAct.choices)
    actor = serializers.CharField()
    reason = serializers.CharField()
    at = serializers.DateTimeField()
    digest_before = serializers.CharField()
    digest = serializers.CharField()


class ChallengeShown(Shown):
    """An objection, and what was answered; without a response it is open."""

    id = serializers.UUIDField()
    objection = serializers.CharField()
    raised_by = serializers.CharField()
    raised_at = serializers.DateTimeField()
    response = serializers.CharField(allow_null=True)


class AdjustmentBrief(Shown):
    """One adjustment in a list."""

    id = serializers.UUIDField()
    pipeline = serializers.CharField()
    kind = serializers.ChoiceField(AdjustmentKind.choices)
    state = serializers.ChoiceField(AdjustmentState.choices)
    revision = serializers.IntegerField(min_value=1)
    author = serializers.CharField()
    risk = serializers.ChoiceField(Risk.choices)
    digest = serializers.CharField(help_text="What is signed; empty while it is a draft.")
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    superseded_by = serializers.UUIDField(allow_null=True)


class AdjustmentShown(AdjustmentBrief):
    """One adjustment: what it says, does and undoes, and who signed it."""

    summary = serializers.CharField()
    change = serializers.DictField()
    evidence = serializers.DictField()
    bound = serializers.DictField(help_text="The digests of what evidence refers to, by kind.")
    substantial_modification = serializers.ChoiceField(Substantial.choices, allow_null=True)
    rationale = serializers.CharField()
    before = serializers.DictField()
    after = serializers.DictField()
    diff = ChangeShown(many=True)
    inverse = ChangeShown(many=True)
    signatures = SignatureShown(many=True)
    signatures_lacking = serializers.DictField(help_text="How many, by meaning.")
    challenges = ChallengeShown(many=True)
    activations = ActivationShown(many=True)
    countersigned_at = serializers.DateTimeField(
        allow_null=True, help_text="When a second person signed its roll-back."
    )


class OverrideShown(Shown):
    """A value that an override holds."""

    adjustment = serializers.UUIDField()
    path = serializers.CharField()
    value = serializers.JSONField()


class EffectiveShown(Shown):
    """What is in force now."""

    pipeline = serializers.CharField()
    model = serializers.DictField(allow_null=True)
    config_version = serializers.IntegerField(allow_null=True)
    overrides = OverrideShown(many=True)
    stops = serializers.ListField(child=serializers.UUIDField())
    digest = serializers.CharField(
        help_text="SHA-256 of the RFC 8785 JSON of {config: its digest, model}."
    )


def brief(row: Adjustment) -> dict[str, Any]:
    """Return an adjustment as a list shows it."""
    return {
        "id": row.pk,
        "pipeline": row.pipeline.slug,
        "kind": row.kind,
        "state": row.state,
        "revision": row.revision,
        "author": row.author.username,
        "risk": row.risk,
        "digest": row.digest,
        "created_at": row.created_at,
        "submitted_at": row.submitted_at,
        "superseded_by": row.superseded_by_id,
    }


def shown(row: Adjustment) -> dict[str, Any]:
    """Return an adjustment as it is shown alone."""
    revision = adjustments.revision_of(row)
    challenges = row.challenges.select_related("actor", "answer").order_by("at")
    return brief(row) | {
        "summary": revision.summary,
        "change": revision.change,
        "evidence": revision.evidence,
        "bound": revision.bound,
        "substantial_modification": revision.substantial or None,
        "rationale": revision.rationale,
        "before": row.before,
        "after": row.after,
        "diff": row.steps,
        "inverse": row.inverse,
        "signatures": [signature(each, row) for each in row.signatures.order_by("at")],
        "signatures_lacking": adjustments.lacking(row),
        "challenges": [challenge(each) for each in challenges],
        "activations": [
            activation(each) for each in row.activations.select_related("actor").order_by("number")
        ],
        "countersigned_at": adjustments.countersigned_at(row),
    }


def signature(row: Signature, of: Adjustment) -> dict[str, Any]:
    """Return a signature with its three items and whether it holds."""
    return {
        "id": row.pk,
        "printed_name": row.printed_name,
        "signed_at": row.at,
        "meaning": row.meaning,
        "thing": row.thing,
        "method": row.method,
        "digest": row.digest,
        "valid": bindings.holds(row, of),
    }


def activation(row: AdjustmentActivation) -> dict[str, Any]:
    """Return an activation or a roll-back."""
    return {
        "id": row.pk,
        "number": row.number,
        "act": row.act,
        "actor": row.actor.username,
        "reason": row.reason,
        "at": row.at,
        "digest_before": row.digest_before,
        "digest": row.digest,
    }


def challenge(row: AdjustmentChallenge) -> dict[str, Any]:
    """Return a challenge with its answer."""
    answered = getattr(row, "answer", None)
    return {
        "id": row.pk,
        "objection": row.objection,
        "raised_by": row.actor.username,
        "raised_at": row.at,
        "response": answered.response if answered else None,
    }
