"""Bringing a signed change into force, and taking it back."""

import uuid
from datetime import datetime

from django.db import transaction

from governance.domain import documents, patches
from governance.domain.principal import Principal
from governance.enums import ActivationAct, AdjustmentKind, AdjustmentState, Meaning
from governance.exceptions import Conflict, NotPermitted, Stale
from governance.models import Adjustment, AdjustmentActivation, User
from governance.selectors import adjustments, effective, persons
from governance.selectors.effective import Effective
from governance.services import adjustment_state as states
from governance.services import changes, dispatch, incidents

ACTIVATED = "Activated as signed"


def activate(
    *,
    principal: Principal,
    actor: User,
    adjustment_id: uuid.UUID,
    now: datetime,
    reason: str = ACTIVATED,
) -> Adjustment:
    """Bring an approved change into force, if what it was signed against still is.

    Else it becomes stale, which is kept, and Stale is raised.
    """
    with transaction.atomic():
        row = states.locked(principal, adjustment_id)
        states.require_approver(principal, "Activating")
        states.require("activate", row)
        states.require_whole(row)
        _require_not_alone(row, actor)
        incidents.require_thawed(row.pipeline)
        before = effective.of(row.pipeline)
        said = changes.outdated(row.kind, row.before, row.steps, before)
        said = said or _put(row, before, actor, reason or ACTIVATED, now)
        if said:
            states.move(row, AdjustmentState.STALE, now)
            states.record(row, "stale", actor, now, in_force=before.digest)
    if said:
        raise Stale(f"{said} It is stale: edit it, and have it signed again.")
    return row


def _require_not_alone(row: Adjustment, actor: User) -> None:
    approvers = {
        s.person for s in adjustments.valid_signatures(row) if s.meaning == Meaning.APPROVAL
    }
    if approvers <= persons.linked(actor):
        raise NotPermitted("Who alone approved it does not activate it.")


def _put(row: Adjustment, before: Effective, actor: User, reason: str, now: datetime) -> str:
    try:
        with transaction.atomic():
            after = changes.take(
                row.pipeline, row.steps, before, actor=actor, reason=reason, now=now
            )
    except (documents.InvalidDocuments, LookupError):
        row.pipeline.refresh_from_db()
        return "What it refers to has changed, so that it would not be valid."
    made = _record(row, ActivationAct.ACTIVATE, before, after, actor, reason, now)
    states.move(row, AdjustmentState.ACTIVE, now)
    superseded = [each.pk for each in _active_beside(row) if not _holds(each, after)]
    for each in Adjustment.objects.filter(pk__in=superseded).order_by("pk"):
        each.superseded_by = row
        states.move(each, AdjustmentState.SUPERSEDED, now, "superseded_by")
        states.record(each, "superseded", actor, now, by=str(row.pk))
    states.record(
        row, "activated", actor, now, reason=reason, activation=str(made.pk),
        before=made.digest_before, after=made.digest,
        superseded=sorted(str(pk) for pk in superseded),
    )  # fmt: skip
    return ""


def _active_beside(row: Adjustment) -> list[Adjustment]:
    others = Adjustment.objects.filter(pipeline=row.pipeline_id, state=AdjustmentState.ACTIVE)
    of_model = row.kind == AdjustmentKind.MODEL_VERSION
    return [
        each for each in others.exclude(pk=row.pk)
        if (each.kind == AdjustmentKind.MODEL_VERSION) == of_model
    ]  # fmt: skip


def _holds(row: Adjustment, now: Effective) -> bool:
    """Return whether all that a change brought is still in force."""
    if row.kind == AdjustmentKind.MODEL_VERSION:
        return bool(row.after["model"] == now.model)
    return not patches.conflicts(now.config.document if now.config else {}, row.inverse)


def _record(
    row: Adjustment,
    act: ActivationAct,
    before: Effective,
    after: Effective,
    actor: User,
    reason: str,
    now: datetime,
) -> AdjustmentActivation:
    last = effective.last_activation(row.pipeline)
    made = AdjustmentActivation(
        pipeline=row.pipeline, number=(last.number if last else 0) + 1, adjustment=row, act=act,
        config_before=before.config, config=after.config, model_before=before.model,
        model=after.model, digest_before=before.digest, digest=after.digest, actor=actor,
        reason=reason, at=now,
    )  # fmt: skip
    made.save()
    return made


@transaction.atomic
def roll_back(
    *, principal: Principal, actor: User, adjustment_id: uuid.UUID, reason: str, now: datetime
) -> Adjustment:
    """Take back a change that is in force, at once and by one person; a second signs afterwards.

    What other changes did beside it stays. Where a later change builds on it, Conflict names them:
    they are rolled back first. A promise tells reviews, who start the clock of the second
    signature and list what was decided under the change.
    """
    row = states.locked(principal, adjustment_id)
    states.require_approver(principal, "Rolling back")
    _require_nothing_on_top(row)
    states.require("roll_back", row)
    states.require_reason(reason, "Say why it is rolled back.")
    before = effective.of(row.pipeline)
    if not _holds(row, before):
        raise _outgrown(row, before)
    try:
        after = changes.take(row.pipeline, row.inverse, before, actor=actor, reason=reason, now=now)
    except documents.InvalidDocuments as error:
        faults = tuple(error.faults)
        raise Conflict(
            "What was in force before is no longer valid beside later changes.", faults=faults
        ) from None
    made = _record(row, ActivationAct.ROLL_BACK, before, after, actor, reason, now)
    states.move(row, AdjustmentState.ROLLED_BACK, now)
    restored = _restore(row, after, actor, now)
    states.record(
        row, "rolled_back", actor, now, reason=reason, activation=str(made.pk),
        before=made.digest_before, after=made.digest, restored=restored,
    )  # fmt: skip
    dispatch.enqueue(
        "reviews.follow_roll_back", now=now, dedupe=f"rolled-back:{made.pk}",
        activation_id=str(made.pk),
    )  # fmt: skip
    return row


def _require_nothing_on_top(row: Adjustment) -> None:
    if row.state != AdjustmentState.SUPERSEDED:
        return
    later, on_top = row.superseded_by, []
    while later is not None:
        on_top.append(str(later.pk))
        later = later.superseded_by
    raise Conflict(
        "Later changes build on this one; roll them back first, the last one first.",
        depending=on_top,
    )


def _outgrown(row: Adjustment, now: Effective) -> Conflict:
    if row.kind == AdjustmentKind.MODEL_VERSION:
        return Conflict("Another model is in force than the one that this brought.")
    clash = patches.conflicts(now.config.document if now.config else {}, row.inverse)
    return Conflict(
        "Something else has changed what this brought, outside of adjustments; "
        f"these values are no longer its own: {', '.join(clash)}.",
        depending=[],
        paths=clash,
    )


def _restore(row: Adjustment, now_in_force: Effective, actor: User, now: datetime) -> list[str]:
    restored = []
    for each in row.superseded.filter(state=AdjustmentState.SUPERSEDED).order_by("pk"):
        if _holds(each, now_in_force):
            each.superseded_by = None
            states.move(each, AdjustmentState.ACTIVE, now, "superseded_by")
            states.record(each, "restored", actor, now, after=str(row.pk))
            restored.append(str(each.pk))
    return restored
