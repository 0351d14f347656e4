"""What auditors may read: the records and configuration of the pipelines within their reach."""

from typing import Any

from django.db.models import Q, QuerySet

from governance.domain.principal import Principal
from governance.enums import PolicyKind
from governance.models import ApiToken, Pipeline, PolicyVersion, SignInLink, User


def within(rows: "QuerySet[Any]", principal: Principal, path: str) -> "QuerySet[Any]":
    """Return those of `rows` whose pipeline, which `path` leads to, is within reach."""
    if principal.pipelines is None:
        return rows
    return rows.filter(**{f"{path}__in": principal.pipelines})


def slugs(principal: Principal) -> list[str]:
    """Return the slugs of the pipelines within reach."""
    return list(within(Pipeline.objects.all(), principal, "pk").values_list("slug", flat=True))


def versions(principal: Principal, rows: "QuerySet[PolicyVersion]") -> "QuerySet[PolicyVersion]":
    """Return the versions of pipelines within reach; calendars and SLA policies are everybody's."""
    if principal.pipelines is None:
        return rows
    return rows.filter(~Q(kind=PolicyKind.PIPELINE) | Q(slug__in=slugs(principal)))


def people(principal: Principal, rows: "QuerySet[User]") -> "QuerySet[User]":
    """Return oneself and who shares a pipeline within reach."""
    if principal.pipelines is None:
        return rows
    shared = User.objects.filter(memberships__pipeline__in=principal.pipelines).values("pk")
    return rows.filter(Q(pk=principal.user_id) | Q(pk__in=shared))


def tokens(principal: Principal, rows: "QuerySet[ApiToken]") -> "QuerySet[ApiToken]":
    """Return the tokens of the people within reach."""
    if principal.pipelines is None:
        return rows
    return rows.filter(user__in=people(principal, User.objects.all()).values("pk"))


def streams(principal: Principal) -> list[str]:
    """Return the streams of the ledger that tell of configuration and people within reach."""
    seen = people(principal, User.objects.all()).values("pk")
    return [
        *(f"{PolicyKind.PIPELINE}:{slug}" for slug in slugs(principal)),
        *(f"user:{pk}" for pk in seen.values_list("pk", flat=True)),
        *(f"token:{pk}" for pk in _ids(ApiToken.objects.filter(user__in=seen))),
        *(f"sign-in-link:{pk}" for pk in _ids(SignInLink.objects.filter(user__in=seen))),
    ]


def _ids(rows: "QuerySet[Any]") -> "QuerySet[Any, Any]":
    return rows.values_list("pk", flat=True)
