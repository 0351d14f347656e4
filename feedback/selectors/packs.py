"""Audit packs that somebody may see, and their bytes."""

import hashlib
import uuid
from collections.abc import Iterator

from django.db.models import Q, QuerySet

from feedback.models import AuditPack, AuditPackPart
from governance.domain.principal import Principal
from governance.exceptions import NotFound
from governance.models import Pipeline


class AlteredPack(RuntimeError):
    """What would be sent is not what was made."""


def visible(principal: Principal, rows: "QuerySet[AuditPack]") -> "QuerySet[AuditPack]":
    """Return the packs that a principal may know of: all with all in reach, else their own."""
    return rows if principal.pipelines is None else rows.filter(made_by=principal.user_id)


def asked_by(principal: Principal) -> "QuerySet[AuditPack]":
    """Return the packs that a principal asked for and still reaches all of."""
    rows = AuditPack.objects.filter(made_by=principal.user_id)
    if principal.pipelines is None:
        return rows
    out_of_reach = Q(scope__everything=True)
    beyond = Pipeline.objects.exclude(pk__in=principal.pipelines).values_list("slug", flat=True)
    if slugs := list(beyond):
        out_of_reach |= Q(scope__pipelines__has_any_keys=slugs)
    return rows.exclude(out_of_reach)


def file_name(pack: AuditPack) -> str:
    """Return what the file of a pack is called."""
    named = sorted(pack.scope["pipelines"])
    return f"audit-{named[0] if len(named) == 1 else 'all'}-{pack.root[:12]}.zip"


def own(principal: Principal, pack_id: uuid.UUID) -> AuditPack:
    """Return a pack that a principal asked for and still reaches all of; NotFound otherwise.

    It was made for their eyes: what somebody else may read of it might be less.
    """
    pack = asked_by(principal).filter(pk=pack_id).first()
    if pack is None:
        raise NotFound("There is no such pack.")
    return pack


def is_kept(pack: AuditPack) -> bool:
    """Return whether the bytes of a pack are still there."""
    return AuditPackPart.objects.filter(pack=pack, position=0).exists()


def kept(pack: AuditPack) -> AuditPack:
    """Return a pack whose bytes are still there; NotFound once they were forgotten."""
    if not is_kept(pack):
        raise NotFound(
            "The bytes of this pack were deleted. Ask for it again, with its checkpoint and time: "
            "unless something was erased, they are the same."
        )
    return pack


def stream(pack: AuditPack) -> Iterator[bytes]:
    """Return the bytes of a pack, the last piece when the digest of all of them is right.

    AlteredPack otherwise: the download breaks off, and nobody takes it for whole.
    """
    digest, held, position = hashlib.sha256(), b"", 0
    while part := AuditPackPart.objects.filter(pack=pack, position=position).first():
        if held:
            yield held
        held = bytes(part.content)
        digest.update(held)
        position += 1
    if digest.hexdigest() != pack.sha256:
        raise AlteredPack(f"The bytes of {pack} are not those that were made.")
    yield held
