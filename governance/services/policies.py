"""Publishing: from a document to an immutable version, and which version is in force."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from governance.domain import documents
from governance.domain.canonical import digest
from governance.domain.documents.diffs import diff
from governance.enums import PolicyKind, PolicyMode
from governance.exceptions import Conflict
from governance.models import Pipeline, PolicyActivation, PolicyVersion, User
from governance.selectors.policies import known
from governance.services import ledger, rows

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
) -> PolicyVersion:
    """Return the version that holds `document`: the existing one, or a new one on record.

    The caller holds the row that the version belongs to locked.
    """
    stamp = digest(document)
    versions = PolicyVersion.objects.filter(kind=kind, slug=slug)
    if existing := versions.filter(digest=stamp).first():
        return existing
    last = versions.order_by("-number").first()
    version = PolicyVersion.objects.create(
        kind=kind,
        slug=slug,
        number=(last.number if last else 0) + 1,
        document=dict(document),
        digest=stamp,
        guideline_version=_guideline_version(versions, last, document),
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


@transaction.atomic
def publish(
    *, pipeline_id: int, mode: PolicyMode, actor: User | None, reason: str, now: datetime
) -> PolicyVersion:
    """Publish the working rows of a pipeline, checked as a whole, in a mode.

    Raises documents.InvalidDocuments with all that is wrong; then nothing is written.
    """
    pipeline = Pipeline.objects.select_for_update(of=("self",)).get(pk=pipeline_id)
    source = {"kind": "Pipeline", "slug": pipeline.slug, **rows.document_of(pipeline)}
    (parsed,) = documents.validate([source], known())
    version = publish_version(
        kind=PolicyKind.PIPELINE,
        slug=pipeline.slug,
        document=parsed.document,
        before=pipeline.live,
        actor=actor,
        reason=reason,
        now=now,
    )
    if mode != PolicyMode.DRAFT:
        activate(pipeline=pipeline, version=version, mode=mode, actor=actor, reason=reason, now=now)
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
