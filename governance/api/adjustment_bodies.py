"""What callers send about adjustments."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from governance.enums import AdjustmentKind, AdjustmentState, Meaning, Risk, Substantial
from governance.exceptions import InvalidInput
from governance.rest.serializers import StrictCharField, StrictSerializer


class DatasetReference(StrictSerializer):
    """A version of a dataset."""

    dataset = StrictCharField(max_length=63)
    version = serializers.IntegerField(min_value=1)


class EvidenceBody(StrictSerializer):
    """What speaks for a change; all of it may be empty."""

    signals = serializers.ListField(
        child=StrictCharField(max_length=200), required=False, max_length=1000
    )
    datasets = DatasetReference(many=True, required=False)
    gate_run = StrictCharField(required=False, allow_null=True, max_length=200)
    certificate = StrictCharField(
        required=False, max_length=200, help_text="The event in which a threshold was certified."
    )


class EditBody(StrictSerializer):
    """What an edit changes; what is not named stays."""

    change = serializers.DictField(
        required=False,
        help_text="config: the whole Pipeline document. override: {set: {path: value}}. "
        "model_version: {name, version, digest}.",
    )
    evidence = EvidenceBody(required=False)
    summary = StrictCharField(required=False, max_length=2000)
    risk = serializers.ChoiceField(Risk.choices, required=False)
    substantial_modification = serializers.ChoiceField(
        Substantial.choices, required=False, allow_null=True
    )
    rationale = StrictCharField(
        required=False, allow_blank=True, max_length=2000,
        help_text="Why it is a substantial modification, or is none.",
    )  # fmt: skip


class ProposalBody(EditBody):
    """A change that is proposed."""

    pipeline = StrictCharField(max_length=63)
    kind = serializers.ChoiceField(AdjustmentKind.choices)
    change = serializers.DictField(help_text=EditBody().fields["change"].help_text)
    summary = StrictCharField(max_length=2000)


class SignBody(StrictSerializer):
    """A signature; without the signer's password it is a 401."""

    meaning = serializers.ChoiceField(Meaning.choices)
    password = StrictCharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=4096
    )


class WhyBody(StrictSerializer):
    """Why."""

    reason = StrictCharField(max_length=500)


class MaybeWhyBody(StrictSerializer):
    """Why, where there is something to say."""

    reason = StrictCharField(required=False, allow_blank=True, max_length=500)


class NothingBody(StrictSerializer):
    """An empty object."""


class ObjectionBody(StrictSerializer):
    """What speaks against a change."""

    objection = StrictCharField(max_length=2000)


class ResponseBody(StrictSerializer):
    """What was found of an objection."""

    response = StrictCharField(max_length=2000)


class AdjustmentFilter(StrictSerializer):
    """The query parameters of the list."""

    pipeline = StrictCharField(required=False)
    state = serializers.ChoiceField(AdjustmentState.choices, required=False)
    kind = serializers.ChoiceField(AdjustmentKind.choices, required=False)
    limit = StrictCharField(required=False)
    cursor = StrictCharField(required=False)


def proposed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a proposal, by their names there."""
    named = {"substantial_modification": "substantial"}
    found = {named.get(name, name): value for name, value in fields.items()}
    if "substantial" in found:
        found["substantial"] = found["substantial"] or ""
        if found["substantial"] and not found.get("rationale"):
            raise InvalidInput.at("/rationale", "Say why.", code="required")
    return found
