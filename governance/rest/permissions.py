"""What a token may do: nothing that its view does not name a scope for."""

from typing import Any, cast

from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from governance.domain.principal import Principal


class ScopePermission(BasePermission):
    """Asks for one of the view's `scopes[method]`; a method without scopes is refused to all."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return whether the token carries a scope for this method."""
        if request.auth is None:
            raise NotAuthenticated("Send a token: Authorization: Bearer …")
        method = "GET" if request.method == "HEAD" else request.method or ""
        if method not in view.allowed_methods:
            raise MethodNotAllowed(method)
        wanted: tuple[str, ...] = getattr(view, "scopes", {}).get(method, ())
        self.message = f"This needs a token with the scope {' or '.join(wanted) or 'of nobody'}."
        return bool(wanted) and cast("Principal", request.auth).has_scope(*wanted)


class Anyone(BasePermission):
    """Open to everyone: the description of the API."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True."""
        return True
