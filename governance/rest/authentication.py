"""Who calls: a bearer token, and nothing else; cookies are never read."""

import re
from datetime import timedelta

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from governance.domain.principal import Principal
from governance.models import ApiToken, User
from governance.selectors import principals

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
        row = principals.live_token(match.group(1), now=timezone.now()) if match else None
        if row is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        _note_use(row)
        return row.user, principals.of_token(row)

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return 'Bearer realm="countersign"'


def _note_use(row: ApiToken) -> None:
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at > USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
