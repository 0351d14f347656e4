"""Certifying a threshold: asked for, worked out by a worker, on record, and never applied."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from feedback.selectors import quality, thresholds
from feedback.selectors.thresholds import ACTION, KIND, Asked
from governance.domain.principal import Principal
from governance.enums import PolicyKind
from governance.exceptions import Conflict
from governance.models import Job, User
from governance.services import jobs, ledger

TASK = "feedback.certify_threshold"


def request(
    *,
    principal: Principal,
    actor: User,
    slug: str,
    max_error: float,
    confidence: float,
    model_version: str = "",
    now: datetime,
) -> Job:
    """Promise what can be certified of a pipeline in force, of one version of its model.

    Without a version, it is the one that sent the newest prediction under the policy in force.
    """
    row = quality.pipeline(principal, slug)
    if row.live_id is None:
        raise Conflict("This pipeline has no policy in force.")
    arguments = {
        "max_error": max_error, "confidence": confidence,
        "model_version": model_version or thresholds.model_version(row),
    }  # fmt: skip
    return jobs.start(kind=KIND, task=TASK, arguments=arguments, user=actor, pipeline=row, now=now)


@transaction.atomic
def certify(*, job: Job, now: datetime) -> Mapping[str, Any]:
    """Work out what a job promised, and put it on record in the stream of the pipeline."""
    pipeline = job.pipeline
    assert pipeline is not None
    asked = Asked(pipeline, until=now, **job.arguments)
    found = thresholds.report(asked)
    ledger.append(
        stream=f"{PolicyKind.PIPELINE}:{pipeline.slug}",
        action=ACTION,
        actor=job.user,
        now=now,
        detail={"job": str(job.pk), **found},
    )
    return found
