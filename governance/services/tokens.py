"""Tokens: made once, shown once, stored hashed."""

import binascii
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from governance.domain.documents.fields import suggestion
from governance.domain.faults import Fault
from governance.enums import Scope
from governance.exceptions import InvalidInput, NotFound
from governance.models import ApiToken, Membership, Pipeline, User
from governance.selectors.principals import token_digest
from governance.services import ledger

PREFIX = "hitl_"
MAX_DAYS = 365


def generate() -> str:
    """Return a new token: prefix, 256 random bits, and a checksum that scanners can test."""
    secret = secrets.token_urlsafe(32)
    return f"{PREFIX}{secret}{binascii.crc32(secret.encode()):08x}"


@transaction.atomic
def create(
    *,
    user: User,
    scopes: Sequence[str],
    pipelines: Sequence[str],
    days: int,
    actor: User | None,
    now: datetime,
    name: str = "",
    reason: str = "",
) -> tuple[ApiToken, str]:
    """Make a token for an active user; returns its row and the token itself, the only time.

    Without `pipelines` it reaches all that its user is a member of. InvalidInput names the scope or
    pipeline that does not exist, or of which the user is not a member.
    """
    _refuse_unknown_scopes(scopes)
    if not user.is_active:
        raise InvalidInput(f"{user.username} is deactivated.")
    if not 1 <= days <= MAX_DAYS:
        raise InvalidInput.at("/days", f"A token lives 1 to {MAX_DAYS} days.")
    named = _pipelines(user, pipelines)
    token = generate()
    row = ApiToken.objects.create(
        user=user,
        name=name,
        start=token[:10],
        digest=token_digest(token),
        scopes=sorted(set(scopes)),
        all_pipelines=not pipelines,
        created_at=now,
        created_by=actor,
        expires_at=now + timedelta(days=days),
    )
    row.pipelines.set(named)
    ledger.first(
        stream=f"token:{row.pk}",
        action="token.created",
        actor=actor,
        now=now,
        reason=reason,
        detail={
            "user": user.pk,
            "scopes": row.scopes,
            "pipelines": [pipeline.pk for pipeline in named],
            "days": days,
        },
    )
    return row, token


@transaction.atomic
def revoke(*, token_id: str, actor: User | None, reason: str, now: datetime) -> ApiToken:
    """End a token at once; a second time changes nothing."""
    row = ApiToken.objects.select_for_update().filter(pk=token_id).first()
    if row is None:
        raise NotFound("There is no such token.")
    if row.revoked_at is None:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        ledger.append(
            stream=f"token:{row.pk}",
            action="token.revoked",
            actor=actor,
            now=now,
            reason=reason,
            detail={"user": row.user_id},
        )
    return row


def _refuse_unknown_scopes(scopes: Sequence[str]) -> None:
    if not scopes:
        raise InvalidInput.at("/scopes", "Name at least one scope.")
    faults = tuple(
        Fault("/scopes", "unknown", f"There is no scope {s!r}.{suggestion(s, Scope.values)}")
        for s in scopes
        if s not in Scope.values
    )
    if faults:
        raise InvalidInput(faults[0].detail, faults=faults)


def _pipelines(user: User, slugs: Sequence[str]) -> list[Pipeline]:
    found = {p.slug: p for p in Pipeline.objects.filter(slug__in=slugs)}
    for slug in slugs:
        if slug not in found:
            raise InvalidInput.at("/pipelines", f"There is no pipeline {slug!r}.")
    members = set(
        Membership.objects.filter(user=user, pipeline__in=found.values()).values_list(
            "pipeline__slug", flat=True
        )
    )
    outside = sorted(set(found) - members)
    if outside and not user.is_superuser:
        raise InvalidInput.at("/pipelines", f"{user.username} is not a member of {outside[0]}.")
    return [found[slug] for slug in dict.fromkeys(slugs)]
