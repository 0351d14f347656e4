"""The admin: Django's own, under the site's name, with its apps in the order of the work."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import auth
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from governance.domain import correlation
from governance.selectors import principals

ORDER = ("reviews", "feedback", "governance", "auth", "axes")
# A password is set by its service, with a reason, which Django's form would go around; the redirect
# to an object's page would tell that it exists.
LEFT_OUT = frozenset({"password_change", "password_change_done", "view_on_site"})


class CountersignAdminSite(AdminSite):
    """Titles, the order of apps, who gets in, and the id of the request on every page."""

    site_title = _("Countersign")
    site_header = _("Countersign administration")
    index_title = _("Records and configuration")
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether a request may see the admin at all: administrators and auditors.

        It is asked for every link of a page, and looked up once.
        """
        kept: bool | None = getattr(request, "_reads_records", None)
        if kept is None:
            kept = principals.reads_records(request.user)
            request._reads_records = kept  # type: ignore[attr-defined]
        return kept

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page needs; `request_id` helps to find its log lines."""
        return super().each_context(request) | {"request_id": correlation.current()}

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show what needs attention before all that there is."""
        from governance.admin.base import acting, principal_of  # noqa: PLC0415 - models are ready
        from hitlsite import attention  # noqa: PLC0415

        found = attention.matters(principal_of(request), acting(request))
        return super().index(request, {"matters": found, **(extra_context or {})})

    def get_urls(self) -> list[Any]:
        """Return the addresses of the admin, without those that LEFT_OUT names."""
        return [url for url in super().get_urls() if _name_of(url) not in LEFT_OUT]

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send to the site's own sign-in, so that lock-out is held in one place.

        Who is signed in and may not enter is told so, rather than asked again.
        """
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(
            wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        ):
            wanted = resolve_url("admin:index")
        if request.user.is_authenticated:
            return HttpResponseRedirect(wanted)
        query = urlencode({"next": wanted})
        return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign out, and go to the site's sign-in; only a POST does it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        auth.logout(request)
        return HttpResponseRedirect(resolve_url(settings.LOGOUT_REDIRECT_URL or "/"))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the apps in the order of the work, unknown ones last."""
        apps = super().get_app_list(request, app_label)
        place = {label: number for number, label in enumerate(ORDER)}
        return sorted(apps, key=lambda app: (place.get(app["app_label"], len(ORDER)), app["name"]))


def _name_of(url: URLPattern | URLResolver) -> str:
    return getattr(url, "name", None) or ""
