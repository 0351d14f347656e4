"""What every endpoint shares: scopes by method, named query parameters, the principal."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from governance.domain.documents.fields import suggestion
from governance.domain.faults import Fault
from governance.domain.principal import Principal
from governance.exceptions import InvalidInput
from governance.models import User


class LengthRequired(APIException):
    """A body in chunks says nowhere how long it is, and WSGI would read it as empty."""

    status_code = 411
    default_detail = "Send the body with a Content-Length."


class Endpoint(APIView):
    """A view that refuses whatever it does not name.

    `scopes` gives for each method the scopes of which one is needed; `parameters` the query
    parameters that are read, and `parameters_of_post` those of a POST where they differ.
    """

    # What is offered is described in the schema; OPTIONS would tell it without a token.
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    scopes: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    parameters: ClassVar[frozenset[str]] = frozenset()
    parameters_of_post: ClassVar[frozenset[str] | None] = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who calls, then that every query parameter is one of `parameters`."""
        super().initial(request, *args, **kwargs)
        if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
            raise LengthRequired
        read = self.parameters
        if request.method == "POST" and self.parameters_of_post is not None:
            read = self.parameters_of_post
        unknown = sorted(set(request.query_params) - read)
        if unknown:
            known = sorted(read)
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
