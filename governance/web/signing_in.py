"""Signing in with a password or a link that works once, and signing out."""

from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from governance.enums import UserKind
from governance.exceptions import NotFound
from governance.models import User
from governance.selectors import clock
from governance.services import sign_in_links
from governance.web.paths import own_path

BACKEND = "django.contrib.auth.backends.ModelBackend"
TOO_MANY_REQUESTS = 429


class SignInForm(AuthenticationForm):
    """Name and password. One message for a wrong name, a wrong password and who may not sign in."""

    error_messages = {
        "invalid_login": _("The name or the password is wrong."),
        "inactive": _("The name or the password is wrong."),
    }

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse whoever is deactivated, and services: they have tokens."""
        if not user.is_active or user.kind != UserKind.HUMAN:
            raise ValidationError(self.error_messages["invalid_login"], code="invalid_login")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for name and password; afterwards go on to a page of this site."""
    following = own_path(request, request.POST.get("next") or request.GET.get("next"))
    if request.user.is_authenticated:
        return redirect(following)
    if request.method != "POST":
        return _form(request, SignInForm(request), following)
    form = SignInForm(request, data=request.POST)
    if not form.is_valid():
        return _form(request, form, following, status=422)
    user = form.get_user()
    assert isinstance(user, User)
    auth.login(request, user)
    return redirect(following)


def _form(
    request: HttpRequest, form: SignInForm, following: str, *, status: int = 200
) -> HttpResponse:
    context = {
        "next": following,
        "username": form.data.get("username", ""),
        "errors": form.non_field_errors() if form.is_bound else [],
        "missing": {name for name in form.errors if name != "__all__"} if form.is_bound else set(),
    }
    return render(request, "governance/sign_in.html", context, status=status)


def locked_out(
    request: HttpRequest, original_response: HttpResponse, credentials: dict[str, Any]
) -> HttpResponse:
    """Answer who failed too often, whether or not the name exists."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    response = render(
        request, "governance/locked_out.html", {"minutes": minutes}, status=TOO_MANY_REQUESTS
    )
    response["Retry-After"] = str(minutes * 60)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    auth.logout(request)
    return redirect("sign-in")


@require_http_methods(["GET", "HEAD", "POST"])
def once(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in with a link. Opening it spends nothing, so that a preview of it does no harm."""
    if request.method != "POST":
        return _once(request)
    try:
        user = sign_in_links.redeem(token=token, now=clock.now())
    except NotFound as error:
        return _once(request, detail=error.detail, status=404)
    auth.login(request, user, backend=BACKEND)
    return redirect("home")


def _once(request: HttpRequest, *, detail: str = "", status: int = 200) -> HttpResponse:
    response = render(request, "governance/sign_in_once.html", {"detail": detail}, status=status)
    # The address is the secret: no request may carry it. With no-referrer, browsers send the form
    # with the origin "null", which the check against forgery refuses.
    response["Referrer-Policy"] = "strict-origin"
    return response
