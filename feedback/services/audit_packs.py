"""Audit packs: asked for with a purpose, made by a job, kept for a week, and on record for ever."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from feedback.models import AuditPack, AuditPackPart
from feedback.services import pack_contents
from feedback.services.pack_files import measured
from governance.db import turns
from governance.db.snapshots import snapshot
from governance.domain import purposes
from governance.domain.pack_scope import PackScope, scope_of
from governance.domain.principal import Principal
from governance.enums import ErasureState, Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import Checkpoint, ErasureRequest, Job, Pipeline, User
from governance.models.base import uuid7
from governance.selectors import principals, provenance, proving
from governance.services import jobs, ledger

KIND = "audit_pack"
TASK = "feedback.make_pack"
KEPT = timedelta(days=7)
PART = 2**20
THE_START = datetime(2000, 1, 1, tzinfo=UTC)
# Bytes of packs are kept, or forgotten because of an erasure: one after the other.
COPIES = 5_102


@dataclass(frozen=True)
class Wanted:
    """What a pack is asked for; without a pipeline, all that is within reach.

    `until` is the time of the checkpoint unless said otherwise, and `checkpoint` (a size of the
    ledger) the latest. `texts`: whether what people wrote is to be in it.
    """

    purpose: str
    pipeline: str = ""
    since: datetime | None = None
    until: datetime | None = None
    texts: bool = False
    checkpoint: int | None = None


@dataclass(frozen=True)
class Made:
    """A pack that lies in a file."""

    scope: PackScope
    root: str
    sha256: str
    size: int
    path: Path


def request(*, principal: Principal, actor: User, wanted: Wanted, now: datetime) -> Job:
    """Promise a pack. NotPermitted where a source of personal data does not cover its purpose.

    Who asks may read the records; for texts, their role must say so too.
    """
    if not (principal.may(Permission.AUDIT) or principal.scopes is not None):
        raise NotPermitted("An audit pack needs the permission to read what is on record.")
    if wanted.texts and not principal.may(Permission.AUDIT):
        raise NotPermitted("Texts of people need a role that may read what is on record.")
    scope = scoped(wanted, reach=principal.pipelines, actor=actor, now=now)
    only = Pipeline.objects.get(slug=wanted.pipeline) if wanted.pipeline else None
    return jobs.start(
        kind=KIND, task=TASK, arguments=scope.as_json(), user=actor, pipeline=only, now=now
    )


def scoped(
    wanted: Wanted, *, reach: frozenset[int] | None, actor: User | None, now: datetime
) -> PackScope:
    """Return the scope that was asked for, with what its purpose rests on.

    A purpose that is not covered is a NotPermitted, which stays on record.
    """
    pipelines = _pipelines(wanted.pipeline, reach)
    point = _checkpoint(wanted.checkpoint)
    since, until = wanted.since or THE_START, wanted.until or point.sealed_at
    if until > point.sealed_at:
        said = f"The ledger is sealed until {point.sealed_at:%Y-%m-%dT%H:%M:%SZ}: ask for no more."
        raise InvalidInput.at("/until", said, code="not_sealed")
    if since >= until:
        raise InvalidInput.at("/since", "The time of a pack ends after it begins.", code="order")
    try:
        purposes.purpose(wanted.purpose)
    except purposes.BadPurpose as error:
        raise InvalidInput.at("/purpose", str(error)) from None
    basis = _basis(pipelines, wanted.purpose, actor, now)
    return PackScope(
        pipelines={row.pk: row.slug for row in pipelines},
        everything=reach is None and not wanted.pipeline,
        since=since,
        until=until,
        checkpoint=point.size,
        purpose=wanted.purpose,
        texts=wanted.texts,
        requester=actor.username if actor else "",
        requester_id=actor.pk if actor else None,
        basis=tuple(basis),
    )


def _pipelines(slug: str, reach: frozenset[int] | None) -> list[Pipeline]:
    rows = Pipeline.objects.order_by("slug")
    if reach is not None:
        rows = rows.filter(pk__in=reach)
    found = list(rows.filter(slug=slug) if slug else rows)
    if slug and not found:
        raise NotFound(f"There is no pipeline {slug!r} within reach.")
    if reach is not None and not found:
        raise NotFound("There is no pipeline within reach.")
    return found


def _checkpoint(size: int | None) -> Checkpoint:
    if size is None:
        point = proving.latest()
        if point is None:
            raise Conflict("Nothing of the ledger is sealed yet: ask again in a minute.")
        return point
    found = Checkpoint.objects.filter(size=size).first()
    if found is None:
        raise InvalidInput.at("/checkpoint", f"There is no checkpoint of {size}.", code="unknown")
    return found


def _basis(
    pipelines: Iterable[Pipeline], purpose: str, actor: User | None, now: datetime
) -> list[dict[str, Any]]:
    """Return what the use of personal data rests on; NotPermitted where a source covers it not."""
    basis, refused = [], []
    for row in pipelines:
        if not provenance.is_personal(row):
            continue
        sources = provenance.of_pipeline(row.pk)
        if not purposes.covered(purpose, [source.purposes for source in sources]):
            refused.append(row)
        basis += [
            {"pipeline": row.slug, "source": each.name, "basis": str(each.basis)}
            for each in sources
        ]
    if refused:
        _refuse(refused, purpose, actor, now)
        slugs = ", ".join(row.slug for row in refused)
        raise NotPermitted(
            f"The sources of {slugs} do not cover the purpose {purpose!r}: have it added to the "
            "data source, or name another."
        )
    return basis


@transaction.atomic
def _refuse(pipelines: list[Pipeline], purpose: str, actor: User | None, now: datetime) -> None:
    """Write the event, which stays when the pack is refused."""
    ledger.first(
        stream=f"pack:{uuid7()}",
        action="pack.refused",
        actor=actor,
        now=now,
        detail={"purpose": purpose, "pipelines": {row.slug: row.pk for row in pipelines}},
    )


def make(*, job: Job, now: datetime) -> dict[str, Any]:
    """Make the pack that a job promised, keep its bytes, and return what its caller is told."""
    if made := AuditPack.objects.filter(job=job).first():
        return _told(made)
    scope = scope_of(job.arguments)
    reader = principals.of_person(job.user)
    if not all(reader.sees(key) for key in scope.pipelines) or (
        scope.everything and reader.pipelines is not None
    ):
        raise Conflict("Some of it is no longer within reach of who asked for it.")
    erased = _erased()
    with built(scope, reader) as found:
        return _told(_keep(found, job, erased, now))


@contextmanager
def built(scope: PackScope, reader: Principal | None) -> Iterator[Made]:
    """Give a pack in a file that goes with the block; nothing is on record yet."""
    with TemporaryDirectory(prefix="audit-pack-") as name:
        folder, path = Path(name) / "files", Path(name) / "pack.zip"
        folder.mkdir()
        with snapshot(connection):
            staging, root = pack_contents.write(
                folder, scope, reader=reader, signer=settings.LEDGER_SIGNER
            )
        staging.zip(path)
        yield Made(scope, root, *measured(path), path)


@transaction.atomic
def _keep(made: Made, job: Job, erased: int, now: datetime) -> AuditPack:
    """Keep the bytes of a pack; Conflict when an erasure has made them say too much."""
    turns.alone(COPIES)
    if _erased() != erased:
        raise Conflict("Something was erased while the pack was made: ask for it again.")
    pack = record(made=made, job=job, actor=job.user, now=now)
    with made.path.open("rb") as file:
        for position, piece in enumerate(iter(lambda: file.read(PART), b"")):
            AuditPackPart.objects.create(pack=pack, position=position, content=piece)
    return pack


def _erased() -> int:
    return ErasureRequest.objects.filter(state=ErasureState.EXECUTED).count()


@transaction.atomic
def record(*, made: Made, job: Job | None, actor: User | None, now: datetime) -> AuditPack:
    """Put on record that a pack was made: its scope and its digests."""
    pack = AuditPack(
        id=uuid7(), job=job, scope=made.scope.as_json(), root=made.root, sha256=made.sha256,
        size=made.size, event=uuid7(), made_by=actor, made_at=now,
    )  # fmt: skip
    pack.save()
    scope = pack.scope
    ledger.first(
        stream=f"pack:{pack.pk}",
        action="pack.made",
        actor=actor,
        now=now,
        event_id=pack.event,
        detail={
            "pack": str(pack.pk),
            "root": pack.root,
            "sha256": pack.sha256,
            "bytes": pack.size,
            **{name: scope[name] for name in SCOPE},
        },
    )
    return pack


SCOPE = ("pipelines", "everything", "since", "until", "checkpoint", "purpose", "texts", "basis")


def _told(pack: AuditPack) -> dict[str, Any]:
    return {
        "pack": str(pack.pk),
        "root": pack.root,
        "sha256": pack.sha256,
        "bytes": pack.size,
        "checkpoint": pack.scope["checkpoint"],
        "location": f"/api/v1/audit/packs/{pack.pk}",
    }


@transaction.atomic
def forget(*, now: datetime) -> int:
    """Delete the bytes of packs that are past their week; returns of how many.

    The pack stays on record, and can be made anew.
    """
    old = AuditPack.objects.filter(made_at__lt=now - KEPT, parts__position=0)
    keys = list(old.values_list("pk", flat=True)[:100])
    AuditPackPart.objects.filter(pack__in=keys).delete()
    return len(keys)


def forget_all() -> None:
    """Delete the bytes of every pack, in the transaction of an erasure: they may hold what went."""
    turns.alone(COPIES)
    AuditPackPart.objects.all().delete()
