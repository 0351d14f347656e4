"""Data sources: where data comes from, on what its use rests, and for what it may be used."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from governance.domain import purposes as words
from governance.domain.principal import Principal
from governance.enums import LawfulBasis
from governance.exceptions import InvalidInput, NotFound
from governance.models import DataSource, Pipeline, User
from governance.services import ledger

MOST_PURPOSES = 20


@transaction.atomic
def declare(
    *,
    principal: Principal,
    actor: User,
    pipeline: str,
    name: str,
    origin: str,
    purposes: Sequence[str],
    basis: str,
    licence: str = "",
    collected: str = "",
    gaps: str = "",
    reason: str,
    now: datetime,
) -> DataSource:
    """Put a source on record, or change the one of that name; its history keeps what it was."""
    found = Pipeline.objects.select_for_update(of=("self",)).filter(slug=pipeline).first()
    if found is None or not principal.sees(found.pk):
        raise NotFound(f"There is no pipeline {pipeline!r} within reach.")
    _check(origin, purposes, basis)
    row = DataSource.objects.filter(pipeline=found, name=name).first()
    row = row or DataSource(pipeline=found, name=name)
    row.origin, row.purposes, row.basis = origin, sorted(set(purposes)), basis
    row.licence, row.collected, row.gaps = licence, collected, gaps
    row.because(actor, reason).save()
    ledger.append(
        stream=f"pipeline:{found.slug}",
        action="source.declared",
        actor=actor,
        now=now,
        reason=reason,
        detail={"source": row.pk, "basis": basis, "purposes": row.purposes},
    )
    return row


def _check(origin: str, purposes: Sequence[str], basis: str) -> None:
    if not origin.strip():
        detail = "Say who collected the data, from whom and how."
        raise InvalidInput.at("/origin", detail, code="required")
    if not purposes or len(purposes) > MOST_PURPOSES:
        detail = f"Name 1 to {MOST_PURPOSES} purposes."
        raise InvalidInput.at("/purposes", detail, code="required")
    for i, word in enumerate(purposes):
        try:
            words.purpose(word)
        except words.BadPurpose as error:
            raise InvalidInput.at(f"/purposes/{i}", str(error), code="purpose") from None
    if basis not in LawfulBasis.values:
        detail = f"The basis is one of {', '.join(LawfulBasis.values)}."
        raise InvalidInput.at("/basis", detail, code="unknown")
