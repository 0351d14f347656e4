"""What oversight puts into an audit pack: access reviews, incidents and impact assessments."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from governance.domain.pack_scope import PackScope
from governance.domain.times import rfc3339
from governance.enums import PolicyKind
from governance.models import (
    AccessGrant,
    AccessReview,
    AccessReviewClosing,
    AccessVerdict,
    Delegation,
    ImpactAssessment,
    Incident,
    Membership,
)
from governance.selectors.pack_sections import (
    Sealed,
    Section,
    of_scope,
    pages,
    register,
    streams_named,
)

Line = dict[str, Any]


def access_reviews(scope: PackScope) -> Iterator[Line]:
    """Return each review of a pipeline: what people held, what became of it, and who signed."""
    rows = AccessReview.objects.filter(opened_at__lt=scope.until)
    for page in pages(of_scope(rows, scope, "pipeline")):
        sealed = Sealed((f"access-review:{row.pk}" for row in page), scope)
        for row in page:
            stream = f"access-review:{row.pk}"
            if scope.covers(row.opened_at) and sealed.has(stream, row.opened_at):
                yield _review(row, sealed, scope)


def _review(row: AccessReview, sealed: Sealed, scope: PackScope) -> Line:
    grants = list(row.grants.select_related("verdict").order_by("pk"))
    # What was taken away is told on the streams of those who held it.
    taken = Sealed((f"user:{grant.user_id}" for grant in grants), scope)
    return {
        "id": str(row.pk), "pipeline": row.pipeline.slug if row.pipeline else None,
        "opened_by": row.opened_by_id, "opened_at": rfc3339(row.opened_at),
        "due_at": rfc3339(row.due_at), "suspends": row.suspends, "reason": row.reason,
        "grants": [_grant(grant, sealed, taken) for grant in grants],
        "signature": _closing(row, sealed),
    }  # fmt: skip


def _closing(row: AccessReview, sealed: Sealed) -> Line | None:
    closing: AccessReviewClosing | None = getattr(row, "closing", None)
    if closing is None or not sealed.has(f"access-review:{row.pk}", closing.at):
        return None
    return {
        "printed_name": closing.printed_name, "at": rfc3339(closing.at), "meaning": "review",
        "signer": closing.signer_id, "bound_to": closing.digest,
        "reauthenticated_at": rfc3339(closing.reauthenticated_at),
    }  # fmt: skip


def _grant(grant: AccessGrant, sealed: Sealed, taken: Sealed) -> Line:
    held = {
        "user": grant.user_id, "role": grant.role or None, "permissions": grant.permissions,
        "verdict": None,
    }  # fmt: skip
    verdict: AccessVerdict | None = getattr(grant, "verdict", None)
    if verdict is None or not (
        sealed.has(f"access-review:{grant.review_id}", verdict.at)
        or taken.has(f"user:{grant.user_id}", verdict.at)
    ):
        return held
    return held | {
        "verdict": str(verdict.kind), "by": verdict.actor_id, "at": rfc3339(verdict.at),
        "reason": verdict.reason,
    }  # fmt: skip


def incidents(scope: PackScope) -> Iterator[Line]:
    """Return each incident: how bad, by when it was to be reported, and what was done."""
    rows = Incident.objects.filter(opened_at__lt=scope.until)
    for page in pages(of_scope(rows, scope, "pipeline")):
        sealed = Sealed((f"incident:{row.pk}" for row in page), scope)
        for row in page:
            stream = f"incident:{row.pk}"
            if scope.covers(row.opened_at) and sealed.has(stream, row.opened_at):
                yield _incident(row, sealed, scope)


def _incident(row: Incident, sealed: Sealed, scope: PackScope) -> Line:
    steps = row.steps.filter(at__lt=scope.until).order_by("at", "pk")
    said = {"title": row.title, "text": row.text} if scope.texts else {}
    return {
        "id": str(row.pk), "pipeline": scope.pipelines.get(row.pipeline_id),
        "severity": str(row.severity), "aware_at": rfc3339(row.aware_at),
        "due_at": rfc3339(row.due_at) if row.due_at else None, "opened_by": row.opened_by_id,
        "opened_at": rfc3339(row.opened_at), "found": row.found,
        "hold": str(row.hold_id) if row.hold_id else None,
        "steps": [
            {"kind": str(step.kind), "by": step.actor_id, "at": rfc3339(step.at)}
            | ({"text": step.text} if scope.texts else {})
            for step in steps
            if sealed.has(f"incident:{row.pk}", step.at)
        ],
        **said,
    }  # fmt: skip


def assessments(scope: PackScope) -> Iterator[Line]:
    """Return each impact assessment: what it said, and who signed it until then."""
    rows = ImpactAssessment.objects.filter(written_at__lt=scope.until)
    rows = rows.select_related("pipeline", "signature")
    for page in pages(of_scope(rows, scope, "pipeline")):
        sealed = Sealed((f"{PolicyKind.PIPELINE}:{row.pipeline.slug}" for row in page), scope)
        for row in page:
            if scope.covers(row.written_at) and sealed.has(_stream(row), row.written_at):
                yield _assessment(row, sealed)


def _stream(row: ImpactAssessment) -> str:
    return f"{PolicyKind.PIPELINE}:{row.pipeline.slug}"


def _assessment(row: ImpactAssessment, sealed: Sealed) -> Line:
    signature = getattr(row, "signature", None)
    if signature is not None and not sealed.has(_stream(row), signature.at):
        signature = None
    return {
        "id": str(row.pk), "pipeline": row.pipeline.slug, "number": row.number,
        "content": row.content, "review_on": row.review_on.isoformat(), "digest": row.digest,
        "reason": row.reason, "by": row.written_by_id, "written_at": rfc3339(row.written_at),
        "signature": signature and {
            "printed_name": signature.printed_name, "at": rfc3339(signature.at),
            "meaning": "approval", "signer": signature.signer_id, "bound_to": signature.digest,
            "reauthenticated_at": rfc3339(signature.reauthenticated_at),
        },
    }  # fmt: skip


def delegations(scope: PackScope) -> Iterator[Line]:
    """Return what people lent one another in the time of a pack, and who ended it until then.

    In a pack of some pipelines these are the delegations of who is a member of one of them.
    """
    rows = Delegation.objects.filter(since__lt=scope.until).select_related("end")
    if not scope.everything:
        members = Membership.objects.filter(pipeline__in=list(scope.pipelines)).values("user")
        rows = rows.filter(giver__in=members)
    for page in pages(rows):
        sealed = Sealed((f"user:{row.giver_id}" for row in page), scope)
        for row in page:
            if scope.covers(row.since) and sealed.has(f"user:{row.giver_id}", row.since):
                yield _delegation(row, sealed)


def _delegation(row: Delegation, sealed: Sealed) -> Line:
    end = getattr(row, "end", None)
    if end is not None and not sealed.has(f"user:{row.giver_id}", end.at):
        end = None
    return {
        "id": str(row.pk), "giver": row.giver_id, "holder": row.holder_id, "role": row.role,
        "since": rfc3339(row.since), "until": rfc3339(row.until), "reason": row.reason,
        "ended": end and {"by": end.actor_id, "at": rfc3339(end.at)},
    }  # fmt: skip


def _of_reviews(scope: PackScope) -> Q:
    return streams_named("access-review", of_scope(AccessReview.objects.all(), scope, "pipeline"))


def _of_incidents(scope: PackScope) -> Q:
    return streams_named("incident", of_scope(Incident.objects.all(), scope, "pipeline"))


def register_all() -> None:
    """Register what oversight has."""
    for section in SECTIONS:
        register(section)


SECTIONS = (
    Section(
        "access_reviews", "Access reviews",
        "What each person held on a day, whether it was kept, and who signed the whole.",
        access_reviews, _of_reviews,
    ),
    Section(
        "incidents", "Incidents",
        "What went wrong, by when it was to be reported, and what was done about it.",
        incidents, _of_incidents,
    ),
    Section(
        "assessments", "Impact assessments",
        "What could go wrong in a pipeline, for whom, what is done about it, and who signed that.",
        assessments,
    ),
    Section(
        "delegations", "Delegations",
        "Which role people lent one another while they were away, and until when.",
        delegations,
    ),
)  # fmt: skip
