"""What is in force in a pipeline now, under one digest."""

from dataclasses import dataclass
from typing import Any

from governance.domain.canonical import digest
from governance.enums import AdjustmentKind, AdjustmentState
from governance.models import Adjustment, AdjustmentActivation, Pipeline, PolicyVersion

Model = dict[str, str]


@dataclass(frozen=True)
class Effective:
    """What is in force: a version of the configuration, and a model where one was activated."""

    config: PolicyVersion | None
    model: Model | None

    @property
    def refs(self) -> dict[str, Any]:
        """Return what is digested: the digest of the configuration, and the model."""
        return {"config": self.config.digest if self.config else None, "model": self.model}

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the RFC 8785 JSON of `refs`."""
        return digest(self.refs)


def of(pipeline: Pipeline) -> Effective:
    """Return what is in force in a pipeline."""
    last = last_activation(pipeline)
    return Effective(pipeline.live, last.model if last else None)


def last_activation(pipeline: Pipeline) -> AdjustmentActivation | None:
    """Return what was activated or rolled back last."""
    rows = AdjustmentActivation.objects.filter(pipeline=pipeline)
    return rows.order_by("-number").first()


def overrides(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return the values that overrides hold now, by path."""
    rows = Adjustment.objects.filter(
        pipeline=pipeline, kind=AdjustmentKind.OVERRIDE, state=AdjustmentState.ACTIVE
    )
    found = [
        {"adjustment": str(row.pk), "path": step["path"], "value": step.get("new")}
        for row in rows
        for step in row.steps
    ]
    return sorted(found, key=lambda each: (each["path"], each["adjustment"]))
