"""Work for the tasks that watch and tell: messages, outcomes of a promise, and what is doubted."""

from datetime import datetime, timedelta

from feedback.services import monitoring
from governance.models import User
from governance.selectors import principals
from governance.services import adjustments, configuration, webhook_telling, webhooks
from reviews.models import Resolution
from reviews.services import challenge_clocks, challenges, objection_clocks, own_policies
from tests import factories, governed


def have_a_webhook(now: datetime) -> None:
    """Leave a message that nobody acknowledged, and one that is past its time."""
    root = User.objects.get(username="opener")
    row, _ = webhooks.create(
        principal=principals.of_person(root), actor=root, url="https://example.org/",
        pipeline="reviewed", events=["gate.finished"], description="", now=now,
    )  # fmt: skip
    for key, at in (("silent", now - timedelta(hours=1)), ("old", now - timedelta(days=31))):
        made = webhook_telling.message(row, key, "policy.changed", b"{}", at)
        made.delivered_at = at
        made.acknowledged_at = at if key == "old" else None
        made.save()


def promise_few_errors(now: datetime) -> None:
    """Leave an outcome that a plan has not counted."""
    document = factories.pipeline_document(slug="watched")
    document["tiers"]["low"]["monitor_rate"] = 1.0
    configuration.apply(sources=[document], actor=None, reason="For a test", now=now)
    root = User.objects.get(username="opener")
    monitoring.plan(
        principal=principals.of_person(root), actor=root, pipeline="watched", tier="low",
        target=0.02, cadence=7, stop=False, owner=root.username, reason="For a test", now=now,
    )  # fmt: skip
    bot = factories.a_service("watcher", pipelines=("watched",))
    reviewer = factories.a_person("looker", pipelines=("watched",))
    factories.send(bot, factories.a_payload("low", pipeline="watched"), now=now)
    held = factories.claim(reviewer, now=now)
    assert held is not None
    factories.decide(reviewer, held, now=now)


def doubt_an_outcome(now: datetime) -> None:
    """Leave an outcome that somebody doubts, and the policy by which that is judged."""
    own_policies.ensure(
        challenge_clocks.SLUG, target=challenge_clocks.TARGET, permission="adjudicate",
        reason=challenge_clocks.REASON, now=now,
    )  # fmt: skip
    lead = factories.a_person("doubter", roles=("lead",))
    row = Resolution.objects.filter(kind="single").earliest("pk")
    challenges.challenge(
        principal=principals.of_person(lead), actor=lead, resolution_id=row.pk, reason="Is it?",
        anonymous=False, now=now,
    )  # fmt: skip


def object_to_a_change(author: User, other: User, now: datetime) -> None:
    """Leave an objection to a change, and the policy by which that is answered."""
    own_policies.ensure(
        objection_clocks.SLUG, target=objection_clocks.TARGET, permission="approve",
        reason=objection_clocks.REASON, now=now,
    )  # fmt: skip
    row = governed.submit(governed.of_model(author, "9"))
    adjustments.challenge(
        principal=principals.of_person(other), actor=other, adjustment_id=row.pk,
        objection="Is it?", now=now,
    )  # fmt: skip
