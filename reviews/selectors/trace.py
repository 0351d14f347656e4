"""All that happened to a prediction, in order."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from governance.models import AuditEvent
from reviews.models import Challenge, ChallengeOutcome, Decision, Prediction, Resolution
from reviews.selectors.leaves import leaves

# By what an event names the record that says why, the first before the others.
REASONED = ("decision", "judgement", "challenge", "resolution")


def events(prediction: Prediction) -> list[dict[str, Any]]:
    """Return the events of a prediction and of its item, in order.

    Each has `at`, `action`, `actor` (a username; None is the system), `reason`, `digest` and
    `detail`. The first two tell of the call that brought it and of its routing; their digests are
    the leaf in the ledger and the leaf under that event's Merkle root.
    """
    call = AuditEvent.objects.select_related("actor").get(pk=prediction.intake)
    found = [_received(prediction, call), _routed(prediction)]
    of_itself = _stream(f"prediction:{prediction.pk}")
    item = getattr(prediction, "item", None)
    if item is None:
        return found + [_act(event, {}) for event in of_itself]
    reasons = _rationales(item.pk)
    # Two who acted at once are told of by when they acted, not by who got the lock first.
    both = sorted(chain(_stream(f"item:{item.pk}"), of_itself), key=lambda event: event.at)
    return found + [_act(event, reasons) for event in both]


def _stream(name: str) -> Iterable[AuditEvent]:
    rows = AuditEvent.objects.filter(stream=name)
    return list(rows.select_related("actor").order_by("sequence"))


def _received(prediction: Prediction, call: AuditEvent) -> dict[str, Any]:
    return {
        "at": call.at,
        "action": "prediction.received",
        "actor": call.actor.username if call.actor else None,
        "reason": "",
        "digest": call.digest,
        "detail": {
            "event": call.pk,
            "root": call.detail["root"],
            "size": call.detail["size"],
            "position": prediction.position,
            "content": prediction.digest,
        },
    }


def _routed(prediction: Prediction) -> dict[str, Any]:
    rule = f"The rule {prediction.rule} holds" if prediction.rule else "No rule holds"
    sampled = f", and the {prediction.sampled} drew it" if prediction.sampled else ""
    return {
        "at": prediction.received_at,
        "action": "prediction.routed",
        "actor": None,
        "reason": f"{rule}: tier {prediction.tier}{sampled}.",
        "digest": next(leaves([prediction])).hex(),
        "detail": {
            "config_version": prediction.config_version.number,
            "tier": prediction.tier,
            "rule": prediction.rule or None,
            "queue": prediction.queue,
            "disposition": prediction.disposition,
            "sampled": prediction.sampled or None,
            "propensity": prediction.propensity,
            "trace": prediction.trace,
        },
    }


def _act(event: AuditEvent, reasons: dict[str, str]) -> dict[str, Any]:
    subject = next((event.detail[name] for name in REASONED if event.detail.get(name)), "")
    return {
        "at": event.at,
        "action": event.action,
        "actor": event.actor.username if event.actor else None,
        "reason": event.reason or reasons.get(subject, ""),
        "digest": event.digest,
        "detail": event.detail,
    }


def _rationales(item_id: Any) -> dict[str, str]:
    of = {"item": item_id}
    texts = (
        Decision.objects.filter(**of).values_list("pk", "rationale"),
        Resolution.objects.filter(**of).values_list("pk", "rationale"),
        Challenge.objects.filter(**of).values_list("pk", "reason"),
        ChallengeOutcome.objects.filter(**of).values_list("pk", "rationale"),
    )
    return {str(pk): text for rows in texts for pk, text in rows}
