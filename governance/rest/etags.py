"""Strong entity tags, and writes that say which version they change."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from governance.domain.canonical import sha256_hex
from governance.exceptions import PreconditionFailed, PreconditionRequired
from governance.rest.renderers import dumps


def etag(version: object) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def answer(request: Request, shown: dict[str, Any]) -> Response:
    """Return one object with its entity tag, or 304 when the caller has it already.

    The tag is the digest of what is shown, so that it tells no more than that does.
    """
    version = _version_of(shown)
    headers = {"ETag": etag(version)}
    if unchanged(request, version):
        return Response(status=304, headers=headers)
    return Response(shown, headers=headers)


def require_current(request: Request, shown: dict[str, Any]) -> None:
    """Refuse a write whose If-Match is not the tag under which `answer` would show this."""
    require_match(request, _version_of(shown))


def _version_of(shown: dict[str, Any]) -> str:
    return sha256_hex(dumps(shown))[:32]


def unchanged(request: Request, version: object) -> bool:
    """Return whether If-None-Match names the version that would be sent."""
    tags = _tags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    return "*" in tags or etag(version) in {tag.removeprefix("W/") for tag in tags}


def require_match(request: Request, version: object) -> None:
    """Refuse a write without If-Match (428) or with another version in it (412)."""
    header = request.META.get("HTTP_IF_MATCH", "")
    if not header:
        raise PreconditionRequired("Send If-Match with the ETag of what you read.")
    if header.strip() != "*" and etag(version) not in _tags(header):
        raise PreconditionFailed("It has changed since you read it; read it again.")


def _tags(header: str) -> set[str]:
    return {tag.strip() for tag in header.split(",")}
