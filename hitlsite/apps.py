"""The site's own app and its admin."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class CountersignAdminConfig(admin_apps.AdminConfig):
    """Django's admin with the site's titles and order."""

    default = False
    default_site = "hitlsite.admin_site.CountersignAdminSite"


class SiteConfig(AppConfig):
    """Registers the system checks and the tasks."""

    name = "hitlsite"

    def ready(self) -> None:
        """Import the checks and the tasks, which registers them.

        A request promises tasks by name, in a process where Celery imports none by itself.
        """
        from hitlsite import celery, checks  # noqa: F401, PLC0415 - only once apps are loaded

        celery.app.autodiscover_tasks(force=True)
