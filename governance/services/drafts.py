"""Working rows of a pipeline, written one by one; nothing is in force before it is published."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from governance.enums import PolicyKind
from governance.models import Pipeline, Tier, User
from governance.models.base import TrackedModel
from governance.services import ledger


@transaction.atomic
def edit(
    *,
    pipeline: Pipeline,
    saved: Sequence[TrackedModel],
    deleted: Sequence[TrackedModel],
    actor: User | None,
    reason: str,
    now: datetime,
) -> None:
    """Delete and save working rows of a pipeline, which may be among them and new, as one act.

    Each row leaves history with the actor and the reason; without a reason nothing is written.
    """
    _keep_what_is_in_force(pipeline)
    for row in deleted:
        _delete(row, actor, reason)
    for row in saved:
        row.because(actor, reason).save()
    ledger.append(
        stream=f"{PolicyKind.PIPELINE}:{pipeline.slug}",
        action="pipeline.drafted",
        actor=actor,
        now=now,
        reason=reason,
        detail={
            "saved": [_name(row) for row in saved],
            "deleted": [_name(row) for row in deleted],
        },
    )


def _keep_what_is_in_force(pipeline: Pipeline) -> None:
    """Lock a pipeline, and take what is in force from the row: a draft must not undo a publish."""
    if pipeline._state.adding:
        return
    row = Pipeline.objects.select_for_update(of=("self",)).get(pk=pipeline.pk)
    pipeline.live_id, pipeline.shadow_id = row.live_id, row.shadow_id


def _delete(row: TrackedModel, actor: User | None, reason: str) -> None:
    if isinstance(row, Tier):
        # A cascade would delete the questions of a tier without a reason.
        for question in row.checklist.all():
            question.because(actor, reason).delete()
    row.because(actor, reason).delete()


def _name(row: TrackedModel) -> str:
    return f"{row._meta.model_name}:{row}"
