"""What a call of a route is made of: its address, its body, and who makes it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from governance.models import Checkpoint, Incident
from tests import factories
from tests.world import World

EVERY = (
    "predictions:write", "review", "config:write", "datasets:read", "datasets:write",
    "models:write", "govern", "audit:read", "admin",
)  # fmt: skip
MODELS = ("models:write", "datasets:read", "audit:read", "govern")
JUDGING = ("models:write", "audit:read", "govern")
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
            webhook=world.told.endpoint_id, figure_dispute=world.figure_dispute.pk,
            open_look=world.looks.open, held_look=world.looks.held, done_look=world.looks.done,
            finding=world.looks.finding, evaluation=world.bench.open,
            incident=Incident.objects.earliest("pk").pk,
            filled=world.bench.filled, run=world.bench.run,
            assessment=world.assessment.pk, dispute=world.dispute.pk,
            resolution=world.dispute.resolution_id,
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


def a_promise(world: World) -> dict[str, Any]:
    return {"max_error": 0.05, "confidence": 0.95}


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


def a_period(world: World) -> dict[str, Any]:
    return {
        "pipeline": "intents", "title": "November", "since": "2026-11-01T00:00:00Z",
        "until": "2026-12-01T00:00:00Z",
    }  # fmt: skip


def a_pick(world: World) -> dict[str, Any]:
    return {"item": str(world.looks.settled), "kind": "success", "why": "For a test"}


def a_proposal(world: World) -> dict[str, Any]:
    return {
        "pipeline": "intents", "kind": "model_version", "summary": "A better one",
        "change": {"name": "intents", "version": "9"}, "evidence": {},
    }  # fmt: skip


def a_signature(world: World) -> dict[str, Any]:
    return {"meaning": "approval", "password": factories.PASSWORD}


def a_dataset(world: World) -> dict[str, Any]:
    return {"slug": "other", "pipeline": "intents"}


def a_model(world: World) -> dict[str, Any]:
    return {
        "version": "3", "artifact_uri": "file:3", "digest": f"sha256:{'3' * 64}",
        "trained_on": [{"dataset": "answers", "version": 1}],
    }  # fmt: skip


def an_incident(world: World) -> dict[str, Any]:
    return {
        "pipeline": "intents", "severity": "other", "title": "x", "text": "x",
        "aware_at": "2026-11-20T09:00:00Z",
    }  # fmt: skip


def an_evaluation(world: World) -> dict[str, Any]:
    return {"model": "sorter", "version": "1", "dataset": "edge", "dataset_version": 1}


def a_line(world: World) -> dict[str, Any]:
    return {"external_id": "edge-1", "output": {"label": "balance"}}


def a_plan(world: World) -> dict[str, Any]:
    return {"keep": [{"dataset": "edge", "version": 1, "margin": 0.02}]}


def a_gate(world: World) -> dict[str, Any]:
    return a_plan(world) | {"slug": "another", "pipeline": "intents", "model": "sorter"}


def a_consent(world: World) -> dict[str, Any]:
    return {"subject": "c-9", "pipeline": "intents", "purpose": "training"}


def a_source(world: World) -> dict[str, Any]:
    return {
        "pipeline": "intents", "name": "shop", "origin": "Orders", "purposes": ["training"],
        "basis": "contract", "reason": "For a test",
    }  # fmt: skip


def a_hold(world: World) -> dict[str, Any]:
    return {"pipeline": "intents", "reason": "A case"}


def a_password(world: World) -> dict[str, Any]:
    return {"password": factories.PASSWORD}


def an_assessment(world: World) -> dict[str, Any]:
    harm = {
        "harm": "x", "who": "x", "likelihood": "low", "severity": "high", "measure": "x",
        "remains": "x",
    }  # fmt: skip
    said = {"purpose": "x", "affected": "x", "oversight": "x", "harms": [harm]}
    day = timezone.now().date() + timedelta(days=30)
    return said | {"review_on": f"{day}", "reason": "For a test"}


def an_edition(world: World) -> dict[str, Any]:
    return {"does": "x", "concerns": "x", "publicity": "internal", "reason": "For a test"}


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
CERTIFIES = ("audit:read", "govern", "config:write", "datasets:read")
MEASURES = ("review", "audit:read", "govern", "datasets:read")
LOOKS = ("audit:read", "govern")
ACCEPTS = {"verdict": "accept", "checklist": {"read": True}}
