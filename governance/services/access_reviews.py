"""Reviewing access: a look at each grant, by somebody else, by a day, signed at the end."""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from governance.domain.canonical import canonical
from governance.domain.principal import Principal
from governance.domain.times import rfc3339
from governance.enums import AccessVerdictKind, Permission, UserKind
from governance.exceptions import (
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
)
from governance.models import (
    AccessGrant,
    AccessReview,
    AccessReviewClosing,
    AccessVerdict,
    Pipeline,
    User,
)
from governance.selectors import access, persons
from governance.services import ledger, people
from governance.services.signatures import require_proof

LONGEST = timedelta(days=365)
NOBODY_LOOKED = "Nobody looked at it by the day that the review was due"


@transaction.atomic
def begin(
    *,
    principal: Principal,
    actor: User,
    due_at: datetime,
    reason: str,
    now: datetime,
    pipeline: str = "",
    suspends: bool = True,
) -> AccessReview:
    """Take down what everybody holds now, in a pipeline or (none named) everywhere, for a look.

    A review of everywhere is for who sees all pipelines.
    """
    row = Pipeline.objects.filter(slug=pipeline).first() if pipeline else None
    if pipeline and (row is None or not principal.sees(row.pk)):
        raise NotFound(f"There is no pipeline {pipeline!r} within reach.")
    _check(principal, reason)
    if row is None and principal.pipelines is not None:
        raise NotPermitted("You see some pipelines only: name the one to review.")
    if not now < due_at <= now + LONGEST:
        raise InvalidInput.at("/due_at", "It is due within a year from now.", code="range")
    review = AccessReview(
        pipeline=row, due_at=due_at, suspends=suspends, opened_by=actor, opened_at=now,
        reason=reason,
    )  # fmt: skip
    review.save()
    grants = [
        AccessGrant(review=review, user_id=held.user_id, role=held.role,
                    permissions=held.permissions, pipelines=held.pipelines)
        for held in access.held(row)
    ]  # fmt: skip
    for grant in grants:
        grant.save()
    ledger.first(
        stream=stream_of(review), action="access_review.opened", actor=actor, now=now,
        reason=reason,
        detail={
            "review": str(review.pk), "pipeline": row.pk if row else None, "grants": len(grants),
            "due_at": rfc3339(due_at), "suspends": suspends,
        },
    )  # fmt: skip
    return review


@transaction.atomic
def judge(
    *,
    principal: Principal,
    actor: User,
    grant_id: uuid.UUID,
    keep: bool,
    reason: str,
    now: datetime,
) -> AccessVerdict:
    """Keep a grant, or take it away at once. Nobody judges what they hold themselves."""
    grant = _grant(principal, grant_id)
    _check(principal, reason)
    if persons.person_of(grant.user) in persons.linked(actor):
        raise NotPermitted("This is your own: somebody else looks at it.")
    if AccessVerdict.objects.filter(grant=grant).exists():
        raise Conflict("This grant has its verdict already.")
    kind = AccessVerdictKind.KEPT if keep else AccessVerdictKind.REVOKED
    return _settle(grant, kind, actor, reason, now)


@transaction.atomic
def close(
    *,
    principal: Principal,
    actor: User,
    review_id: uuid.UUID,
    proven_at: datetime | None,
    now: datetime,
) -> AccessReviewClosing:
    """Sign a review whose grants all have a verdict; `proven_at` is when the password was given."""
    review = _review(principal, review_id)
    _check(principal, "signed")
    if AccessReviewClosing.objects.filter(review=review).exists():
        raise Conflict("This review was signed already.")
    left = access.left(review).count()
    if left:
        raise Conflict(f"{left} grants have no verdict yet.")
    if actor.kind != UserKind.HUMAN:
        raise NotPermitted("People sign; a service does not.")
    proven = require_proof(proven_at, now)
    closing = AccessReviewClosing(
        review=review, signer=actor, printed_name=persons.printed_name(actor),
        digest=digest_of(review), reauthenticated_at=proven, at=now,
    )  # fmt: skip
    closing.save()
    ledger.append(
        stream=stream_of(review), action="access_review.signed", actor=actor, now=now,
        detail={"review": str(review.pk), "signature": str(closing.pk), "digest": closing.digest},
    )  # fmt: skip
    return closing


def suspend_due(*, now: datetime) -> int:
    """Take away, where a review says so, what nobody looked at in time; returns how many grants.

    Each is an act of its own, which any number of sweeps do once. What the last administrator holds
    stays, and stays overdue.
    """
    done = 0
    for key in access.overdue(now).values_list("pk", flat=True):
        done += _suspend(key, now)
    return done


@transaction.atomic
def _suspend(grant_id: uuid.UUID, now: datetime) -> int:
    grant = _locked(AccessGrant.objects.filter(pk=grant_id))
    if grant is None or AccessVerdict.objects.filter(grant=grant).exists():
        return 0
    try:
        with transaction.atomic():
            _settle(grant, AccessVerdictKind.SUSPENDED, None, NOBODY_LOOKED, now)
    except Conflict:
        return 0
    return 1


def _settle(
    grant: AccessGrant, kind: AccessVerdictKind, actor: User | None, reason: str, now: datetime
) -> AccessVerdict:
    verdict = AccessVerdict(
        grant=grant, kind=kind, holder=grant.user, actor=actor, reason=reason, at=now
    )
    verdict.save()
    detail: Mapping[str, Any] = {
        "review": str(grant.review_id), "grant": str(grant.pk), "verdict": str(kind),
        "role": grant.role or None,
    }  # fmt: skip
    stream = f"access-review:{grant.review_id}"
    if kind != AccessVerdictKind.KEPT:
        people.take(user=grant.user, role=grant.role, actor=actor, reason=reason, now=now)
        # What people may do is told on their own stream, with all that they hold from then on.
        stream, detail = f"user:{grant.user_id}", {**detail, "roles": access.roles_of(grant.user)}
    ledger.append(
        stream=stream, action=f"access.{kind}", actor=actor, now=now, reason=reason, detail=detail
    )
    return verdict


def digest_of(review: AccessReview) -> str:
    """Return the SHA-256 of the RFC 8785 text of all that was looked at, and what became of it."""
    rows = AccessVerdict.objects.filter(grant__review=review).order_by("grant_id")
    said = [
        {
            "grant": str(row.grant_id), "user": row.holder_id, "role": row.grant.role,
            "permissions": row.grant.permissions, "verdict": row.kind, "actor": row.actor_id,
            "reason": row.reason, "at": rfc3339(row.at),
        }
        for row in rows.select_related("grant")
    ]  # fmt: skip
    return hashlib.sha256(canonical({"review": str(review.pk), "verdicts": said})).hexdigest()


def stream_of(review: AccessReview) -> str:
    """Return the ledger stream of a review."""
    return f"access-review:{review.pk}"


def _grant(principal: Principal, grant_id: uuid.UUID) -> AccessGrant:
    reviews = access.reviews(principal).values("pk")
    grant = _locked(AccessGrant.objects.filter(pk=grant_id, review__in=reviews))
    if grant is None:
        raise NotFound("There is no such grant.")
    return grant


def _locked(rows: Any) -> AccessGrant | None:
    """Lock the review, then whoever holds the grant: the order in which all of them do."""
    found: AccessGrant | None = rows.first()
    if found is not None:
        AccessReview.objects.select_for_update(of=("self",)).get(pk=found.review_id)
        found.user = User.objects.select_for_update(of=("self",)).get(pk=found.user_id)
    return found


def _review(principal: Principal, review_id: uuid.UUID) -> AccessReview:
    rows = access.reviews(principal).select_for_update(of=("self",))
    review = rows.filter(pk=review_id).first()
    if review is None:
        raise NotFound("There is no such review.")
    return review


def _check(principal: Principal, reason: str) -> None:
    if not principal.may(Permission.APPROVE):
        raise NotPermitted("Reviewing access needs the permission to approve.")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why.", code="required")
