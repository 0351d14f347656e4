"""Loading the example: each step can be repeated, so a load that was killed is run again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from governance.enums import Scope
from governance.models import ApiToken, User
from governance.selectors import examples
from governance.services import examples as acts
from governance.services import tokens
from hitlsite.demo import datasets, digits, reviewers
from hitlsite.demo.client import Client, ServerRefused
from hitlsite.demo.names import PIPELINE, SENDER, documents
from hitlsite.demo.payloads import payload
from hitlsite.demo.progress import Progress

REASON = "The living example was loaded"
BATCH = 130
SCOPES = (Scope.PREDICTIONS_WRITE, Scope.DATASETS_READ, Scope.DATASETS_WRITE)


@dataclass(frozen=True)
class Loaded:
    """What a load left."""

    predictions: int
    decided: int
    settled: int
    dataset: str


def load(*, address: str, limit: int | None, progress: Progress) -> Loaded:
    """Load the example, or what is missing of it. ServerRefused when the server does not take it.

    `limit` sends only so many images, those of the hard queue first among them.
    """
    progress.step("Setting up pipeline, queues, tiers and people", 5)
    acts.set_up(
        sources=documents(), senders=[SENDER], actor=None, reason=REASON, now=timezone.now()
    )
    progress.step("Training a small model on 200 handwritten digits", 20)
    images = chosen(digits.predicted(), limit)
    truth = {image.external_id: image.truth for image in images}
    token, client = _client(address)
    try:
        _send(client, images, progress)
        progress.step("Simulated reviewers decide a part of it", 92)
        decided = reviewers.Desk(truth, progress.at).work()
        progress.step("The lead settles disagreements", 94)
        settled = reviewers.adjudicate(truth)
        progress.step("Publishing a first dataset", 100)
        dataset = datasets.publish(client)
    finally:
        _revoke(token)
    loaded = Loaded(len(images), decided, settled, dataset)
    acts.finish(
        slug=PIPELINE,
        actor=None,
        reason=REASON,
        detail={"predictions": len(images)},
        now=timezone.now(),
    )
    progress.done()
    return loaded


def chosen(images: Sequence[digits.Digit], limit: int | None) -> list[digits.Digit]:
    if limit is None:
        return list(images)
    hard = [image for image in images if _is_hard(image)][: max(limit // 10, 1)]
    rest = [image for image in images if image not in hard]
    return (hard + rest)[:limit]


def _is_hard(image: digits.Digit) -> bool:
    traits = image.characteristics()
    pair = digits.scenario(image.order[0])
    return pair == "4-or-9" and traits["look_alikes"] and traits["margin"] < 0.4


def _client(address: str) -> tuple[ApiToken, Client]:
    """Return a client with a token of its own, after ending those that killed loads have left."""
    sender = User.objects.get(username=SENDER)
    for left in ApiToken.objects.filter(user=sender, revoked_at=None):
        _revoke(left)
    row, token = tokens.create(
        user=sender,
        scopes=SCOPES,
        pipelines=[PIPELINE],
        days=1,
        actor=None,
        now=timezone.now(),
        name="Loading the example",
    )
    return row, Client(token, address)


def _revoke(token: ApiToken) -> None:
    tokens.revoke(
        token_id=str(token.pk), actor=None, reason="The load has ended", now=timezone.now()
    )


def _send(client: Client, images: Sequence[digits.Digit], progress: Progress) -> None:
    progress.step("Sending predictions to POST /predictions", 50)
    sent = 0
    for batch in _batches(images):
        results = client.send(payload(image, PIPELINE) for image in batch)
        _refuse_rejected(results)
        sent += len(results)
        progress.at(sent, len(images))


def _batches(images: Sequence[digits.Digit]) -> list[Sequence[digits.Digit]]:
    return [images[start : start + BATCH] for start in range(0, len(images), BATCH)]


def _refuse_rejected(results: list[dict[str, Any]]) -> None:
    rejected = [result for result in results if result["status"] == "rejected"]
    if rejected:
        problem = rejected[0].get("problem") or {}
        raise ServerRefused(
            f"The server rejected {len(rejected)} predictions, the first with: "
            f"{problem.get('detail') or problem.get('title')}"
        )


def state() -> examples.State:
    """Return how far the example has come."""
    return examples.state(PIPELINE)
