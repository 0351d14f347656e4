"""The site's own app and its admin."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class CountersignAdminConfig(admin_apps.AdminConfig):
    """Django's admin with the site's titles and order."""

    default = False
    default_site = "hitlsite.admin_site.CountersignAdminSite"


class SiteConfig(AppConfig):
    """Registers the system checks."""

    name = "hitlsite"

    def ready(self) -> None:
        """Import the checks, which registers them."""
        from hitlsite import checks  # noqa: F401, PLC0415 - only once apps are loaded
