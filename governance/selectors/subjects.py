"""What was sealed under the key of a data subject, read again."""

from django.conf import settings

from governance.domain import envelopes
from governance.models import SubjectKey


def reference_of(row: SubjectKey) -> str:
    """Return by what name pipelines know a subject; empty once the key is destroyed."""
    return opened(row, row.reference, "reference")


def opened(row: SubjectKey, text: str, what: str) -> str:
    """Return what was sealed under a subject's key; empty once the key is destroyed."""
    if row.destroyed_at is not None or not text:
        return ""
    return envelopes.opened(secret_of(row), text, about=f"{row.pk}:{what}")


def secret_of(row: SubjectKey) -> bytes:
    """Return the key of a subject. CannotOpen when no key of the site opens it."""
    _, secret = envelopes.opened_by_any(masters(), row.wrapped, about=str(row.pk))
    return bytes.fromhex(secret)


def masters() -> list[bytes]:
    """Return the keys of the site under which those of subjects may be sealed, today's first."""
    return [envelopes.derived(key, envelopes.KEYS) for key in settings.PRIVACY_KEYS]
