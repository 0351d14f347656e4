"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitlsite.settings")
application = get_wsgi_application()
# Now, rather than while the first caller of each process waits.
get_resolver().url_patterns  # noqa: B018
