"""What the head of each page says of the system itself."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from reviews.selectors import standstills


def maintenance(request: HttpRequest) -> dict[str, Any]:
    """Return `maintenance`, the one that goes on; not asked for until a template does."""
    return {"maintenance": SimpleLazyObject(standstills.current)}
