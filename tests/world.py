"""A small world in which every table has a row, all of them made by services."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from django.utils import timezone

from feedback.models import AuditPack, DatasetVersion, FigureDispute, Lesson
from feedback.services import (
    audit_packs,
    consents,
    datasets,
    editions,
    erasures,
    sealing,
)
from feedback.services.consents import Wanted
from governance.enums import PolicyMode
from governance.models import (
    Adjustment,
    AdjustmentChallenge,
    ConsentRecord,
    ErasureRequest,
    Heartbeat,
    ImpactAssessment,
    Job,
    LedgerNode,
    LegalHold,
    Pipeline,
    Stop,
    User,
    WebhookMessage,
)
from governance.selectors import principals
from governance.services import (
    adjustments,
    anchoring,
    configuration,
    holds,
    idempotency,
    retention,
    sign_in_links,
    signature_policies,
    sources,
)
from governance.services import sealing as seals
from reviews.models import (
    Challenge,
    Decision,
    Escalation,
    Maintenance,
    Notification,
    NotificationPreference,
    Prediction,
    ReviewItem,
)
from reviews.selectors import clock_terms
from reviews.services import (
    assignments,
    challenges,
    clocks,
    decisions,
    escalations,
    maintenance,
    notes,
    outcomes,
    remedies,
    sweeping,
    withdrawals,
)
from reviews.services.assignments import Claim
from tests import factories, governed, judged, learned, oversight


@dataclass
class World:
    """Who and what there is."""

    bot: User
    reviewer: User
    pipeline: Pipeline
    prediction: Prediction
    approved: Prediction
    item: ReviewItem
    open_item: ReviewItem
    held: Claim
    decision: Decision
    job: Job
    version: DatasetVersion
    pack: AuditPack
    escalation: Escalation
    lesson: Lesson
    consent: ConsentRecord
    hold: LegalHold
    erasure: ErasureRequest
    approver: User
    judge: User
    dispute: Challenge
    told: WebhookMessage
    assessment: ImpactAssessment
    draft: Adjustment
    submitted: Adjustment
    approved_change: Adjustment
    active: Adjustment
    rolled_back: Adjustment
    challenge: AdjustmentChallenge
    stop: Stop
    figure_dispute: FigureDispute
    looks: learned.Looks
    bench: judged.Bench


def build() -> World:
    """Return a world in which each table of records, histories and work has at least one row."""
    now = timezone.now()
    pipeline = factories.a_pipeline(glossary=factories.GLOSSARY)
    bot, reviewer = factories.a_service(), factories.a_person("maria", roles=("reviewer", "lead"))
    _publish(pipeline, now)
    pipeline.refresh_from_db()
    approved, lost = factories.send(
        bot, factories.a_payload("low"), factories.a_payload("low"), now=now
    )
    decided, again, held = _review(bot, reviewer, now)
    principal = principals.of_person(bot)
    withdrawals.withdraw(
        principal=principal, actor=bot, prediction_id=lost.pk, reason="Sent twice", now=now
    )
    outcomes.record(
        principal=principal, actor=bot, prediction_id=approved.pk, outcome={"refund": True},
        observed_at=now, cost=Decimal("12.50"), now=now,
    )  # fmt: skip
    notes.add(
        principal=principals.of_person(reviewer), actor=reviewer, item_id=decided.item_id,
        text="An edge case.", now=now,
    )  # fmt: skip
    factories.a_token(bot, "review")
    sign_in_links.issue(user=reviewer, actor=None, now=now)
    idempotency.begin(
        user=bot, key="k", method="POST", path="/api/v1/claim", fingerprint="f", now=now
    )
    Heartbeat.objects.get_or_create(name="worker", defaults={"beat_at": now})
    job, version = _publish_dataset(bot, now + timedelta(minutes=1))
    consent, hold, erasure = _keep_private(bot, reviewer, now + timedelta(minutes=2))
    _seal(now)
    officer, second = (User.objects.get(username=name) for name in ("compliance", "second"))
    lesson = learned.learn(reviewer, now)
    world = World(
        bot=bot, reviewer=reviewer, pipeline=pipeline, prediction=decided.item.prediction,
        approved=approved, item=decided.item, open_item=held.assignment.item, held=held,
        decision=again, job=job, version=version, escalation=_escalate(bot, reviewer, now),
        lesson=lesson, looks=learned.look_back(reviewer, now),
        consent=consent, hold=hold, erasure=erasure, pack=_pack(reviewer, now),
        **_dispute(decided, reviewer, now),
        **_govern(bot, reviewer, pipeline, now),
        told=oversight.have_a_webhook(officer, now),
        assessment=oversight.assess_impact(officer, second, now),
        bench=judged.judge_models(bot, now),
    )  # fmt: skip
    _maintain(now)
    learned.tell_stakeholders(world.approver, now)
    oversight.review_access(officer, now)
    oversight.lend(reviewer, factories.a_person("deputy", roles=(), pipelines=()), now)
    oversight.have_an_incident(officer, now)
    oversight.plan_monitoring(officer, world.dispute.resolution, now)
    return world


def _seal(now: datetime) -> None:
    seals.seal(now=now)
    anchoring.in_folder(folder=Path(mkdtemp()), now=now)
    # A whole tile would take 256 events.
    LedgerNode(level=8, position=0, digest="0" * 64).save()


def _publish(pipeline: Pipeline, now: datetime) -> None:
    document = factories.pipeline_document(glossary=factories.GLOSSARY)
    changed = document | {"name": "Intents, again"}
    for mode, source in (
        (PolicyMode.LIVE, changed),
        (PolicyMode.SHADOW, document),
    ):
        pipeline.refresh_from_db()
        configuration.put(
            pipeline_id=pipeline.pk, source=source, mode=mode, actor=None, reason="For a test",
            now=now, read=pipeline.live,
        )  # fmt: skip


def _review(bot: User, reviewer: User, now: datetime) -> tuple[Decision, Decision, Claim]:
    """Decide an item, take it back, decide it again; hold another and leave a third open."""
    factories.an_item(bot, now=now)
    first = factories.decide(reviewer, _claim(reviewer, now), "balance", now=now)
    undone = decisions.undo(decision_id=first.decision.pk, actor=reviewer, now=now)
    second = factories.decide(reviewer, undone.claim, now=now)
    factories.an_item(bot, now=now)
    factories.decide(reviewer, _claim(reviewer, now), now=now)
    factories.an_item(bot, now=now)
    held = _claim(reviewer, now)
    factories.an_item(bot, "high", now=now)
    return first.decision, second.decision, held


def _escalate(bot: User, reviewer: User, now: datetime) -> Escalation:
    """Let an item of a policy with a ladder be late; its clock to claim has escalated once."""
    ladder = {"levels": [{"delay": "PT0S", "notify": ["user:maria"]}, {"delay": "P9D"}]}
    factories.apply(factories.SLA | {"ladder": ladder})
    late = now - timedelta(hours=3, minutes=30)
    item = factories.an_item(bot, now=late)
    sweeping.sweep(now=lambda: now)
    told = Escalation.objects.get(item=item)
    taken = factories.an_item(bot, "high", now=late)
    sweeping.sweep(now=lambda: now)
    escalations.acknowledge(
        principal=principals.of_person(reviewer), actor=reviewer,
        escalation_id=Escalation.objects.get(item=taken).pk, now=now,
    )  # fmt: skip
    notice = {"item": item, "created_at": now, "kind": "escalated"}
    Notification.objects.get_or_create(person=reviewer, source="world", defaults=notice)
    digest = {"created_at": now, "kind": "digest"}
    Notification.objects.get_or_create(person=reviewer, source="digest", defaults=digest)
    law = clock_terms.law_of("quick", version_id=item.config_version_id, queue="general")
    assert law is not None
    clocks.request_signoff(
        subject="adjustment:x", pipeline_id=item.pipeline_id, law=law, actor=None, now=now
    )
    NotificationPreference.objects.get_or_create(person=reviewer, defaults={"changed_at": now})
    return told


def _maintain(now: datetime) -> Maintenance:
    """Leave a maintenance that was, and one that goes on and that no sweep has seen yet."""
    who: dict[str, Any] = {"principal": None, "actor": None, "now": lambda: now}
    maintenance.begin(reason="A new disk", **who)
    maintenance.end(**who)
    return maintenance.begin(reason="The vendor is down", **who)


def _govern(bot: User, lead: User, pipeline: Pipeline, now: datetime) -> dict[str, Any]:
    """Leave changes in every stage, one that was rolled back among them, and a stop.

    They are of the model in force, and the stop is of a model that nobody sends: what there is is
    routed as before.
    """
    approver, second = governed.approvers(2)
    draft = governed.of_model(bot, "1")
    active = governed.in_force(governed.of_model(bot, "2"), approver, second)
    rolled = governed.in_force(governed.of_model(bot, "3"), approver, second)
    factories.send(bot, factories.a_payload("low"), now=timezone.now())
    governed.roll_back(rolled, second)
    remedies.dispose(
        principal=principals.of_person(second), actor=second, adjustment_id=rolled.pk,
        kind="accept", predictions=None, reason="It was right", now=now,
    )  # fmt: skip
    governed.sign(rolled, approver)
    approved = governed.sign(governed.submit(governed.of_model(bot, "4")), approver, second)
    submitted = governed.submit(governed.of_model(bot, "5"))
    challenge, answered = (
        adjustments.challenge(
            principal=principals.of_person(second), actor=second, adjustment_id=each.pk,
            objection="Is it tested?", now=now,
        )
        for each in (governed.submit(governed.of_model(bot, "6")), submitted)
    )  # fmt: skip
    adjustments.answer(
        principal=principals.of_person(second), actor=second, adjustment_id=submitted.pk,
        challenge_id=answered.pk, response="It is.", now=now,
    )  # fmt: skip
    governed.sign(submitted, second)
    signature_policies.set_policy(
        pipeline=pipeline, risk="high", approvals=2, validations=1, roles=(), actor=None,
        reason="For a test", now=now,
    )  # fmt: skip
    stop = governed.stop(lead, model_name="another")
    governed.resume(stop, second)
    return {
        "approver": approver, "draft": draft, "submitted": submitted, "approved_change": approved,
        "active": active, "challenge": challenge, "stop": stop, "rolled_back": rolled,
    }  # fmt: skip


def _dispute(decided: Decision, reviewer: User, now: datetime) -> dict[str, Any]:
    """Challenge an outcome, let it stand, and challenge it once more, unnamed."""
    (opener,) = governed.approvers(1)
    judge = factories.a_person("judge", roles=("lead",))
    said: dict[str, Any] = {
        "principal": principals.of_person(opener), "actor": opener, "now": now,
        "resolution_id": ReviewItem.objects.get(pk=decided.item_id).resolution_id,
    }  # fmt: skip
    first = challenges.challenge(reason="Is it?", anonymous=False, **said)
    challenges.uphold(
        principal=principals.of_person(judge), actor=judge, challenge_id=first.pk,
        rationale="It is.", now=now,
    )  # fmt: skip
    again = challenges.challenge(reason="Really?", anonymous=True, **said)
    figure = oversight.dispute_figures(reviewer, judge, now)
    return {"judge": judge, "dispute": again, "figure_dispute": figure}


def _claim(reviewer: User, now: datetime) -> Claim:
    held = assignments.claim(
        principal=principals.of_person(reviewer), actor=reviewer, now=now, queue="general"
    )
    assert held is not None
    return held


def _publish_dataset(bot: User, now: datetime) -> tuple[Job, DatasetVersion]:
    principal: Any = principals.of_person(bot)
    datasets.create(
        principal=principal, actor=bot, slug="answers", pipeline="intents", wanted=None,
        include=None, now=now,
    )  # fmt: skip
    job = datasets.request_version(
        principal=principal, actor=bot, slug="answers", as_of=None, now=now
    )
    sealing.seal(job=job, now=now)
    return job, DatasetVersion.objects.get(job=job)


def _pack(reviewer: User, now: datetime) -> AuditPack:
    """Make a pack for a token of the reviewer, who may read no texts."""
    principal = replace(principals.of_person(reviewer), scopes=frozenset({"audit:read"}))
    job = audit_packs.request(
        principal=principal, actor=reviewer, now=now,
        wanted=audit_packs.Wanted(purpose="audit", pipeline="intents"),
    )  # fmt: skip
    audit_packs.make(job=job, now=now)
    return AuditPack.objects.get(job=job)


def _keep_private(
    bot: User, reviewer: User, now: datetime
) -> tuple[ConsentRecord, LegalHold, ErasureRequest]:
    """Declare a source, record and withdraw consents, hold, erase one person and ask for another.

    The consent and the hold are of a person in the pipeline; the request waits.
    """
    root = factories.an_administrator("compliance")
    officer: dict[str, Any] = {"principal": principals.of_person(root), "actor": root, "now": now}
    sources.declare(
        pipeline="intents", name="crm", origin="Customers", purposes=["training"],
        basis="contract", reason="For a test", **officer,
    )  # fmt: skip
    retention.keep_for(record_class="routing", days=400, actor=root, reason="For a test", now=now)
    for person in ("c-1", "c-2", "c-5"):
        factories.send(
            bot,
            factories.a_payload(
                "low", scenario_type="private", subject={"ref": person, "basis": "consent"}
            ),
            now=now - timedelta(minutes=1),
        )
    _publish_private(bot, now)
    erasure = erasures.request(subject="c-1", reason="Article 17", **officer)
    second = factories.an_administrator("second")
    erasures.execute(
        principal=principals.of_person(second), actor=second, erasure_id=erasure.pk, now=now
    )
    editions.make(version_id=DatasetVersion.objects.get(dataset__slug="private").pk, now=now)
    said: dict[str, Any] = {
        "principal": principals.of_person(reviewer), "actor": reviewer, "now": now,
    }  # fmt: skip
    consents.record(wanted=Wanted(purpose="training", reviewer="maria"), **said)
    consent = consents.record(
        wanted=Wanted(purpose="evaluation", subject="c-2", pipeline="intents"), **officer
    )
    noted = consents.record(
        wanted=Wanted(purpose="training", subject="c-2", pipeline="intents"), **officer
    )
    consents.withdraw(consent_id=noted.record.pk, **officer)
    lifted = holds.place(pipeline="intents", reason="For a test", **officer)
    holds.lift(hold_id=lifted.pk, reason="For a test", **officer)
    hold = holds.place(subject="c-3", pipeline="intents", reason="For a test", **officer)
    asked = erasures.request(
        subject="c-2", pipeline="intents", reason="Article 17",
        principal=principals.of_person(bot), actor=bot, now=now,
    )  # fmt: skip
    return consent.record, hold, asked


def _publish_private(bot: User, now: datetime) -> None:
    principal: Any = principals.of_person(bot)
    datasets.create(
        principal=principal, actor=bot, slug="private", pipeline="intents",
        wanted={"scenario_type": "private"}, include={"auto": True}, now=now,
    )  # fmt: skip
    job = datasets.request_version(
        principal=principal, actor=bot, slug="private", as_of=None, now=now
    )
    sealing.seal(job=job, now=now)
