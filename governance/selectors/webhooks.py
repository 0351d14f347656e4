"""Endpoints within reach, and what was sent to them."""

import uuid
from datetime import datetime

from django.db.models import QuerySet

from governance.domain.principal import Principal
from governance.enums import WebhookState
from governance.exceptions import NotFound
from governance.models import WebhookEndpoint, WebhookMessage


def visible(principal: Principal) -> "QuerySet[WebhookEndpoint]":
    """Return the endpoints that listen: of pipelines within reach, and of all for who sees all."""
    rows = WebhookEndpoint.objects.exclude(state=WebhookState.REMOVED)
    if principal.pipelines is not None:
        rows = rows.filter(pipeline__in=principal.pipelines)
    return rows


def one(principal: Principal, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    """Return an endpoint, or raise NotFound."""
    row = visible(principal).select_related("pipeline").filter(pk=endpoint_id).first()
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


def unacknowledged(principal: Principal, *, now: datetime) -> "QuerySet[WebhookMessage]":
    """Return the messages that were to be acknowledged by now and were not."""
    return WebhookMessage.objects.filter(
        endpoint__in=visible(principal), acknowledge_by__lt=now, acknowledged_at=None
    )


def failing(principal: Principal, *, since: datetime) -> "QuerySet[WebhookEndpoint]":
    """Return the endpoints that have taken nothing since then, or said that they are gone."""
    return visible(principal).filter(failing_since__lte=since)
