"""What a member of a crowd does, in a process and with a connection of its own.

Everything in and out is JSON: the crowd passes it through pipes.
"""

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from django.test import Client
from django.utils import timezone

from feedback.services import signals
from governance.models import Adjustment, AdjustmentActivation, Pipeline, Stop, User
from governance.models.base import uuid7_text
from governance.selectors import clock, principals
from governance.services import anchoring, configuration, dispatch, policies
from reviews.domain.answers import Judgement
from reviews.models import Prediction, ReviewItem
from reviews.services import assignments, challenges, decisions, intake, resolutions, sweeping
from tests import factories, governed
from tests.races import tasks

Result = dict[str, Any] | None


def _person(pk: int) -> dict[str, Any]:
    user = User.objects.get(pk=pk)
    return {"principal": principals.of_person(user), "actor": user}


def _at(seconds: float) -> datetime:
    return factories.NOW + timedelta(seconds=seconds)


def claim(*, user: int, after: float = 1) -> Result:
    """Claim once, `after` seconds from NOW."""
    held = assignments.claim(**_person(user), now=_at(after))
    if held is None:
        return None
    made = held.assignment
    return {
        "user": user,
        "assignment": str(made.pk),
        "item": str(made.item_id),
        "slot": made.slot,
        "token": held.token,
    }


def sweep(*, after: float, limit: int = 500) -> Result:
    """Sweep all clocks, `after` seconds from NOW."""
    swept = sweeping.sweep(now=lambda: _at(after), limit=limit)
    return {"breaches": swept.breaches, "escalations": swept.escalations}


def distil(*, after: float) -> Result:
    """Make signals of all that was resolved, `after` seconds from NOW."""
    return {"signals": signals.sweep(now=lambda: _at(after))}


def decide(*, user: int, assignment: str, token: str, label: str = "balance", **_: Any) -> Result:
    """Decide what was claimed, saying all that its tier asks for."""
    tier = ReviewItem.objects.values_list("tier", flat=True).get(assignments=assignment)
    judgement = Judgement(
        answer={"label": label},
        rationale="The words of the request name it.",
        checklist=factories.CHECKLIST[tier],
    )
    done = decisions.decide(
        **_person(user),
        assignment_id=assignment,  # type: ignore[arg-type]
        token=token,
        judgement=judgement,
        now=_at(60),
    )
    return {"decision": str(done.decision.pk), "resolved": done.resolution is not None}


def claim_and_decide(*, user: int) -> Result:
    """Claim until there is something, for a bounded number of times, and decide it."""
    for _attempt in range(2000):
        held = claim(user=user)
        if held is not None:
            return held | (decide(**held) or {})
    return None


def expire(*, after: float) -> Result:
    """Return lapsed items to their queues."""
    return {"expired": assignments.expire_leases(now=_at(after))}


def undo(*, user: int, decision: str) -> Result:
    """Take a decision back."""
    actor = User.objects.get(pk=user)
    undone = decisions.undo(decision_id=decision, actor=actor, now=_at(120))  # type: ignore[arg-type]
    return {"item": str(undone.item.pk), "status": undone.item.status}


def adjudicate(*, user: int, item: str) -> Result:
    """Settle an item."""
    settled = resolutions.adjudicate(
        **_person(user),
        item_id=item,  # type: ignore[arg-type]
        answer={"label": "balance"},
        rationale="The account is named.",
        now=_at(120),
    )
    return {"status": settled.status}


def challenge(*, user: int, resolution: str) -> Result:
    """Doubt an outcome."""
    made = challenges.challenge(
        **_person(user), resolution_id=uuid.UUID(resolution), reason="Is it?", anonymous=True,
        now=_at(120),
    )  # fmt: skip
    return {"challenge": str(made.pk)}


def judge(*, user: int, challenge: str, verdict: str) -> Result:
    """Judge a challenge: `uphold` it, or `overturn` it."""
    said = {"challenge_id": uuid.UUID(challenge), "rationale": "It says so.", "now": _at(180)}
    return {"state": getattr(challenges, verdict)(**_person(user), **said).state}


def send(*, user: int, payloads: list[dict[str, Any]]) -> Result:
    """Send predictions in one call of the service."""
    taken = intake.accept(
        candidates=[intake.parse(orjson.dumps(payload)) for payload in payloads],
        **_person(user),
        now=_at(1),
    )
    return {"outcomes": [entry.outcome for entry in taken], "ids": [entry.id for entry in taken]}


def post(*, token: str, path: str, body: Any, headers: dict[str, str]) -> Result:
    """Send a request through the whole of Django."""
    client = Client(raise_request_exception=False)
    answer = client.post(
        f"/api/v1{path}",
        orjson.dumps(body),
        "application/json",
        headers={"Authorization": f"Bearer {token}", **headers},
    )
    return {
        "status": answer.status_code,
        "body": answer.content.decode(),
        "replayed": answer.headers.get("Idempotency-Replayed"),
    }


def publish(*, slug: str) -> Result:
    """Publish the working rows of a pipeline as its live version."""
    row = Pipeline.objects.get(slug=slug)
    version = policies.publish(
        pipeline_id=row.pk,
        mode=policies.PolicyMode.LIVE,
        actor=None,
        reason="For a test",
        now=_at(1),
    )
    return {"number": version.number, "digest": version.digest}


def apply(*, document: dict[str, Any]) -> Result:
    """Apply one document."""
    configuration.apply(sources=[document], actor=None, reason="For a test", now=_at(1), secrets={})
    return {}


def run_message(*, message: str) -> Result:
    """Run a promise of the outbox."""
    return {"ran": dispatch.run(message_id=message, now=timezone.now())}


def relay(*, after: float = 0) -> Result:
    """Do what the relay does, `after` seconds from now."""
    now = timezone.now() + timedelta(seconds=after)
    return {"ran": [m for m, _ in dispatch.due(now=now) if dispatch.run(message_id=m, now=now)]}


def drain(*, seconds: float = 30) -> Result:
    """Be a relay; returns how many promises it ran."""
    return {"ran": dispatch.relay(now=timezone.now, seconds=seconds)}


def reserve() -> Result:
    """Be a relay that has taken a batch and begun nothing of it."""
    return {"reserved": len(dispatch._reserve([], timezone.now()))}


def deliver(*, task: str, arguments: dict[str, Any]) -> Result:
    """Run a task as a worker to whom its message came."""
    tasks.call(task, arguments)
    return {}


def anchor(*, folder: str, address: str) -> Result:
    """Copy the latest checkpoint to a folder, and promise a letter with it."""
    now = timezone.now()
    written = anchoring.in_folder(folder=Path(folder), now=now)
    promised = anchoring.promise_mail(address=address, now=now)
    return {"written": written is not None, "promised": promised is not None}


def lease(*, message: str) -> Result:
    """Take a promise and never run it."""
    return {"leased": dispatch.lease(message_id=message, now=timezone.now()) is not None}


def approve(*, user: int, size: int) -> Result:
    """Send confident predictions, `size` in each call, until some calls after a stop."""
    sender, more = _person(user), 3
    while more:
        more -= Stop.objects.exists()
        payloads = [factories.a_payload("low", external_id=uuid7_text()) for _ in range(size)]
        candidates = [intake.parse(orjson.dumps(payload)) for payload in payloads]
        taken = intake.accept(candidates=candidates, now=clock.now(), **sender)
        assert all(each.outcome == intake.ACCEPTED for each in taken), taken
    return None


def route(*, user: int) -> Result:
    """Send what a change sends to people, one by one; returns the tiers after its roll-back."""
    sender = _person(user)
    tiers: list[str] = []
    while len(tiers) < 3:
        over = AdjustmentActivation.objects.filter(act="roll_back").exists()
        payload = factories.a_payload(confidence=0.85, external_id=uuid7_text())
        candidates = [intake.parse(orjson.dumps(payload))]
        (taken,) = intake.accept(candidates=candidates, now=clock.now(), **sender)
        tiers += [taken.tier] if over else []
    return {"tiers": tiers}


def press_stop(*, user: int, after: int) -> Result:
    """Stop the pipeline when so many predictions have come."""
    while Prediction.objects.count() < after:
        time.sleep(0.01)
    made = governed.stop(User.objects.get(pk=user))
    return {"stop": str(made.pk)}


def resume(*, user: int, stop: str) -> Result:
    """Agree to resume."""
    return {"by": str(governed.resume(Stop.objects.get(pk=stop), User.objects.get(pk=user)).pk)}


def sign(*, user: int, adjustment: str) -> Result:
    """Approve a change."""
    row = governed.sign(Adjustment.objects.get(pk=adjustment), User.objects.get(pk=user))
    return {"state": row.state}


def activate(*, user: int, adjustment: str) -> Result:
    """Bring a change into force."""
    row = governed.activate(Adjustment.objects.get(pk=adjustment), User.objects.get(pk=user))
    return {"state": row.state}


ACTS: dict[str, Callable[..., Result]] = {
    act.__name__: act
    for act in (
        claim,
        sweep,
        distil,
        decide,
        claim_and_decide,
        expire,
        undo,
        adjudicate,
        challenge,
        judge,
        send,
        post,
        publish,
        apply,
        run_message,
        relay,
        drain,
        reserve,
        deliver,
        anchor,
        lease,
        approve,
        route,
        press_stop,
        resume,
        sign,
        activate,
    )
}
