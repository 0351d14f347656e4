"""Data subjects: the key of each, by which what was said about them can be made unreadable."""

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from governance.domain import envelopes
from governance.exceptions import Conflict, InvalidInput
from governance.models import SubjectKey
from governance.selectors.subjects import masters, opened, reference_of, secret_of

__all__ = [
    "destroy", "key_for", "known", "locked", "opened", "reference_of", "rewrapped", "sealed",
    "token_of", "tokens_of",
]  # fmt: skip

LONGEST = 200


def token_of(reference: str) -> str:
    """Return the keyed hash by which the key of a subject is found."""
    return envelopes.token(settings.PRIVACY_KEYS[0], reference)


def tokens_of(reference: str) -> list[str]:
    """Return the hashes by which a key may be found while the key of the site is replaced."""
    return envelopes.tokens(settings.PRIVACY_KEYS, reference)


def known(reference: str) -> SubjectKey | None:
    """Return the key of a subject, if there is one."""
    return SubjectKey.objects.filter(token__in=tokens_of(reference)).first()


def key_for(reference: str, *, now: datetime) -> SubjectKey:
    """Return the key of a subject, made when there is none."""
    if not 1 <= len(reference) <= LONGEST:
        detail = f"A subject is named by 1 to {LONGEST} characters."
        raise InvalidInput.at("/subject", detail, code="length")
    found = known(reference)
    if found is not None:
        return found
    row, secret = SubjectKey(token=token_of(reference), created_at=now), envelopes.new_key()
    row.wrapped = envelopes.seal(masters()[0], secret.hex(), about=str(row.pk))
    row.reference = envelopes.seal(secret, reference, about=f"{row.pk}:reference")
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        # Another act has made it in the meantime.
        return SubjectKey.objects.get(token=row.token)
    return row


def locked(reference: str, *, now: datetime) -> SubjectKey:
    """Return the key of a subject, held until the transaction ends: it names a ledger stream."""
    return SubjectKey.objects.select_for_update().get(pk=key_for(reference, now=now).pk)


def sealed(row: SubjectKey, text: str, what: str) -> str:
    """Return `text` sealed under a subject's key; Conflict when it is destroyed."""
    if row.destroyed_at is not None:
        raise Conflict("This person's data was erased: nothing more is kept about them.")
    return envelopes.seal(secret_of(row), text, about=f"{row.pk}:{what}") if text else ""


def destroy(row: SubjectKey, *, now: datetime) -> None:
    """Destroy the key: whatever was sealed under it, wherever a copy lies, is unreadable."""
    row.token, row.wrapped, row.reference, row.destroyed_at = None, "", "", now
    row.save(update_fields=["token", "wrapped", "reference", "destroyed_at"])


def rewrapped(row: SubjectKey) -> bool:
    """Seal a key that a former key of the site sealed under that of today; False if it is already.

    The row is not saved. CannotOpen when none of the keys opens it.
    """
    place, secret = envelopes.opened_by_any(masters(), row.wrapped, about=str(row.pk))
    token = token_of(reference_of(row))
    if place == 0 and row.token == token:
        return False
    row.wrapped = envelopes.seal(masters()[0], secret, about=str(row.pk))
    row.token = token
    return True
