"""The end of the API's addresses."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.exceptions import NotFound
from governance.rest.views import Endpoint


@extend_schema(exclude=True)
class NothingHere(Endpoint):
    """Answers every API address that is none."""

    permission_classes: list[Any] = []
    authentication_classes: list[Any] = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse."""
        raise NotFound(
            "There is nothing at this address; /api/v1/openapi.json lists what there is."
        )

    def get(self, request: Request) -> Response:
        """Be refused by `initial`."""
        raise NotImplementedError

    post = put = patch = delete = get
