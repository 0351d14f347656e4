"""Who looks at the pages of lineage and lessons: signed in, with a role that may read them."""

import functools
from collections.abc import Callable
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from feedback.selectors import lessons
from governance.domain.principal import Principal
from governance.exceptions import InvalidInput, NotFound, NotPermitted
from governance.models import User
from governance.selectors import principals

View = Callable[..., HttpResponseBase]


class ReaderRequest(HttpRequest):
    """A request of a person who may read what was learned."""

    user: User
    principal: Principal


def reader(view: Callable[..., HttpResponseBase]) -> View:
    """Let in who settles disagreements, signs changes or audits; the rest is forbidden."""

    @functools.wraps(view)
    def inner(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not lessons.may_read(request.principal):
            raise PermissionDenied("This needs a role that adjudicates, approves or audits.")
        return view(request, *args, **kwargs)

    return member(inner)


def member(view: Callable[..., HttpResponseBase]) -> View:
    """Let in who is signed in; the view itself says what they may see."""

    @functools.wraps(view)
    def inner(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.principal = principals.of_person(request.user)
        try:
            with timezone.override(ZoneInfo(request.user.timezone)):
                response = view(request, *args, **kwargs)
        except (NotFound, InvalidInput) as error:
            raise Http404(error.detail) from None
        except NotPermitted as error:
            raise PermissionDenied(error.detail) from None
        patch_vary_headers(response, ["HX-Request", "Cookie"])
        return response

    return cast("View", login_required(inner))
