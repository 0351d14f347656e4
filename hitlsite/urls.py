"""Every address: the API, the pages, the admin, and what machines ask."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from hitlsite import health
from hitlsite.api import NothingHere

api: list[URLPattern | URLResolver] = [
    path("", include("governance.api.urls")),
    path("", include("reviews.api.urls")),
    path("", include("feedback.api.urls")),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="api-docs"),
]
urlpatterns = [
    path("api/v1/", include(api)),
    re_path(r"^api/.*$", NothingHere.as_view()),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", health.metrics),
    path("admin/", admin.site.urls),
    path("", include("governance.web.urls")),
    path("", include("reviews.web.urls")),
    path("", include("feedback.web.urls")),
]
handler400 = "hitlsite.errors.bad_request"
handler403 = "hitlsite.errors.permission_denied"
handler404 = "hitlsite.errors.not_found"
handler500 = "hitlsite.errors.server_error"
