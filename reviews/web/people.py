"""Who looks at a page: signed in, with what their roles allow, in their own time zone."""

import functools
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from governance.domain.principal import Principal
from governance.exceptions import NotFound, NotPermitted
from governance.models import User
from governance.selectors import principals

View = Callable[..., HttpResponse]


class DeskRequest(HttpRequest):
    """A request of a person who is signed in."""

    user: User
    principal: Principal
    htmx: HtmxDetails


def signed_in(view: Callable[..., HttpResponse]) -> View:
    """Let only people in; what they may not see is not found, what they may not do is forbidden."""

    @functools.wraps(view)
    def inner(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        request.principal = principals.of_person(request.user)
        try:
            with timezone.override(ZoneInfo(request.user.timezone)):
                response = view(request, *args, **kwargs)
        except NotFound as error:
            raise Http404(error.detail) from None
        except NotPermitted as error:
            raise PermissionDenied(error.detail) from None
        patch_vary_headers(response, ["HX-Request", "Cookie"])
        return response

    return inner


def _to_sign_in(request: Any) -> HttpResponse:
    """Send to the sign-in page; a script is told to load it as a page, in place of the desk."""
    if not request.htmx:
        back = request.get_full_path() if request.method == "GET" else "/"
        return redirect_to_login(back)
    response = HttpResponse(status=204)
    where = request.htmx.current_url_abs_path or "/"
    response["HX-Redirect"] = redirect_to_login(where, settings.LOGIN_URL)["Location"]
    return response
