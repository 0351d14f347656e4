"""Adjustments as a principal may see them, and what their signatures are worth."""

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from governance.domain import adjusting
from governance.domain.adjusting import Signatures
from governance.domain.principal import Principal
from governance.enums import AdjustmentState, Meaning, Permission, Risk, SignedThing
from governance.exceptions import NotFound
from governance.models import (
    Adjustment,
    AdjustmentActivation,
    AdjustmentChallenge,
    AdjustmentRevision,
    Pipeline,
    Signature,
    SignaturePolicy,
    User,
)
from governance.selectors import delegations, persons


def visible(principal: Principal) -> "QuerySet[Adjustment]":
    """Return the adjustments of the pipelines within reach, each with its `summary`."""
    said = AdjustmentRevision.objects.filter(adjustment=OuterRef("pk"), number=OuterRef("revision"))
    rows = Adjustment.objects.select_related("pipeline", "author")
    rows = rows.annotate(summary=Subquery(said.values("summary")))
    if principal.pipelines is None:
        return rows
    return rows.filter(pipeline__in=principal.pipelines)


def one(principal: Principal, adjustment_id: Any) -> Adjustment:
    """Return an adjustment within reach; NotFound for any other."""
    row = visible(principal).filter(pk=adjustment_id).first()
    if row is None:
        raise NotFound("There is no such adjustment.")
    return row


def pipeline_in_reach(principal: Principal, slug: str) -> Pipeline:
    """Return a pipeline within reach; NotFound for any other."""
    row = Pipeline.objects.select_related("live").filter(slug=slug).first()
    if row is None or not principal.sees(row.pk):
        raise NotFound(f"There is no pipeline {slug[:63]!r} within reach.")
    return row


def revision_of(row: Adjustment) -> AdjustmentRevision:
    """Return what an adjustment says now."""
    return AdjustmentRevision.objects.get(adjustment=row, number=row.revision)


def contributors(row: Adjustment) -> set[str]:
    """Return the persons who wrote any revision of an adjustment."""
    authors = User.objects.filter(pk__in=row.revisions.values("author"))
    return {persons.person_of(user) for user in authors}


def valid_signatures(row: Adjustment) -> list[Signature]:
    """Return the signatures of the change as it now stands; an edit has voided all others."""
    if not row.digest:
        return []
    return list(row.signatures.filter(digest=row.digest, thing=SignedThing.CHANGE).order_by("at"))


def lacking(row: Adjustment) -> dict[str, int]:
    """Return how many signatures of each meaning are still needed."""
    held = [signature.meaning for signature in valid_signatures(row)]
    needed = {
        Meaning.APPROVAL: row.approvals_needed,
        Meaning.VALIDATION: row.validations_needed,
    }
    return {str(m): n - held.count(m) for m, n in needed.items() if n > held.count(m)}


def open_challenges(row: Adjustment) -> "QuerySet[AdjustmentChallenge]":
    """Return the objections that nobody has answered."""
    return row.challenges.filter(answer__isnull=True)


def policy_for(pipeline: Pipeline, risk: str) -> Signatures:
    """Return which signatures a change of this risk takes in a pipeline."""
    row = SignaturePolicy.objects.filter(pipeline=pipeline, risk=risk).first()
    if row is None:
        return adjusting.DEFAULT[Risk(risk)]
    return Signatures(row.approvals, row.validations, tuple(row.roles), row.assessed)


def has_role(user: User, slugs: list[str]) -> bool:
    """Return whether a person holds one of these roles."""
    return not delegations.roles_of(user).isdisjoint(slugs)


def awaiting(principal: Principal, user: User) -> "QuerySet[Adjustment]":
    """Return what awaits this person: a signature, an activation or the second of a roll-back."""
    if not principal.may(Permission.APPROVE):
        return Adjustment.objects.none()
    mine = Signature.objects.filter(person=persons.person_of(user))
    unsigned = Q(state=AdjustmentState.SUBMITTED) & ~Q(
        pk__in=mine.filter(thing=SignedThing.CHANGE).values("adjustment")
    )
    signed_off = Signature.objects.filter(thing=SignedThing.ROLL_BACK).values("adjustment")
    second = Q(state=AdjustmentState.ROLLED_BACK) & ~Q(pk__in=signed_off)
    wanted = unsigned | Q(state=AdjustmentState.APPROVED) | second
    return visible(principal).filter(wanted).exclude(author=user, state=AdjustmentState.SUBMITTED)


def roll_back_of(row: Adjustment) -> AdjustmentActivation | None:
    """Return the roll-back of an adjustment, if there was one."""
    return row.activations.filter(act="roll_back").first()


def countersigned_at(row: Adjustment) -> datetime | None:
    """Return when a second person signed the roll-back."""
    found = row.signatures.filter(thing=SignedThing.ROLL_BACK).order_by("at").first()
    return found.at if found else None
