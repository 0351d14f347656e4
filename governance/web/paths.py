"""Where a page may send a browser: to this site only."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

HOME = "/"


def own_path(request: HttpRequest, path: str | None) -> str:
    """Return `path` when it is one of this site, without a host; else the first page."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return HOME
    secure = request.is_secure()
    good = url_has_allowed_host_and_scheme(path, allowed_hosts=None, require_https=secure)
    return path if good else HOME
