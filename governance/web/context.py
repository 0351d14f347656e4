"""What every page knows: the theme, and what the person who is signed in may do."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.models import User
from governance.selectors import principals
from governance.web.appearance import theme_of


def page(request: HttpRequest) -> dict[str, Any]:
    """Return `theme` and `may`; nothing is asked of the database until a template does."""
    return {"theme": theme_of(request), "may": SimpleLazyObject(lambda: _may(request))}


def _may(request: HttpRequest) -> dict[str, bool]:
    user = request.user
    if not isinstance(user, User):
        return dict.fromkeys(("review", "adjudicate", "approve", "audit", "administer"), False)
    known = getattr(request, "principal", None)
    principal = known if isinstance(known, Principal) else principals.of_person(user)
    return {
        "review": principal.may(Permission.REVIEW),
        "adjudicate": principal.may(Permission.ADJUDICATE),
        "approve": principal.may(Permission.APPROVE),
        "audit": principal.may(Permission.AUDIT),
        "administer": user.is_staff,
    }
