"""What every endpoint shares: scopes by method, named query parameters, the principal."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from rest_framework.request import Request
from rest_framework.views import APIView

from governance.domain.documents.fields import suggestion
from governance.domain.faults import Fault
from governance.domain.principal import Principal
from governance.exceptions import InvalidInput
from governance.models import User


class Endpoint(APIView):
    """A view that refuses whatever it does not name.

    `scopes` gives for each method the scopes of which one is needed; `parameters` the query
    parameters that are read.
    """

    scopes: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    parameters: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who calls, then that every query parameter is one of `parameters`."""
        super().initial(request, *args, **kwargs)
        unknown = sorted(set(request.query_params) - self.parameters)
        if unknown:
            known = sorted(self.parameters)
            raise InvalidInput(
                f"There is no query parameter {unknown[0][:60]!r} here.",
                faults=tuple(
                    Fault(
                        f"/{name[:60]}", "unknown_parameter", f"Unknown.{suggestion(name, known)}"
                    )
                    for name in unknown
                ),
            )


def principal_of(request: Request) -> Principal:
    """Return the principal of an authenticated request."""
    return cast("Principal", request.auth)


def user_of(request: Request) -> User:
    """Return the user whose token was sent."""
    return cast("User", request.user)
