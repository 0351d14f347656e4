"""The admin: Django's own, under the site's name, with its apps in the order of the work."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from governance.domain import correlation

ORDER = ("reviews", "feedback", "governance", "auth", "axes")


class CountersignAdminSite(AdminSite):
    """Titles, the order of apps, and the id of the request on every page."""

    site_title = _("Countersign")
    site_header = _("Countersign administration")
    index_title = _("Records and configuration")
    site_url = "/"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page needs; `request_id` helps to find its log lines."""
        return super().each_context(request) | {"request_id": correlation.current()}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the apps in the order of the work, unknown ones last."""
        apps = super().get_app_list(request, app_label)
        place = {label: number for number, label in enumerate(ORDER)}
        return sorted(apps, key=lambda app: (place.get(app["app_label"], len(ORDER)), app["name"]))
