"""Who calls: a bearer token, and nothing else; cookies are never read."""

import re
from datetime import timedelta

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from governance.domain.principal import Principal
from governance.models import ApiToken, User
from governance.selectors import clock, principals
from governance.selectors.principals import Bearer

BEARER = re.compile(r"Bearer\s+([A-Za-z0-9_.~+/=-]{1,200})", re.IGNORECASE)
USE_NOTED_EVERY = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """Finds the user and the principal of a bearer token."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        """Return user and principal; None without a token; a wrong one is refused."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        match = BEARER.fullmatch(header.strip())
        found = principals.bearer(match.group(1), now=clock.now()) if match else None
        if found is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        _note_use(found)
        return found.user, found.principal

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return 'Bearer realm="countersign"'


def _note_use(found: Bearer) -> None:
    now = clock.now()
    if found.last_used_at is None or now - found.last_used_at > USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=found.token_id).update(last_used_at=now)
