"""Publishing: from a document to an immutable version, and which version is in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from governance.domain import documents
from governance.domain.canonical import digest
from governance.domain.documents.diffs import Change, diff
from governance.domain.faults import Fault
from governance.enums import PolicyKind, PolicyMode
from governance.exceptions import Conflict, NotFound
from governance.models import Pipeline, PolicyActivation, PolicyVersion, User
from governance.selectors.policies import known
from governance.services import incidents, ledger, rows

NO_REASON = "No reason given"


def publish_version(
    *,
    kind: PolicyKind,
    slug: str,
    document: Mapping[str, Any],
    before: PolicyVersion | None,
    actor: User | None,
    reason: str,
    now: datetime,
) -> tuple[PolicyVersion, bool]:
    """Return the version that holds `document`, and whether it is new: then an event tells of it.

    The caller holds the row that the version belongs to locked.
    """
    stamp = digest(document)
    versions = PolicyVersion.objects.filter(kind=kind, slug=slug)
    if existing := versions.filter(digest=stamp).first():
        return existing, False
    last = versions.order_by("-number").first()
    version = PolicyVersion.objects.create(
        kind=kind,
        slug=slug,
        number=(last.number if last else 0) + 1,
        document=dict(document),
        digest=stamp,
        guideline_version=_guideline_version(versions, last, document),
        glossary_version=_glossary_version(versions, document),
        diff=diff(before.document if before else {}, document),
        author=actor,
        reason=reason or NO_REASON,
        created_at=now,
    )
    ledger.append(
        stream=f"{kind}:{slug}",
        action="policy.published",
        actor=actor,
        now=now,
        reason=version.reason,
        detail={"version": str(version.pk), "number": version.number, "digest": stamp},
    )
    return version, True


def put_in_force(
    *,
    kind: PolicyKind,
    slug: str,
    document: Mapping[str, Any],
    before: PolicyVersion | None,
    actor: User | None,
    reason: str,
    now: datetime,
) -> PolicyVersion:
    """Return the version that is in force from now on, for what has one in force and no modes.

    A document that was in force earlier brings its version back. Either way one event tells of it.
    """
    version, new = publish_version(
        kind=kind, slug=slug, document=document, before=before, actor=actor, reason=reason, now=now
    )
    if not new and version != before:
        ledger.append(
            stream=f"{kind}:{slug}",
            action="policy.reinstated",
            actor=actor,
            now=now,
            reason=reason or NO_REASON,
            detail={
                "version": str(version.pk),
                "number": version.number,
                "digest": version.digest,
                "previous": str(before.pk) if before else None,
            },
        )
    return version


def _guideline_version(
    versions: Any, last: PolicyVersion | None, document: Mapping[str, Any]
) -> int:
    if last is None:
        return 1
    same = versions.filter(document__guideline=document.get("guideline")).order_by("number").last()
    if same is not None:
        return int(same.guideline_version)
    highest: int = versions.aggregate(highest=Max("guideline_version"))["highest"]
    return highest + 1


def _glossary_version(versions: Any, document: Mapping[str, Any]) -> int:
    glossary = document.get("glossary")
    if not glossary:
        return 0
    same = versions.filter(document__glossary=glossary).order_by("number").last()
    if same is not None:
        return int(same.glossary_version)
    highest: int = versions.aggregate(highest=Max("glossary_version"))["highest"] or 0
    return highest + 1


@transaction.atomic
def publish(
    *,
    pipeline_id: int,
    mode: PolicyMode,
    actor: User | None,
    reason: str,
    now: datetime,
    rewritten: bool = False,
) -> PolicyVersion:
    """Publish the working rows of a pipeline, checked as a whole, in a mode.

    `rewritten` says that the act has written over these rows, which is told even where neither a
    version nor what is in force comes of it. Raises documents.InvalidDocuments with all that is
    wrong; then nothing is written.
    """
    pipeline = Pipeline.objects.select_for_update(of=("self",)).get(pk=pipeline_id)
    source = {"kind": "Pipeline", "slug": pipeline.slug, **rows.document_of(pipeline)}
    (parsed,) = documents.validate([source], known())
    if mode == PolicyMode.LIVE:
        incidents.require_thawed(pipeline)
    version, told = publish_version(
        kind=PolicyKind.PIPELINE,
        slug=pipeline.slug,
        document=parsed.document,
        before=pipeline.live,
        actor=actor,
        reason=reason,
        now=now,
    )
    if mode != PolicyMode.DRAFT:
        told |= activate(
            pipeline=pipeline, version=version, mode=mode, actor=actor, reason=reason, now=now
        )
    if rewritten and not told:
        ledger.append(
            stream=f"{PolicyKind.PIPELINE}:{pipeline.slug}",
            action="pipeline.drafted",
            actor=actor,
            now=now,
            reason=reason or NO_REASON,
            detail={"version": str(version.pk), "number": version.number},
        )
    return version


def activate(
    *,
    pipeline: Pipeline,
    version: PolicyVersion | None,
    mode: PolicyMode,
    actor: User | None,
    reason: str,
    now: datetime,
) -> bool:
    """Bring a version into force as live or shadow; None takes the shadow off.

    The caller holds the pipeline locked. Returns whether anything changed. A version that goes live
    stops being the shadow.
    """
    if mode == PolicyMode.LIVE and version is None:
        raise Conflict("A pipeline always has a live version.")
    field = "live" if mode == PolicyMode.LIVE else "shadow"
    previous: PolicyVersion | None = getattr(pipeline, field)
    if previous == version:
        return False
    if version is not None and mode == PolicyMode.LIVE and pipeline.shadow_id == version.pk:
        pipeline.shadow = None
    setattr(pipeline, field, version)
    pipeline.because(actor, reason or NO_REASON).save()
    activation = PolicyActivation.objects.create(
        pipeline=pipeline,
        mode=mode,
        version=version,
        previous=previous,
        actor=actor,
        reason=reason or NO_REASON,
        at=now,
    )
    ledger.append(
        stream=f"{PolicyKind.PIPELINE}:{pipeline.slug}",
        action=f"policy.{mode}",
        actor=actor,
        now=now,
        reason=reason or NO_REASON,
        detail={
            "activation": str(activation.pk),
            "version": str(version.pk) if version else None,
            "previous": str(previous.pk) if previous else None,
        },
    )
    return True


@transaction.atomic
def reinstate(
    *,
    pipeline_id: int,
    version_id: Any,
    mode: PolicyMode,
    actor: User | None,
    reason: str,
    now: datetime,
) -> PolicyVersion | None:
    """Bring an existing version of a pipeline into force again; the working rows stay as they are.

    Without a version the shadow is taken off. Conflict when it is in force already.
    """
    pipeline = Pipeline.objects.select_for_update(of=("self",)).get(pk=pipeline_id)
    version = None
    if version_id is not None:
        version = PolicyVersion.objects.filter(
            kind=PolicyKind.PIPELINE, slug=pipeline.slug, pk=version_id
        ).first()
        if version is None:
            raise NotFound(f"{pipeline.slug} has no such version.")
    if not activate(
        pipeline=pipeline, version=version, mode=mode, actor=actor, reason=reason, now=now
    ):
        raise Conflict("Nothing would change: this is in force already.")
    return version


@dataclass(frozen=True)
class Preview:
    """What publishing the working rows would do: all faults, or the difference and the version."""

    faults: tuple[Fault, ...]
    changes: list[Change]
    existing: PolicyVersion | None


def preview(pipeline: Pipeline) -> Preview:
    """Return what publishing the working rows of a pipeline would do; nothing is written."""
    document = rows.document_of(pipeline)
    source = {"kind": "Pipeline", "slug": pipeline.slug, **document}
    live = pipeline.live.document if pipeline.live else {}
    try:
        (parsed,) = documents.validate([source], known())
    except documents.InvalidDocuments as error:
        return Preview(error.faults, diff(live, document), None)
    existing = PolicyVersion.objects.filter(
        kind=PolicyKind.PIPELINE, slug=pipeline.slug, digest=digest(parsed.document)
    ).first()
    return Preview((), diff(live, parsed.document), existing)
