"""Webhooks over HTTP: endpoints, what was sent to them, and what is sent again."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.adjustment_bodies import NothingBody
from governance.domain import webhooks as form
from governance.enums import Scope, WebhookState
from governance.models import WebhookEndpoint, WebhookMessage
from governance.rest import etags, pagination
from governance.rest.idempotency import idempotent
from governance.rest.schema import Shown, page_of
from governance.rest.serializers import (
    MomentField,
    StrictCharField,
    StrictSerializer,
    query,
    validated,
)
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock
from governance.selectors import webhooks as selector
from governance.services import webhooks

WRITE = (str(Scope.CONFIG_WRITE),)
READ = (str(Scope.CONFIG_WRITE), str(Scope.AUDIT_READ))
# Whoever sends predictions is often who is told of their outcome.
RECEIVER = (str(Scope.CONFIG_WRITE), str(Scope.PREDICTIONS_WRITE))
EVENTS = "What it is told of; none means all."


class WebhookBody(StrictSerializer):
    """A new endpoint; without a pipeline it is told of all of them."""

    url = StrictCharField(max_length=500)
    pipeline = StrictCharField(max_length=63, required=False)
    events = serializers.ListField(child=StrictCharField(), required=False, help_text=EVENTS)
    description = StrictCharField(max_length=200, required=False, allow_blank=True)


class WebhookChanges(StrictSerializer):
    """What changes."""

    url = StrictCharField(max_length=500, required=False)
    events = serializers.ListField(child=StrictCharField(), required=False, help_text=EVENTS)
    description = StrictCharField(max_length=200, required=False, allow_blank=True)
    state = serializers.ChoiceField(
        choices=[str(WebhookState.ACTIVE), str(WebhookState.PAUSED)], required=False
    )


class ReplayBody(StrictSerializer):
    """One message, or all that were made in a time, perhaps only those that were given up."""

    message = StrictCharField(max_length=100, required=False)
    since = MomentField(required=False)
    until = MomentField(required=False)
    failed_only = serializers.BooleanField(required=False)


class AcknowledgeBody(StrictSerializer):
    """Which message was acted on."""

    message = StrictCharField(max_length=100)


class WebhookFilter(StrictSerializer):
    """The query parameters of the list."""

    limit = StrictCharField(required=False)
    cursor = StrictCharField(required=False)


class WebhookShown(Shown):
    """An endpoint, without its secret."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    pipeline = serializers.CharField(allow_null=True)
    events = serializers.ListField(child=serializers.CharField())
    description = serializers.CharField()
    state = serializers.CharField()
    failing_since = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    former_secret_until = serializers.DateTimeField(allow_null=True)


class WebhookMade(WebhookShown):
    """An endpoint with its secret, which is shown this once."""

    secret = serializers.CharField()


class TryShown(Shown):
    """One attempt."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    fault = serializers.CharField()
    seconds = serializers.FloatField()


class DeliveryShown(Shown):
    """A message and what became of it."""

    message = serializers.CharField()
    type = serializers.CharField()
    body = serializers.CharField()
    created_at = serializers.DateTimeField()
    next_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    given_up_at = serializers.DateTimeField(allow_null=True)
    acknowledge_by = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    attempts = TryShown(many=True)


class Replayed(Shown):
    """How many messages are sent again."""

    messages = serializers.IntegerField()


def shown(row: WebhookEndpoint) -> dict[str, Any]:
    """Return an endpoint as it is shown."""
    return {
        "id": row.pk,
        "url": row.url,
        "pipeline": row.pipeline.slug if row.pipeline else None,
        "events": row.events,
        "description": row.description,
        "state": row.state,
        "failing_since": row.failing_since,
        "created_at": row.created_at,
        "former_secret_until": row.former_until,
    }


def delivery_shown(row: WebhookMessage) -> dict[str, Any]:
    """Return a message with its attempts."""
    waits = row.delivered_at is None and row.given_up_at is None
    return {
        "message": row.message,
        "type": row.kind,
        "body": bytes(row.body).decode(),
        "created_at": row.created_at,
        "next_at": row.next_at if waits else None,
        "delivered_at": row.delivered_at,
        "given_up_at": row.given_up_at,
        "acknowledge_by": row.acknowledge_by,
        "acknowledged_at": row.acknowledged_at,
        "attempts": [
            {"at": each.at, "status": each.status, "fault": each.fault, "seconds": each.seconds}
            for each in sorted(row.tries.all(), key=lambda each: each.pk)
        ],
    }


class Webhooks(Endpoint):
    """The endpoints."""

    scopes = {"GET": READ, "POST": WRITE}
    parameters = pagination.PARAMETERS
    parameters_of_post = frozenset()

    @extend_schema(
        operation_id="list_webhooks", parameters=[WebhookFilter], responses=page_of(WebhookShown)
    )
    def get(self, request: Request) -> Response:
        """List endpoints, the newest first."""
        query(WebhookFilter, request)
        rows = selector.visible(principal_of(request)).select_related("pipeline")
        return Response(pagination.page(request, rows, lambda some: [shown(row) for row in some]))

    @extend_schema(operation_id="create_webhook", request=WebhookBody, responses={201: WebhookMade})
    @idempotent
    def post(self, request: Request) -> Response:
        """Add an endpoint; its secret is shown this once."""
        wanted = validated(WebhookBody, request.data)
        row, secret = webhooks.create(
            principal=principal_of(request), actor=user_of(request), url=wanted["url"],
            pipeline=wanted.get("pipeline"), events=wanted.get("events", []),
            description=wanted.get("description", ""), now=clock.now(),
        )  # fmt: skip
        headers = {"Location": f"/api/v1/webhooks/{row.pk}"}
        return Response(shown(row) | {"secret": secret}, status=201, headers=headers)


class OneWebhook(Endpoint):
    """An endpoint."""

    scopes = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}

    @extend_schema(operation_id="get_webhook", responses=WebhookShown)
    def get(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """Return an endpoint."""
        return etags.answer(request, shown(selector.one(principal_of(request), webhook_id)))

    @extend_schema(operation_id="change_webhook", request=WebhookChanges, responses=WebhookShown)
    def patch(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """Change an endpoint, or pause it: what it misses is kept, and sent when it is active."""
        principal = principal_of(request)
        etags.require_current(request, shown(selector.one(principal, webhook_id)))
        row = webhooks.change(
            principal=principal, actor=user_of(request), endpoint_id=webhook_id,
            changes=validated(WebhookChanges, request.data), now=clock.now(),
        )  # fmt: skip
        return etags.answer(request, shown(row))

    @extend_schema(operation_id="remove_webhook", responses={204: None})
    def delete(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """Tell it nothing more."""
        webhooks.remove(
            principal=principal_of(request), actor=user_of(request), endpoint_id=webhook_id,
            now=clock.now(),
        )  # fmt: skip
        return Response(status=204)


class Test(Endpoint):
    """A message that is only a test."""

    scopes = {"POST": WRITE}

    @extend_schema(operation_id="test_webhook", request=NothingBody, responses={202: DeliveryShown})
    @idempotent
    def post(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """Send a test within seconds; see what came of it among the deliveries."""
        validated(NothingBody, request.data)
        row = webhooks.test(
            principal=principal_of(request), actor=user_of(request), endpoint_id=webhook_id,
            now=clock.now(),
        )  # fmt: skip
        return Response(delivery_shown(row), status=202)


class Deliveries(Endpoint):
    """What was sent to an endpoint."""

    scopes = {"GET": READ}
    parameters = pagination.PARAMETERS

    @extend_schema(
        operation_id="list_deliveries", parameters=[WebhookFilter],
        responses=page_of(DeliveryShown),
    )  # fmt: skip
    def get(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """List what an endpoint was sent in the last 30 days, the newest first."""
        query(WebhookFilter, request)
        rows = selector.one(principal_of(request), webhook_id).messages.prefetch_related("tries")
        return Response(
            pagination.page(request, rows, lambda some: [delivery_shown(row) for row in some])
        )


class Replay(Endpoint):
    """Messages again."""

    scopes = {"POST": WRITE}

    @extend_schema(operation_id="replay_webhook", request=ReplayBody, responses={202: Replayed})
    @idempotent
    def post(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """Send one message again, or all of a time, under the ids that they had."""
        wanted = validated(ReplayBody, request.data)
        count = webhooks.replay(
            principal=principal_of(request), actor=user_of(request), endpoint_id=webhook_id,
            now=clock.now(), **wanted,
        )  # fmt: skip
        return Response({"messages": count}, status=202)


class Rotate(Endpoint):
    """A new secret."""

    scopes = {"POST": WRITE}

    @extend_schema(operation_id="rotate_webhook", request=NothingBody, responses=WebhookMade)
    def post(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """Give it a new secret, shown this once; for a day the former one signs too."""
        validated(NothingBody, request.data)
        row, secret = webhooks.rotate(
            principal=principal_of(request), actor=user_of(request), endpoint_id=webhook_id,
            now=clock.now(),
        )  # fmt: skip
        return Response(shown(row) | {"secret": secret})


class Acknowledge(Endpoint):
    """That a message was acted on."""

    scopes = {"POST": RECEIVER}

    @extend_schema(
        operation_id="acknowledge_webhook", request=AcknowledgeBody, responses=DeliveryShown,
        description=f"For {', '.join(form.TO_ACKNOWLEDGE)}: within "
        f"{form.ACKNOWLEDGED.seconds} s, or people are told that it was not.",
    )  # fmt: skip
    def post(self, request: Request, webhook_id: uuid.UUID) -> Response:
        """Say that the receiver has acted on a message."""
        wanted = validated(AcknowledgeBody, request.data)
        row = webhooks.acknowledge(
            principal=principal_of(request), actor=user_of(request), endpoint_id=webhook_id,
            message=wanted["message"], now=clock.now(),
        )  # fmt: skip
        return Response(delivery_shown(row))
