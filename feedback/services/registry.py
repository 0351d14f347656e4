"""Registering versions of models."""

from collections import Counter
from datetime import datetime

from django.db import IntegrityError, transaction

from feedback.domain import registry
from feedback.domain.registry import Registration
from feedback.enums import DatasetKind
from feedback.models import DatasetVersion, ModelTraining, ModelVersion
from feedback.selectors import registry as registered
from governance.domain.faults import Fault
from governance.domain.principal import Principal
from governance.exceptions import Conflict, InvalidInput
from governance.models import User
from governance.models.base import uuid7
from governance.selectors import audit
from governance.services import ledger

# As PostgreSQL and SQLite name the constraint.
TAKEN = ("modelversion_name_uniq", "feedback_modelversion.name")


@transaction.atomic
def register(
    *, principal: Principal, actor: User, wanted: Registration, now: datetime
) -> ModelVersion:
    """Put a version of a model on record, with what it was trained on; it never changes.

    InvalidInput names what does not exist; Conflict when there is such a version already.
    """
    if found := registry.faults(wanted):
        raise InvalidInput(found[0].detail, faults=found)
    parent = _parent(principal, wanted)
    trained_on = _trained_on(principal, wanted)
    row = ModelVersion(
        id=uuid7(), name=wanted.name, version=wanted.version, artifact_uri=wanted.artifact_uri,
        digest=wanted.digest, parent=parent, registered_by=actor, registered_at=now,
    )  # fmt: skip
    _insert(row, trained_on)
    pipelines = Counter(version.dataset.pipeline.slug for version in trained_on)
    ledger.first(
        stream=stream_of(row),
        action="model.registered",
        actor=actor,
        now=now,
        detail={
            "model": str(row.pk),
            "name": row.name,
            "version": row.version,
            "digest": row.digest,
            "parent": str(parent.pk) if parent else None,
            "trained_on": {str(version.pk): version.digest for version in trained_on},
            "pipelines": dict(pipelines),
        },
    )
    return row


def stream_of(row: ModelVersion) -> str:
    """Return the name of the ledger stream of a version of a model."""
    return f"model:{row.pk}"


def _parent(principal: Principal, wanted: Registration) -> ModelVersion | None:
    if not wanted.parent:
        return None
    rows = registered.within(principal).filter(name=wanted.name, version=wanted.parent)
    if (row := rows.first()) is None:
        detail = f"{wanted.name} has no version {wanted.parent!r}: register it first."
        raise InvalidInput.at("/parent", detail, code="unknown")
    return row


def _trained_on(principal: Principal, wanted: Registration) -> list[DatasetVersion]:
    faults, found = [], []
    reach = audit.within(DatasetVersion.objects.all(), principal, "dataset__pipeline")
    for i, (slug, number) in enumerate(wanted.trained_on):
        row = (
            reach.filter(dataset__slug=slug, number=number)
            .select_related("dataset__pipeline")
            .defer("card", "recipe", "consent")
            .first()
        )
        if row is None:
            detail = f"There is no version {number} of a dataset {slug!r} within reach."
            faults.append(Fault(f"/trained_on/{i}", "unknown", detail))
        elif row.dataset.kind == DatasetKind.EVALUATION:
            detail = f"{slug} is held out: what is trained on it could not be judged by it."
            faults.append(Fault(f"/trained_on/{i}", "held_out", detail))
        else:
            found.append(row)
    if faults:
        raise InvalidInput(faults[0].detail, faults=tuple(faults))
    return found


def _insert(row: ModelVersion, trained_on: list[DatasetVersion]) -> None:
    try:
        with transaction.atomic():
            for version in trained_on:
                ModelTraining(model_id=row.pk, dataset_version=version).save()
            row.save()
    except IntegrityError as error:
        if not any(name in str(error) for name in TAKEN):
            raise
        detail = f"{row.name} has a version {row.version!r} already, and it never changes."
        raise Conflict(detail, faults=(Fault("/version", "taken", detail),)) from None
