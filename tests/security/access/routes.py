"""What each route of the API is called with, and what the right caller is answered.

A route that is not here fails the tests: whoever adds one says who may call it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from governance.models import Checkpoint
from tests import factories
from tests.world import World

EVERY = (
    "predictions:write", "review", "config:write", "datasets:read", "datasets:write",
    "models:write", "govern", "audit:read", "admin",
)  # fmt: skip
Filled = Callable[[World], Any]


def nothing(world: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Call:
    """One method of one route.

    `elsewhere` is the answer to a token with the scope that reaches another pipeline only: 404, or
    what a list or a claim shows of nothing; what belongs to no pipeline answers all alike, and is
    `shared` where it is a list. `who` is whose token gets `status`.
    """

    scopes: tuple[str, ...]
    address: Filled
    status: int = 200
    body: Filled | None = None
    elsewhere: int = 404
    who: str = "reviewer"
    shared: bool = False
    headers: dict[str, str] = field(default_factory=dict)


def at(text: str) -> Filled:
    """Return the address that `text` gives once the ids of a world are filled in."""

    def fill(world: World) -> str:
        return text.format(
            prediction=world.prediction.pk, approved=world.approved.pk, item=world.item.pk,
            open_item=world.open_item.pk, assignment=world.held.assignment.pk,
            decision=world.decision.pk, job=world.job.pk,
            escalation=world.escalation.pk, consent=world.consent.pk, hold=world.hold.pk,
            erasure=world.erasure.pk, draft=world.draft.pk, submitted=world.submitted.pk,
            approved_change=world.approved_change.pk, active=world.active.pk,
            challenged=world.challenge.adjustment_id, challenge=world.challenge.pk,
            stop=world.stop.pk, rolled_back=world.rolled_back.pk, pack=world.pack.pk,
            webhook=world.told.endpoint_id,
            dispute=world.dispute.pk, resolution=world.dispute.resolution_id,
        )  # fmt: skip

    return fill


def same_checkpoint(world: World) -> str:
    size = Checkpoint.objects.latest("size").size
    return f"/audit/checkpoints/{size}/consistency/{size}"


def token(**more: Any) -> Filled:
    return lambda world: {"claim_token": world.held.token, **more}


def said(**body: str) -> Filled:
    return lambda _: dict(body)


def reason(world: World) -> dict[str, Any]:
    return {"reason": "For a test"}


def document(world: World) -> dict[str, Any]:
    return factories.pipeline_document(name="Another name")


def a_prediction(world: World) -> dict[str, Any]:
    return factories.a_payload()


def an_outcome(world: World) -> dict[str, Any]:
    return {"outcome": {"good": True}, "observed_at": "2026-11-20T09:00:00Z"}


def an_adjudication(world: World) -> dict[str, Any]:
    return {"answer": None, "rationale": "x"}


def a_pause(world: World) -> dict[str, Any]:
    return {"reason": "legal_hold"}


def a_move(world: World) -> dict[str, Any]:
    return {"queue": "experts", "reason": "For a test"}


def a_note(world: World) -> dict[str, Any]:
    return {"text": "x"}


def a_question(world: World) -> dict[str, Any]:
    return {"start": "2026-11-24T09:00:00Z", "target": "PT4H"}


def a_proposal(world: World) -> dict[str, Any]:
    return {
        "pipeline": "intents", "kind": "model_version", "summary": "A better one",
        "change": {"name": "intents", "version": "9"}, "evidence": {},
    }  # fmt: skip


def a_signature(world: World) -> dict[str, Any]:
    return {"meaning": "approval", "password": factories.PASSWORD}


def a_dataset(world: World) -> dict[str, Any]:
    return {"slug": "other", "pipeline": "intents"}


def a_consent(world: World) -> dict[str, Any]:
    return {"subject": "c-9", "pipeline": "intents", "purpose": "training"}


def a_source(world: World) -> dict[str, Any]:
    return {
        "pipeline": "intents", "name": "shop", "origin": "Orders", "purposes": ["training"],
        "basis": "contract", "reason": "For a test",
    }  # fmt: skip


def a_hold(world: World) -> dict[str, Any]:
    return {"pipeline": "intents", "reason": "A case"}


def an_erasure(world: World) -> dict[str, Any]:
    return {"subject": "c-5", "pipeline": "intents", "reason": "Article 17"}


def a_pack(world: World) -> dict[str, Any]:
    return {"purpose": "audit", "pipeline": "intents"}


HOOKS_READ = ("config:write", "audit:read")
GOVERNED = ("govern", "audit:read")
CONFIG = ("config:write", "audit:read", "admin")
PREDICTIONS = ("predictions:write", "audit:read", "review")
RECORDS = ("review", "audit:read")
CONSENTS = ("predictions:write", "review", "govern")
PRIVACY = ("audit:read", "govern")
SOURCES = ("audit:read", "config:write", "datasets:read")
DATASETS = ("datasets:read", "audit:read")
LINEAGE = ("audit:read", "datasets:read", "govern")
ACCEPTS = {"verdict": "accept", "checklist": {"read": True}}

CALLS: dict[tuple[str, str], Call] = {
    ("POST", "apply"): Call(("config:write", "admin"), at("/apply"), body=document),
    ("GET", "pipelines/<slug:slug>/config"): Call(CONFIG, at("/pipelines/intents/config")),
    ("PUT", "pipelines/<slug:slug>/config"): Call(
        ("config:write",), at("/pipelines/intents/config"), body=document, headers={"if_match": "*"}
    ),
    ("GET", "pipelines/<slug:slug>/config/versions"): Call(
        CONFIG, at("/pipelines/intents/config/versions")
    ),
    ("GET", "pipelines/<slug:slug>/config/versions/<int:number>"): Call(
        CONFIG, at("/pipelines/intents/config/versions/1")
    ),
    ("POST", "calendars/<slug:slug>/preview"): Call(
        EVERY, at("/calendars/always/preview"), body=a_question, elsewhere=200
    ),
    ("GET", "jobs/<uuid:job_id>"): Call(EVERY, at("/jobs/{job}"), who="bot"),
    ("GET", "predictions"): Call(PREDICTIONS, at("/predictions"), elsewhere=200),
    ("POST", "predictions"): Call(
        ("predictions:write",), at("/predictions"), 201, body=a_prediction
    ),
    ("GET", "predictions/<uuid:prediction_id>"): Call(PREDICTIONS, at("/predictions/{prediction}")),
    ("GET", "predictions/<uuid:prediction_id>/trace"): Call(
        ("audit:read",), at("/predictions/{prediction}/trace")
    ),
    ("GET", "predictions/<uuid:prediction_id>/case-file"): Call(
        ("audit:read",), at("/predictions/{prediction}/case-file")
    ),
    ("GET", "audit/events"): Call(
        ("audit:read",), at("/audit/events?stream=pipeline:intents"), elsewhere=200
    ),
    ("GET", "audit/checkpoints"): Call(
        ("audit:read",), at("/audit/checkpoints"), elsewhere=200, shared=True
    ),
    ("GET", "audit/checkpoints/<int:old>/consistency/<int:new>"): Call(
        ("audit:read",),
        same_checkpoint,
        elsewhere=200,
    ),
    ("POST", "predictions/<uuid:prediction_id>/withdraw"): Call(
        ("predictions:write",), at("/predictions/{approved}/withdraw"), body=reason
    ),
    ("POST", "predictions/<uuid:prediction_id>/outcome"): Call(
        ("predictions:write",), at("/predictions/{prediction}/outcome"), 201,
        body=an_outcome,
    ),
    ("POST", "claim"): Call(("review",), at("/claim"), 201, body=nothing, elsewhere=204),
    ("POST", "assignments/<uuid:assignment_id>/extend"): Call(
        ("review",), at("/assignments/{assignment}/extend"), body=token()
    ),
    ("POST", "assignments/<uuid:assignment_id>/release"): Call(
        ("review",), at("/assignments/{assignment}/release"), body=token()
    ),
    ("POST", "assignments/<uuid:assignment_id>/decline"): Call(
        ("review",), at("/assignments/{assignment}/decline"), body=token(reason="x")
    ),
    ("POST", "assignments/<uuid:assignment_id>/decision"): Call(
        ("review",), at("/assignments/{assignment}/decision"), 201, body=token(**ACCEPTS)
    ),
    ("GET", "decisions"): Call(RECORDS, at("/decisions"), elsewhere=200),
    # What it says is in the dataset of the world already, which ends the time for taking it back.
    ("POST", "decisions/<uuid:decision_id>/undo"): Call(
        ("review",), at("/decisions/{decision}/undo"), 409, body=nothing
    ),
    ("GET", "resolutions"): Call(RECORDS, at("/resolutions"), elsewhere=200),
    # It is challenged already.
    ("POST", "resolutions/<uuid:resolution_id>/challenge"): Call(
        ("review",), at("/resolutions/{resolution}/challenge"), 409, body=reason
    ),
    ("GET", "challenges"): Call(RECORDS, at("/challenges"), elsewhere=200),
    ("GET", "challenges/<uuid:challenge_id>"): Call(RECORDS, at("/challenges/{dispute}")),
    ("POST", "challenges/<uuid:challenge_id>/uphold"): Call(
        ("review",), at("/challenges/{dispute}/uphold"), body=said(rationale="x"), who="judge"
    ),
    ("POST", "challenges/<uuid:challenge_id>/overturn"): Call(
        ("review",), at("/challenges/{dispute}/overturn"), body=said(rationale="x"), who="judge"
    ),
    # Who challenged is read by compliance alone.
    ("POST", "challenges/<uuid:challenge_id>/challenger"): Call(
        ("audit:read",), at("/challenges/{dispute}/challenger"), 403, body=nothing
    ),
    ("GET", "items"): Call(RECORDS, at("/items"), elsewhere=200),
    ("GET", "items/<uuid:item_id>"): Call(RECORDS, at("/items/{item}")),
    # The item is settled, which its adjudicator is told; nobody else is told even that.
    ("POST", "items/<uuid:item_id>/adjudicate"): Call(
        ("review",), at("/items/{item}/adjudicate"), 409,
        body=an_adjudication,
    ),
    ("POST", "items/<uuid:item_id>/notes"): Call(
        ("review",), at("/items/{item}/notes"), 201, body=a_note
    ),
    ("POST", "items/<uuid:item_id>/escalate"): Call(
        ("review",), at("/items/{open_item}/escalate"), body=reason
    ),
    ("GET", "items/<uuid:item_id>/clocks"): Call(RECORDS, at("/items/{item}/clocks")),
    ("POST", "items/<uuid:item_id>/pause"): Call(
        ("review",), at("/items/{open_item}/pause"), body=a_pause
    ),
    ("POST", "items/<uuid:item_id>/resume"): Call(
        ("review",), at("/items/{open_item}/resume"), body=nothing
    ),
    ("POST", "items/<uuid:item_id>/reassign"): Call(
        ("review",), at("/items/{open_item}/reassign"), body=a_move
    ),
    ("POST", "items/<uuid:item_id>/reopen"): Call(
        ("review",), at("/items/{item}/reopen"), body=reason
    ),
    # It counts what the caller reaches: of another pipeline, nothing of this one.
    ("GET", "operations"): Call(RECORDS, at("/operations?pipeline=intents")),
    ("GET", "escalations"): Call(RECORDS, at("/escalations"), elsewhere=200),
    ("POST", "escalations/<uuid:escalation_id>/ack"): Call(
        ("review",), at("/escalations/{escalation}/ack"), body=nothing
    ),
    ("GET", "lineage"): Call(LINEAGE, at("/lineage?from=decision:{decision}")),
    ("GET", "signals"): Call(LINEAGE, at("/signals"), elsewhere=200),
    ("POST", "data-sources"): Call(
        ("config:write",), at("/data-sources"), 201, body=a_source
    ),
    ("GET", "data-sources"): Call(SOURCES, at("/data-sources"), elsewhere=200),
    ("POST", "consents"): Call(CONSENTS, at("/consents"), 201, body=a_consent),
    ("GET", "consents"): Call(PRIVACY, at("/consents?subject=c-2"), elsewhere=200),
    ("POST", "consents/<uuid:consent_id>/withdraw"): Call(
        CONSENTS, at("/consents/{consent}/withdraw"), body=nothing
    ),
    # Who holds, lifts, executes and rejects has the permission to approve as well.
    ("POST", "holds"): Call(("govern",), at("/holds"), 403, body=a_hold),
    ("GET", "holds"): Call(PRIVACY, at("/holds"), elsewhere=200),
    ("POST", "holds/<uuid:hold_id>/lift"): Call(
        ("govern",), at("/holds/{hold}/lift"), 403, body=reason
    ),
    ("POST", "audit/packs"): Call(("audit:read",), at("/audit/packs"), 202, body=a_pack),
    ("GET", "audit/packs"): Call(("audit:read",), at("/audit/packs"), elsewhere=200),
    ("GET", "audit/packs/<uuid:pack_id>"): Call(("audit:read",), at("/audit/packs/{pack}")),
    ("GET", "audit/packs/<uuid:pack_id>/download"): Call(
        ("audit:read",), at("/audit/packs/{pack}/download")
    ),
    ("POST", "erasures"): Call(("govern",), at("/erasures"), 201, body=an_erasure),
    ("GET", "erasures"): Call(PRIVACY, at("/erasures"), elsewhere=200),
    ("GET", "erasures/<uuid:erasure_id>"): Call(PRIVACY, at("/erasures/{erasure}")),
    ("POST", "erasures/<uuid:erasure_id>/execute"): Call(
        ("govern",), at("/erasures/{erasure}/execute"), 403, body=nothing
    ),
    ("POST", "erasures/<uuid:erasure_id>/reject"): Call(
        ("govern",), at("/erasures/{erasure}/reject"), 403, body=reason
    ),
    ("GET", "datasets"): Call(DATASETS, at("/datasets"), elsewhere=200),
    ("POST", "datasets"): Call(
        ("datasets:write",), at("/datasets"), 201,
        body=a_dataset,
    ),
    ("GET", "datasets/<slug:slug>"): Call(DATASETS, at("/datasets/answers")),
    ("GET", "datasets/<slug:slug>/versions"): Call(DATASETS, at("/datasets/answers/versions")),
    ("POST", "datasets/<slug:slug>/versions"): Call(
        ("datasets:write",), at("/datasets/answers/versions"), 202, body=nothing
    ),
    ("GET", "datasets/<slug:slug>/versions/<int:number>"): Call(
        DATASETS, at("/datasets/answers/versions/1")
    ),
    ("GET", "datasets/<slug:slug>/versions/<int:number>/download"): Call(
        DATASETS, at("/datasets/answers/versions/1/download?format=jsonl")
    ),
    ("GET", "datasets/<slug:slug>/versions/<int:before>/diff/<int:after>"): Call(
        DATASETS, at("/datasets/answers/versions/1/diff/1")
    ),
    ("GET", "adjustments"): Call(GOVERNED, at("/adjustments"), elsewhere=200),
    ("POST", "adjustments"): Call(("govern",), at("/adjustments"), 201, body=a_proposal),
    ("GET", "adjustments/<uuid:adjustment_id>"): Call(GOVERNED, at("/adjustments/{draft}")),
    ("PATCH", "adjustments/<uuid:adjustment_id>"): Call(
        ("govern",), at("/adjustments/{draft}"), headers={"if_match": "*"},
        body=said(summary="Another"),
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/submit"): Call(
        ("govern",), at("/adjustments/{draft}/submit"), body=nothing, who="bot"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/sign"): Call(
        ("govern",), at("/adjustments/{submitted}/sign"), body=a_signature, who="approver"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/activate"): Call(
        ("govern",), at("/adjustments/{approved_change}/activate"), body=nothing, who="approver"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/roll-back"): Call(
        ("govern",), at("/adjustments/{active}/roll-back"), body=reason, who="approver"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/withdraw"): Call(
        ("govern",), at("/adjustments/{draft}/withdraw"), body=reason, who="bot"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/reject"): Call(
        ("govern",), at("/adjustments/{submitted}/reject"), body=reason, who="approver"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/challenges"): Call(
        ("govern",), at("/adjustments/{submitted}/challenges"), 201,
        body=said(objection="x"),
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/challenges/<uuid:challenge_id>/answer"): Call(
        ("govern",), at("/adjustments/{challenged}/challenges/{challenge}/answer"),
        body=said(response="x"), who="approver",
    ),
    ("GET", "adjustments/<uuid:adjustment_id>/affected"): Call(
        GOVERNED, at("/adjustments/{rolled_back}/affected")
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/dispositions"): Call(
        ("govern",), at("/adjustments/{rolled_back}/dispositions"), who="approver",
        body=said(disposition="accept", reason="x"),
    ),
    ("GET", "pipelines/<slug:slug>/effective"): Call(
        (*GOVERNED, "config:write"), at("/pipelines/intents/effective")
    ),
    ("GET", "pipelines/<slug:slug>/stops"): Call(GOVERNED, at("/pipelines/intents/stops")),
    ("POST", "pipelines/<slug:slug>/stops"): Call(
        ("govern",), at("/pipelines/intents/stops"), 201, body=reason
    ),
    ("GET", "stops/<uuid:stop_id>"): Call(GOVERNED, at("/stops/{stop}")),
    ("POST", "stops/<uuid:stop_id>/resume"): Call(
        ("govern",), at("/stops/{stop}/resume"), body=reason, who="approver"
    ),
    ("GET", "webhooks"): Call(HOOKS_READ, at("/webhooks"), elsewhere=200),
    ("POST", "webhooks"): Call(
        ("config:write",), at("/webhooks"), 201, who="reviewer", elsewhere=400,
        body=said(url="https://example.org/hooks", pipeline="intents"),
    ),
    ("GET", "webhooks/<uuid:webhook_id>"): Call(HOOKS_READ, at("/webhooks/{webhook}")),
    ("PATCH", "webhooks/<uuid:webhook_id>"): Call(
        ("config:write",), at("/webhooks/{webhook}"), body=said(description="x"),
        headers={"If-Match": "*"},
    ),
    ("DELETE", "webhooks/<uuid:webhook_id>"): Call(
        ("config:write",), at("/webhooks/{webhook}"), 204
    ),
    ("POST", "webhooks/<uuid:webhook_id>/test"): Call(
        ("config:write",), at("/webhooks/{webhook}/test"), 202, body=nothing
    ),
    ("GET", "webhooks/<uuid:webhook_id>/deliveries"): Call(
        HOOKS_READ, at("/webhooks/{webhook}/deliveries")
    ),
    ("POST", "webhooks/<uuid:webhook_id>/replay"): Call(
        ("config:write",), at("/webhooks/{webhook}/replay"), 202,
        body=said(since="2026-01-01T00:00:00Z"),
    ),
    ("POST", "webhooks/<uuid:webhook_id>/rotate"): Call(
        ("config:write",), at("/webhooks/{webhook}/rotate"), body=nothing
    ),
    ("POST", "webhooks/<uuid:webhook_id>/acknowledge"): Call(
        ("config:write", "predictions:write"), at("/webhooks/{webhook}/acknowledge"),
        body=lambda world: {"message": world.told.message},
    ),
}  # fmt: skip
OPEN = {("GET", "openapi.json"), ("GET", "docs")}
