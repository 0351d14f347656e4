"""Strong entity tags, and writes that say which version they change."""

from rest_framework.request import Request

from governance.exceptions import PreconditionFailed, PreconditionRequired


def etag(version: object) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def unchanged(request: Request, version: object) -> bool:
    """Return whether If-None-Match names the version that would be sent."""
    return etag(version) in _tags(request.META.get("HTTP_IF_NONE_MATCH", ""))


def require_match(request: Request, version: object) -> None:
    """Refuse a write without If-Match (428) or with another version in it (412)."""
    header = request.META.get("HTTP_IF_MATCH", "")
    if not header:
        raise PreconditionRequired("Send If-Match with the ETag of what you read.")
    if header.strip() != "*" and etag(version) not in _tags(header):
        raise PreconditionFailed("It has changed since you read it; read it again.")


def _tags(header: str) -> set[str]:
    return {tag.strip() for tag in header.split(",")}
