"""What signatures bind: the content of a change, what it does and undoes, and a roll-back of it.

All of it is worked out from the rows, so that a row that was changed behind the record no longer
fits its signatures.
"""

from typing import Any

from governance.domain.canonical import digest
from governance.enums import SignedThing
from governance.models import Adjustment, AdjustmentActivation, AdjustmentRevision, Signature


def content_of(revision: AdjustmentRevision) -> dict[str, Any]:
    """Return what the digest of a revision binds."""
    return {
        "adjustment": str(revision.adjustment_id),
        "number": revision.number,
        "change": revision.change,
        "evidence": revision.evidence,
        "bound": revision.bound,
        "summary": revision.summary,
        "risk": str(revision.risk),
        "substantial_modification": str(revision.substantial),
        "rationale": revision.rationale,
        "author": revision.author_id,
    }


def record_of(row: Adjustment) -> dict[str, Any]:
    """Return what signatures of an adjustment bind: what it says, does and takes back, and on what.

    The digest of the revision is worked out anew from its content.
    """
    revision = AdjustmentRevision.objects.get(adjustment=row, number=row.revision)
    return {
        "adjustment": str(row.pk),
        "pipeline": row.pipeline.slug,
        "kind": str(row.kind),
        "revision": row.revision,
        "content": digest(content_of(revision)),
        "before": row.before,
        "after": row.after,
        "steps": row.steps,
        "inverse": row.inverse,
        "risk": str(row.risk),
        "approvals": row.approvals_needed,
        "validations": row.validations_needed,
        "roles": row.approving_roles,
    }


def stamp_of(row: Adjustment) -> str:
    """Return the digest that signatures of a change are bound to."""
    return digest(record_of(row))


def roll_back_stamp(row: Adjustment, roll_back: AdjustmentActivation) -> str:
    """Return the digest that a signature of a roll-back is bound to."""
    return digest(
        {
            "adjustment": str(row.pk),
            "change": row.digest,
            "activation": str(roll_back.pk),
            "effective": roll_back.digest,
        }
    )


def holds(signature: Signature, row: Adjustment) -> bool:
    """Return whether a signature is bound to this adjustment as it now stands."""
    if signature.adjustment_id != row.pk or not row.digest:
        return False
    if signature.thing == SignedThing.CHANGE:
        return signature.digest == row.digest == stamp_of(row)
    rolled = row.activations.filter(act="roll_back").first()
    return rolled is not None and signature.digest == roll_back_stamp(row, rolled)
