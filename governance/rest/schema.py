"""The OpenAPI description: what every endpoint shares, and how answers are described."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema as SpectacularSchema
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

TEXT = {"type": "string"}
PROBLEM_NAME = "Problem"
PROBLEM = {
    "type": "object",
    "description": "Any error, after RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "instance": TEXT,
        "request_id": TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": TEXT | {"description": "Where, as a JSON Pointer (RFC 6901)."},
                    "code": TEXT,
                    "detail": TEXT,
                },
            },
        },
    },
}
PROBLEM_ANSWER = {
    "description": "A problem",
    "content": {
        "application/problem+json": {"schema": {"$ref": f"#/components/schemas/{PROBLEM_NAME}"}}
    },
}
CONFLICT_ANSWER = {
    **PROBLEM_ANSWER,
    "description": "A conflict; Retry-After where another request holds the Idempotency-Key",
    "headers": {
        "Retry-After": {
            "description": "In how many seconds to send the same again.",
            "schema": {"type": "integer", "minimum": 1},
        }
    },
}
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "A repeat under the same key gets the same answer, for 7 days; while the first is running, "
        "a 409 with Retry-After."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


class Shown(serializers.Serializer[Any]):
    """Describes an answer; it is never used to write one."""


def page_of(shown: type[Shown]) -> Shown:
    """Return the description of a page of a list."""
    name = shown.__name__.removesuffix("Shown") + "Page"
    members: dict[str, Any] = {
        "results": shown(many=True),
        "next": serializers.URLField(allow_null=True, help_text="The address of older ones."),
        "previous": serializers.URLField(allow_null=True, help_text="Of newer ones."),
    }
    described: Any = inline_serializer(name, members)
    return described  # type: ignore[no-any-return]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the bearer token."""

    target_class = "governance.rest.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer"}


class AutoSchema(SpectacularSchema):
    """Adds to each operation the problem that any error is, and the scopes it needs."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the operation with its default answer."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            operation["responses"]["default"] = PROBLEM_ANSWER
            scopes = getattr(self.view, "scopes", {}).get(self.method, ())
            if scopes:
                said = f"Scope: {' or '.join(scopes)}."
                operation["description"] = f"{operation.get('description', '')}\n\n{said}".strip()
            handler = getattr(self.view, self.method.lower(), None)
            if hasattr(handler, "takes_idempotency_key"):
                operation.setdefault("parameters", []).append(IDEMPOTENCY)
                operation["responses"].setdefault("409", CONFLICT_ANSWER)
        return operation


def add_problem(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Name the schema of problems once, for all operations."""
    result.setdefault("components", {}).setdefault("schemas", {})[PROBLEM_NAME] = PROBLEM
    return result
