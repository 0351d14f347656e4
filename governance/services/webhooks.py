"""Endpoints that are told of events: added, changed, tested, given a new secret, removed."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from governance.domain import addresses, envelopes
from governance.domain import webhooks as form
from governance.domain.documents.fields import suggestion
from governance.domain.principal import Principal
from governance.enums import WebhookState
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import Pipeline, User, WebhookEndpoint, WebhookMessage
from governance.models.base import uuid7
from governance.selectors import webhooks as selector
from governance.services import ledger, webhook_telling

LABEL = b"countersign webhook secrets"
CHANGEABLE = ("url", "description", "events", "state")
LONGEST_DESCRIPTION = 200
# Messages that one call sends again.
MOST_AGAIN = 10_000


def stream_of(endpoint_id: uuid.UUID) -> str:
    """Return the ledger stream of an endpoint."""
    return f"webhook:{endpoint_id}"


@transaction.atomic
def create(
    *,
    principal: Principal,
    actor: User,
    url: str,
    pipeline: str | None,
    events: Sequence[str],
    description: str,
    now: datetime,
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint; returns its row and its secret, the only time.

    It is told of what happens from now on: in a pipeline, or without one in all of them.
    """
    home = _pipeline(principal, pipeline)
    said = {"url": url, "events": list(events), "description": description}
    _check(said)
    webhook_telling.catch_up()
    secret = form.new_secret()
    row = WebhookEndpoint(
        id=uuid7(), pipeline=home, state=WebhookState.ACTIVE, created_by=actor, created_at=now,
        **said,
    )  # fmt: skip
    row.secret = _sealed(row, secret)
    row.save(force_insert=True)
    ledger.first(
        stream=stream_of(row.pk), action="webhook.created", actor=actor, now=now,
        detail={"webhook": str(row.pk), "pipeline": home.pk if home else None, **said},
    )  # fmt: skip
    return row, secret


@transaction.atomic
def change(
    *,
    principal: Principal,
    actor: User,
    endpoint_id: uuid.UUID,
    changes: Mapping[str, Any],
    now: datetime,
) -> WebhookEndpoint:
    """Set some of CHANGEABLE; what a paused endpoint misses is kept, and sent when it is active."""
    row = _locked(principal, endpoint_id)
    _check(changes)
    told = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not told:
        return row
    for name, value in told.items():
        setattr(row, name, value)
    _save(row, *told)
    _record(row, "webhook.changed", actor, now, **told)
    return row


@transaction.atomic
def rotate(
    *, principal: Principal, actor: User, endpoint_id: uuid.UUID, now: datetime
) -> tuple[WebhookEndpoint, str]:
    """Give an endpoint a new secret, shown once; for a day both of them sign."""
    row = _locked(principal, endpoint_id)
    secret = form.new_secret()
    row.former_secret, row.former_until = row.secret, now + form.OVERLAP
    row.secret = _sealed(row, secret)
    _save(row, "secret", "former_secret", "former_until")
    _record(row, "webhook.rotated", actor, now)
    return row, secret


@transaction.atomic
def remove(
    *, principal: Principal, actor: User, endpoint_id: uuid.UUID, now: datetime
) -> WebhookEndpoint:
    """Tell an endpoint nothing more; it stays on record, and what waits is given up."""
    row = _locked(principal, endpoint_id)
    row.state = WebhookState.REMOVED
    _save(row, "state")
    row.messages.filter(delivered_at=None, given_up_at=None).update(given_up_at=now)
    _record(row, "webhook.removed", actor, now)
    return row


@transaction.atomic
def test(
    *, principal: Principal, actor: User, endpoint_id: uuid.UUID, now: datetime
) -> WebhookMessage:
    """Send an endpoint a message that says no more than that it is a test."""
    row = _locked(principal, endpoint_id)
    event = _record(row, "webhook.tested", actor, now)
    body = form.body_of(form.TEST, {"webhook": str(row.pk)}, at=now, sequence=0)
    made = webhook_telling.message(row, f"msg_{event.pk.hex}", form.TEST, body, now)
    made.save(force_insert=True)
    return made


@transaction.atomic
def replay(
    *,
    principal: Principal,
    actor: User,
    endpoint_id: uuid.UUID,
    now: datetime,
    message: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    failed_only: bool = False,
) -> int:
    """Send one message again, or all that were made in a time; returns how many.

    They keep their ids, by which a receiver knows what it had already.
    """
    row = _locked(principal, endpoint_id)
    if (message is None) == (since is None):
        raise InvalidInput.at("/message", "Name one message, or since when: one of both.")
    rows = row.messages.filter(created_at__gte=now - form.KEPT)
    if message is not None:
        rows = rows.filter(message=message)
    if since is not None:
        rows = rows.filter(created_at__gte=since, created_at__lt=until or now)
    if failed_only:
        rows = rows.filter(given_up_at__isnull=False)
    keys = list(rows.order_by("created_at", "pk").values_list("pk", flat=True)[: MOST_AGAIN + 1])
    if message is not None and not keys:
        raise NotFound("This endpoint was sent no such message in the last 30 days.")
    if len(keys) > MOST_AGAIN:
        raise InvalidInput.at("/since", f"More than {MOST_AGAIN} messages: name a shorter time.")
    WebhookMessage.objects.filter(pk__in=keys).update(
        delivered_at=None, given_up_at=None, failures=0, next_at=now
    )
    _record(row, "webhook.replayed", actor, now, messages=len(keys))
    return len(keys)


@transaction.atomic
def acknowledge(
    *, principal: Principal, actor: User, endpoint_id: uuid.UUID, message: str, now: datetime
) -> WebhookMessage:
    """Take down that the receiver has acted on a message; a second time changes nothing."""
    row = _locked(principal, endpoint_id)
    found = row.messages.select_for_update(of=("self",)).filter(message=message).first()
    if found is None:
        raise NotFound("This endpoint was sent no such message.")
    if found.acknowledge_by is None:
        raise Conflict(f"A message of kind {found.kind} is not acknowledged: a 2xx is enough.")
    if found.acknowledged_at is None:
        found.acknowledged_at = now
        found.save(update_fields=["acknowledged_at"])
        _record(row, "webhook.acknowledged", actor, now, message=message)
    return found


def forget(*, now: datetime) -> int:
    """Delete messages that can no longer be sent again; returns how many."""
    old = WebhookMessage.objects.filter(created_at__lt=now - form.KEPT)
    keys = list(old.order_by("created_at").values_list("pk", flat=True)[:5000])
    WebhookMessage.objects.filter(pk__in=keys).delete()
    return len(keys)


def secrets_of(row: WebhookEndpoint, *, now: datetime) -> Iterator[str]:
    """Yield the secrets that sign now, the present one first."""
    yield _opened(row, row.secret)
    if row.former_until is not None and row.former_until > now:
        yield _opened(row, row.former_secret)


def _sealed(row: WebhookEndpoint, secret: str) -> str:
    key = envelopes.derived(settings.SECRET_KEY.encode(), LABEL)
    return envelopes.seal(key, secret, about=stream_of(row.pk))


def _opened(row: WebhookEndpoint, sealed: str) -> str:
    *former, last = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    for key in former:
        try:
            return _opened_by(key, row, sealed)
        except envelopes.CannotOpen:
            continue
    return _opened_by(last, row, sealed)


def _opened_by(key: str, row: WebhookEndpoint, sealed: str) -> str:
    derived = envelopes.derived(key.encode(), LABEL)
    return envelopes.opened(derived, sealed, about=stream_of(row.pk))


def _pipeline(principal: Principal, slug: str | None) -> Pipeline | None:
    if slug is None:
        if principal.pipelines is not None:
            raise NotPermitted("Who sees some pipelines only names the pipeline to listen to.")
        return None
    row = Pipeline.objects.filter(slug=slug).first()
    if row is None or not principal.sees(row.pk):
        raise InvalidInput.at("/pipeline", f"There is no pipeline {slug!r} within reach.")
    return row


def _locked(principal: Principal, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    rows = selector.visible(principal).select_for_update(of=("self",))
    row = rows.filter(pk=endpoint_id).first()
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


def _check(said: Mapping[str, Any]) -> None:
    if "url" in said:
        _check_url(said["url"])
    for kind in said.get("events", ()):
        if kind not in form.KINDS:
            raise InvalidInput.at(
                "/events", f"There is no event {kind[:60]!r}.{suggestion(kind, list(form.KINDS))}",
                code="unknown",
            )  # fmt: skip
    if len(said.get("description", "")) > LONGEST_DESCRIPTION:
        raise InvalidInput.at(
            "/description", f"Up to {LONGEST_DESCRIPTION} characters.", code="length"
        )
    states = (WebhookState.ACTIVE, WebhookState.PAUSED)
    if said.get("state", WebhookState.ACTIVE) not in states:
        raise InvalidInput.at("/state", f"One of {', '.join(states)}.", code="unknown")


def _check_url(url: str) -> None:
    try:
        address = addresses.parsed(url)
    except ValueError as error:
        raise InvalidInput.at("/url", str(error), code="address") from error
    if address.scheme != "https" and not settings.WEBHOOK_NETWORKS:
        raise InvalidInput.at("/url", "An address begins with https://.", code="address")


def _save(row: WebhookEndpoint, *fields: str) -> None:
    row.revision += 1
    row.save(update_fields=[*fields, "revision"])


def _record(row: WebhookEndpoint, action: str, actor: User, now: datetime, **detail: Any) -> Any:
    return ledger.append(
        stream=stream_of(row.pk), action=action, actor=actor, now=now,
        detail={"webhook": str(row.pk), **detail},
    )  # fmt: skip
