"""What the floor puts into an audit pack: law, changes with signatures, stops, holds, erasures."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q

from governance.domain.pack_scope import PackScope
from governance.domain.retention import DEFAULT_DAYS
from governance.domain.times import rfc3339
from governance.enums import PolicyKind
from governance.models import (
    Adjustment,
    AdjustmentActivation,
    AdjustmentChallenge,
    AdjustmentRevision,
    DataSource,
    ErasureRequest,
    HoldLift,
    LegalHold,
    PolicyActivation,
    PolicyVersion,
    RetentionRule,
    Signature,
    Stop,
    StopResumption,
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
SOURCE_FIELDS = ("name", "origin", "purposes", "basis", "licence", "collected", "gaps")


def policies(scope: PackScope) -> Iterator[Line]:
    """Return what was in force when: activations, and each version that was, whole."""
    versions: set[Any] = set()
    for key, slug in sorted(scope.pipelines.items(), key=lambda pair: pair[1]):
        for row in _in_force(key, slug, scope):
            versions.add(row.version_id)
            yield _activation(slug, row)
    for version in PolicyVersion.objects.filter(pk__in=versions - {None}).order_by("pk"):
        yield _version(version)
    # Calendars and SLA policies are in force from their publication on, and everybody's.
    shared = PolicyVersion.objects.exclude(kind=PolicyKind.PIPELINE)
    for page in pages(shared.filter(created_at__lt=scope.until)):
        sealed = Sealed((f"{row.kind}:{row.slug}" for row in page), scope)
        for version in page:
            if sealed.has(f"{version.kind}:{version.slug}", version.created_at):
                yield _version(version)


def _in_force(key: int, slug: str, scope: PackScope) -> list[PolicyActivation]:
    """Return what came into force in the time of a pack, and before it what was then."""
    rows = PolicyActivation.objects.filter(pipeline=key, at__lt=scope.until)
    stream = f"{PolicyKind.PIPELINE}:{slug}"
    sealed = Sealed([stream], scope)
    before: dict[str, PolicyActivation] = {}
    within = []
    for row in rows.order_by("at", "pk").select_related("version"):
        if not sealed.has(stream, row.at):
            continue
        if row.at < scope.since:
            before[row.mode] = row
        else:
            within.append(row)
    return [*(before[mode] for mode in sorted(before)), *within]


def _activation(slug: str, row: PolicyActivation) -> Line:
    return {
        "what": "activation",
        "pipeline": slug,
        "mode": str(row.mode),
        "version": row.version.number if row.version else None,
        "digest": row.version.digest if row.version else None,
        "by": row.actor_id,
        "reason": row.reason,
        "at": rfc3339(row.at),
    }


def _version(row: PolicyVersion) -> Line:
    return {
        "what": "version",
        "kind": str(row.kind),
        "slug": row.slug,
        "number": row.number,
        "digest": row.digest,
        "document": row.document,
        "guideline_version": row.guideline_version,
        # A pack of what had no glossary has the bytes that it always had.
        **({"glossary_version": row.glossary_version} if row.glossary_version else {}),
        "by": row.author_id,
        "reason": row.reason,
        "published_at": rfc3339(row.created_at),
    }


def adjustments(scope: PackScope) -> Iterator[Line]:
    """Return each change with its revisions, signatures, challenges and activations until then."""
    rows = Adjustment.objects.filter(created_at__lt=scope.until)
    for page in pages(of_scope(rows, scope, "pipeline")):
        sealed = Sealed((f"adjustment:{row.pk}" for row in page), scope)
        for row in page:
            parts = _parts(row, sealed, scope)
            moments = [part.pop("moment") for group in parts.values() for part in group]
            if any(map(scope.covers, moments)):
                yield {
                    "id": str(row.pk),
                    "pipeline": scope.pipelines.get(row.pipeline_id),
                    "kind": str(row.kind),
                    "author": row.author_id,
                    "created_at": rfc3339(row.created_at),
                    **parts,
                }


def _parts(row: Adjustment, sealed: Sealed, scope: PackScope) -> dict[str, list[Line]]:
    stream = f"adjustment:{row.pk}"

    def known(model: Any, *order: str) -> list[Any]:
        found = model.objects.filter(adjustment=row, at__lt=scope.until).order_by(*order)
        return [each for each in found if sealed.has(stream, each.at)]

    return {
        "revisions": [_revision(each, scope) for each in known(AdjustmentRevision, "number")],
        "signatures": [_signature(each) for each in known(Signature, "at", "pk")],
        "challenges": [
            _challenge(each, sealed, scope) for each in known(AdjustmentChallenge, "at", "pk")
        ],
        "activations": [_came_into_force(each) for each in known(AdjustmentActivation, "number")],
    }


def _revision(row: AdjustmentRevision, scope: PackScope) -> Line:
    said = {"summary": row.summary, "rationale": row.rationale} if scope.texts else {}
    return {
        "moment": row.at,
        "number": row.number,
        "change": row.change,
        "evidence": row.evidence,
        "bound": row.bound,
        "risk": str(row.risk),
        "substantial_modification": str(row.substantial) or None,
        "author": row.author_id,
        "digest": row.digest,
        "at": rfc3339(row.at),
        **said,
    }


def _signature(row: Signature) -> Line:
    """Return a signature with its printed name, its time and its meaning, and what it is bound to.

    Those are the three items that each print of a signature shows.
    """
    return {
        "moment": row.at,
        "printed_name": row.printed_name,
        "at": rfc3339(row.at),
        "meaning": str(row.meaning),
        "of": str(row.thing),
        "signer": row.signer_id,
        "bound_to": row.digest,
        "method": row.method,
        "reauthenticated_at": rfc3339(row.reauthenticated_at),
    }


def _challenge(row: AdjustmentChallenge, sealed: Sealed, scope: PackScope) -> Line:
    answer = getattr(row, "answer", None)
    if answer is not None and not sealed.has(f"adjustment:{row.adjustment_id}", answer.at):
        answer = None
    said = {"objection": row.objection} if scope.texts else {}
    if answer is not None and scope.texts:
        said["response"] = answer.response
    return {
        "moment": row.at,
        "by": row.actor_id,
        "at": rfc3339(row.at),
        "answered_by": answer.actor_id if answer else None,
        "answered_at": rfc3339(answer.at) if answer else None,
        **said,
    }


def _came_into_force(row: AdjustmentActivation) -> Line:
    return {
        "moment": row.at,
        "number": row.number,
        "act": str(row.act),
        "model_before": row.model_before,
        "model": row.model,
        "digest_before": row.digest_before,
        "digest": row.digest,
        "by": row.actor_id,
        "reason": row.reason,
        "at": rfc3339(row.at),
    }


def stops(scope: PackScope) -> Iterator[Line]:
    """Return each use of the stop switch, and who agreed to resume."""
    rows = Stop.objects.filter(effective_at__lt=scope.until).prefetch_related("resumptions")
    for page in pages(of_scope(rows, scope, "pipeline")):
        sealed = Sealed((f"stop:{row.pk}" for row in page), scope)
        for row in page:
            ended = [e for e in row.resumptions.all() if sealed.has(f"stop:{row.pk}", e.at)]
            moments = [row.effective_at, *(each.at for each in ended)]
            if sealed.has(f"stop:{row.pk}", row.effective_at) and any(map(scope.covers, moments)):
                yield _stop(row, ended, scope)


def _stop(row: Stop, ended: list[StopResumption], scope: PackScope) -> Line:
    return {
        "id": str(row.pk),
        "pipeline": scope.pipelines.get(row.pipeline_id),
        "tier": row.tier or None,
        "model": row.model_name or None,
        "model_version": row.model_version or None,
        "by": row.actor_id,
        "reason": row.reason,
        "effective_at": rfc3339(row.effective_at),
        "resumed_by": [
            {"by": each.actor_id, "reason": each.reason, "at": rfc3339(each.at)}
            for each in sorted(ended, key=lambda each: each.position)
        ],
    }


def holds(scope: PackScope) -> Iterator[Line]:
    """Return each legal hold that was in force; the person is named by the id of their key."""
    rows = LegalHold.objects.filter(placed_at__lt=scope.until).prefetch_related("lifts")
    for page in pages(of_scope(rows, scope, "pipeline")):
        sealed = Sealed((f"hold:{row.pk}" for row in page), scope)
        for row in page:
            stream = f"hold:{row.pk}"
            lift = next((e for e in row.lifts.all() if sealed.has(stream, e.lifted_at)), None)
            over = lift is not None and lift.lifted_at < scope.since
            if sealed.has(stream, row.placed_at) and not over:
                yield _hold(row, lift, scope)


def _hold(row: LegalHold, lift: HoldLift | None, scope: PackScope) -> Line:
    return {
        "id": str(row.pk),
        "pipeline": scope.pipelines.get(row.pipeline_id or 0),
        "subject": str(row.subject_id) if row.subject_id else None,
        "reason": row.reason,
        "by": row.placed_by_id,
        "at": rfc3339(row.placed_at),
        "lifted_by": lift.lifted_by_id if lift else None,
        "lifted_because": lift.reason if lift else None,
        "lifted_at": rfc3339(lift.lifted_at) if lift else None,
    }


def erasures(scope: PackScope) -> Iterator[Line]:
    """Return what was erased on request, on what that rested, and who asked and who did it."""
    rows = ErasureRequest.objects.filter(requested_at__lt=scope.until)
    for page in pages(of_scope(rows, scope, "pipeline")):
        sealed = Sealed((f"erasure:{row.pk}" for row in page), scope)
        for row in page:
            stream = f"erasure:{row.pk}"
            ended = row.ended_at if sealed.has(stream, row.ended_at) else None
            if sealed.has(stream, row.requested_at) and (
                scope.covers(row.requested_at) or scope.covers(ended)
            ):
                yield _erasure(row, ended, scope)


def _erasure(row: ErasureRequest, ended: datetime | None, scope: PackScope) -> Line:
    return {
        "id": str(row.pk),
        "pipeline": scope.pipelines.get(row.pipeline_id or 0),
        "subject": str(row.subject_id),
        "reason": row.reason,
        "plan": row.plan,
        "requested_by": row.requested_by_id,
        "requested_at": rfc3339(row.requested_at),
        "state": str(row.state) if ended else "requested",
        "ended_by": row.ended_by_id if ended else None,
        "ended_at": rfc3339(ended) if ended else None,
        "outcome": row.outcome if ended else None,
    }


def retention(scope: PackScope) -> Iterator[Line]:
    """Return for how long each class of records is kept: what stands in code, and each change."""
    for name, days in sorted(DEFAULT_DAYS.items()):
        yield {"class": str(name), "days": days, "since": None, "by": None, "reason": "default"}
    kept = RetentionRule.history.filter(history_date__lt=scope.until)
    for row in kept.order_by("history_date", "history_id"):
        yield {
            "class": str(row.record_class),
            "days": row.days if row.history_type != "-" else None,
            "since": rfc3339(row.history_date),
            "by": row.history_user_id,
            "reason": row.history_change_reason or "",
        }


def sources(scope: PackScope) -> Iterator[Line]:
    """Return what was declared of where data comes from, each declaration and change."""
    rows = DataSource.history.filter(history_date__lt=scope.until).filter(
        Q(pipeline__in=list(scope.pipelines))
    )
    for row in rows.order_by("history_date", "history_id"):
        yield {
            "pipeline": scope.pipelines[row.pipeline_id],
            "gone": row.history_type == "-",
            "since": rfc3339(row.history_date),
            "by": row.history_user_id,
            **{name: getattr(row, name) for name in SOURCE_FIELDS},
        }


def _of_holds(scope: PackScope) -> Q:
    return streams_named("hold", of_scope(LegalHold.objects.all(), scope, "pipeline"))


def _of_erasures(scope: PackScope) -> Q:
    return streams_named("erasure", of_scope(ErasureRequest.objects.all(), scope, "pipeline"))


def register_all() -> None:
    """Register what the floor has."""
    for section in SECTIONS:
        register(section)


SECTIONS = (
    Section(
        "policies", "Policies in force",
        "Which version was in force when, and each version whole: rules, tiers, guideline.",
        policies,
    ),
    Section(
        "adjustments", "Changes and signatures",
        "Each change: what it said, who signed it (printed name, time, meaning), objections, and "
        "when it came into force or was rolled back.",
        adjustments,
    ),
    Section("stops", "Stops", "Each use of the stop switch, and who agreed to resume.", stops),
    Section(
        "holds", "Legal holds", "What had to be kept as it was, why and until when.",
        holds, _of_holds,
    ),
    Section(
        "erasures", "Erasures",
        "What was erased on request, on what that rested, and the two people of each.",
        erasures, _of_erasures,
    ),
    Section(
        "retention", "Retention", "For how many days each class of records is kept.", retention
    ),
    Section(
        "sources", "Data sources",
        "Where the data comes from, for what it may be used, and on what that rests.",
        sources,
    ),
)  # fmt: skip
