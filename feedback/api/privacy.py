"""Consent, and erasure."""

import uuid
from collections.abc import Iterable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.selectors.containing import Held
from feedback.services import consents, erasures
from feedback.services.consents import Recorded, Wanted
from governance.exceptions import NotFound, NotPermitted
from governance.models import ConsentRecord, ErasureRequest
from governance.rest import pagination
from governance.rest.idempotency import idempotent
from governance.rest.serializers import (
    MomentField,
    StrictCharField,
    StrictSerializer,
    query,
    validated,
)
from governance.rest.views import Endpoint, principal_of, user_of
from governance.selectors import clock
from governance.selectors import consents as said
from governance.selectors import erasures as requests
from governance.services import subjects

READ = ("audit:read", "govern")


class ConsentBody(StrictSerializer):
    """What a person said about a use of their data, or of their judgement."""

    subject = StrictCharField(
        required=False, max_length=200, help_text="Who the data is about, as predictions name them."
    )
    reviewer = StrictCharField(
        required=False, max_length=150, help_text="Or the username of a reviewer: oneself."
    )
    pipeline = StrictCharField(required=False, max_length=63)
    purpose = StrictCharField(help_text="A word; datasets are made for `training`.")
    given = serializers.BooleanField(default=True, help_text="False: the person refuses.")
    text_version = StrictCharField(
        required=False, max_length=100, help_text="Which text was shown, or its SHA-256."
    )
    channel = StrictCharField(required=False, max_length=60, help_text="Such as `web` or `letter`.")
    note = StrictCharField(
        required=False, help_text="Kept under the key of the subject; unreadable after an erasure."
    )
    at = MomentField(required=False, help_text="When the person said so; now without it.")


class ConsentFilter(StrictSerializer):
    """The query parameters of the list of consents."""

    subject = StrictCharField(required=False)
    reviewer = StrictCharField(required=False)
    pipeline = StrictCharField(required=False)
    purpose = StrictCharField(required=False)
    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class ErasureBody(StrictSerializer):
    """Whose data is to be erased, and on what the request rests."""

    subject = StrictCharField(max_length=200)
    pipeline = StrictCharField(
        required=False, max_length=63, help_text="Without it: everywhere, and the person's key."
    )
    reason = StrictCharField(max_length=500)


class Rejection(StrictSerializer):
    """Why nothing is erased."""

    reason = StrictCharField(max_length=500)


class Paged(StrictSerializer):
    """The query parameters of a list."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class Nothing(StrictSerializer):
    """An act that says it all by its address."""


class Consents(Endpoint):
    """Record what a person said, and list it."""

    scopes = {"POST": ("predictions:write", "review", "govern"), "GET": READ}
    parameters = frozenset(ConsentFilter().fields)
    parameters_of_post = frozenset()

    @extend_schema(
        operation_id="record_consent", request=ConsentBody, responses={201: OpenApiTypes.OBJECT}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Record a consent, or a refusal, which is honoured from the next dataset version on.

        A token with no scope but `review` records what its own user says as a reviewer.
        """
        body, principal = validated(ConsentBody, request.data), principal_of(request)
        mine = body.get("reviewer") == principal.username
        if not mine and not principal.has_scope("predictions:write", "govern"):
            raise NotPermitted("With the scope review alone, record what you say yourself.")
        made = consents.record(
            principal=principal, actor=user_of(request), wanted=Wanted(**body), now=clock.now()
        )
        return Response(_recorded(made), status=201)

    @extend_schema(
        operation_id="list_consents", parameters=[ConsentFilter], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        """List what was said, the newest first."""
        wanted = query(ConsentFilter, request)
        rows = said.visible(principal_of(request))
        if "subject" in wanted:
            rows = rows.filter(subject__token__in=subjects.tokens_of(wanted["subject"]))
        for name, path in (
            ("reviewer", "person__username"),
            ("pipeline", "pipeline__slug"),
            ("purpose", "purpose"),
        ):
            if name in wanted:
                rows = rows.filter(**{path: wanted[name]})
        return Response(pagination.page(request, rows, _consents))


class ConsentWithdrawal(Endpoint):
    """The withdrawal of a consent."""

    scopes = {"POST": ("predictions:write", "review", "govern")}

    @extend_schema(operation_id="withdraw_consent", request=Nothing, responses=OpenApiTypes.OBJECT)
    @idempotent
    def post(self, request: Request, consent_id: uuid.UUID) -> Response:
        """Withdraw a consent; no reason is asked.

        What it is about goes into no later version; `contained_in` lists the sealed versions that
        hold it already.
        """
        validated(Nothing, request.data)
        principal = principal_of(request)
        row = said.visible(principal).filter(pk=consent_id).first()
        mine = row is not None and row.person_id == principal.user_id
        if row is not None and not mine and not principal.has_scope("predictions:write", "govern"):
            raise NotPermitted("With the scope review alone, withdraw what you said yourself.")
        taken = consents.withdraw(
            principal=principal, actor=user_of(request), consent_id=consent_id, now=clock.now()
        )
        return Response(_recorded(taken))


class Erasures(Endpoint):
    """Ask for an erasure, and list what was asked for."""

    scopes = {"POST": ("govern",), "GET": READ}
    parameters = frozenset(Paged().fields)

    @extend_schema(
        operation_id="request_erasure", request=ErasureBody, responses={201: OpenApiTypes.OBJECT}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Ask for an erasure; the answer has its plan. Somebody else executes it."""
        body = validated(ErasureBody, request.data)
        row = erasures.request(
            principal=principal_of(request), actor=user_of(request), now=clock.now(), **body
        )
        headers = {"Location": f"/api/v1/erasures/{row.pk}"}
        return Response(_erasure(row), status=201, headers=headers)

    @extend_schema(operation_id="list_erasures", parameters=[Paged], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """List the requests, the newest first."""
        query(Paged, request)
        rows = requests.visible(principal_of(request))
        return Response(pagination.page(request, rows, _erasures))


class OneErasure(Endpoint):
    """A request for erasure."""

    scopes = {"GET": READ}

    @extend_schema(operation_id="get_erasure", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, erasure_id: uuid.UUID) -> Response:
        """Return a request with its plan, and what was erased."""
        row = requests.visible(principal_of(request)).filter(pk=erasure_id).first()
        if row is None:
            raise NotFound("There is no such erasure.")
        return Response(_erasure(row))


class ErasureExecution(Endpoint):
    """The execution of an erasure."""

    scopes = {"POST": ("govern",)}

    @extend_schema(operation_id="execute_erasure", request=Nothing, responses=OpenApiTypes.OBJECT)
    @idempotent
    def post(self, request: Request, erasure_id: uuid.UUID) -> Response:
        """Erase, as a person who may approve and did not ask for it; it cannot be undone.

        A 423 while a legal hold covers any of it.
        """
        validated(Nothing, request.data)
        row = erasures.execute(
            principal=principal_of(request), actor=user_of(request), erasure_id=erasure_id,
            now=clock.now(),
        )  # fmt: skip
        return Response(_erasure(row))


class ErasureRejection(Endpoint):
    """The rejection of a request for erasure."""

    scopes = {"POST": ("govern",)}

    @extend_schema(operation_id="reject_erasure", request=Rejection, responses=OpenApiTypes.OBJECT)
    @idempotent
    def post(self, request: Request, erasure_id: uuid.UUID) -> Response:
        """End a request without erasing anything."""
        body = validated(Rejection, request.data)
        row = erasures.reject(
            principal=principal_of(request), actor=user_of(request), erasure_id=erasure_id,
            reason=body["reason"], now=clock.now(),
        )  # fmt: skip
        return Response(_erasure(row))


def _recorded(made: Recorded) -> dict[str, Any]:
    shown = _consents([made.record])[0]
    return shown | {"contained_in": [_held(each) for each in made.contained_in]}


def _held(each: Held) -> dict[str, Any]:
    version = each.version
    return {"dataset": version.dataset.slug, "version": version.number, "rows": each.rows}


def _consent(row: ConsentRecord, *, in_force: bool) -> dict[str, Any]:
    return {
        "id": row.pk,
        "subject": subjects.reference_of(row.subject) if row.subject else None,
        "reviewer": row.person.username if row.person else None,
        "pipeline": row.pipeline.slug if row.pipeline else None,
        "purpose": row.purpose,
        "given": row.given,
        "withdraws": row.withdraws_id,
        "in_force": in_force,
        "text_version": row.text_version,
        "channel": row.channel,
        "note": consents.note_of(row),
        "at": row.at,
        "recorded_at": row.recorded_at,
        "recorded_by": row.recorded_by.username,
    }


def _consents(rows: Iterable[ConsentRecord]) -> list[dict[str, Any]]:
    found = list(rows)
    standing = said.in_force(found)
    return [_consent(row, in_force=row.pk in standing) for row in found]


def _erasure(row: ErasureRequest) -> dict[str, Any]:
    return {
        "id": row.pk,
        "subject": subjects.reference_of(row.subject) or None,
        "pipeline": row.pipeline.slug if row.pipeline else None,
        "reason": row.reason,
        "state": row.state,
        "plan": row.plan,
        "requested_by": row.requested_by.username,
        "requested_at": row.requested_at,
        "ended_by": row.ended_by.username if row.ended_by else None,
        "ended_at": row.ended_at,
        "outcome": row.outcome,
    }


def _erasures(rows: Iterable[ErasureRequest]) -> list[dict[str, Any]]:
    return [_erasure(row) for row in rows]
