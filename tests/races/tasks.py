"""A world in which every task has something to do, and what it looks like when it is done."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone

from feedback.models import Dataset, DatasetErasure, FeedbackSignal
from feedback.services import audit_packs, datasets, erasures, lessons, signals, thresholds
from feedback.services import sealing as dataset_sealing
from feedback.services.lessons import Said
from governance.domain.times import rfc3339
from governance.models import (
    AdjustmentActivation,
    AdjustmentChallenge,
    Checkpoint,
    Incident,
    Job,
    OutboxMessage,
    Signature,
    User,
    WebhookMessage,
)
from governance.selectors import principals
from governance.services import (
    access_reviews,
    dispatch,
    idempotency,
    incidents,
    sealing,
    sources,
)
from reviews.domain.clocks import Event
from reviews.models import Challenge, ClockEvent, Notification, SLAClock
from reviews.services import (
    applying,
    clock_rows,
    clocks,
    incident_clocks,
    notifications,
    sign_offs,
)
from tests import factories, governed
from tests.races import watching

APPS = ("governance", "reviews", "feedback", "hitlsite")
LONG_AGO = "01900000-0000-7000-8000-000000000001"

# What each task is called with, read from the world. A task that is missing here fails its test:
# add it, and to `build` what it is to do.
EXAMPLES: dict[str, Callable[[], dict[str, Any]]] = {
    "reviews.hand_over_mail": dict,
    "reviews.send_mail": lambda: {
        "notifications": [str(Notification.objects.get(source="assignment:1").pk)],
        "more": 0,
    },
    "governance.beat": dict,
    "governance.relay_outbox": dict,
    "governance.run_message": lambda: {
        "message_id": str(OutboxMessage.objects.get(dedupe="alone").pk)
    },
    "governance.suspend_access": dict,
    "governance.seal_ledger": dict,
    "governance.anchor_ledger": dict,
    "governance.mail_anchor": lambda: {"address": "a@example.org", "size": _sealed()},
    "governance.forget_idempotency_keys": dict,
    "governance.forget_messages": dict,
    "feedback.seal_version": lambda: {"job_id": _job("dataset_version")},
    "governance.send_webhooks": dict,
    "governance.forget_webhooks": dict,
    "reviews.tell_unacknowledged": lambda: {
        "message_id": str(WebhookMessage.objects.get(message="silent").pk)
    },
    "feedback.watch_approvals": dict,
    "feedback.make_pack": lambda: {"job_id": _job("audit_pack")},
    "feedback.certify_threshold": lambda: {"job_id": _job("thresholds")},
    "feedback.forget_packs": dict,
    "feedback.distil_signals": dict,
    "feedback.revalidate": dict,
    "feedback.make_editions": lambda: {"version_id": str(DatasetErasure.objects.get().version_id)},
    "reviews.purge": dict,
    "reviews.apply_policy": lambda: {"job_id": _job(applying.KIND)},
    "reviews.follow_calendar": lambda: {"calendar": "days"},
    "reviews.follow_calendars": dict,
    "reviews.follow_roll_back": lambda: {
        "activation_id": str(AdjustmentActivation.objects.filter(act="roll_back").earliest("pk").pk)
    },
    "reviews.follow_incident": lambda: {"incident_id": str(_incident("new").pk)},
    "reviews.follow_objection": lambda: {"challenge_id": str(AdjustmentChallenge.objects.get().pk)},
    "reviews.follow_challenge": lambda: {"challenge_id": str(Challenge.objects.get().pk)},
    "reviews.end_incident": lambda: {
        "step_id": str(_incident("told").steps.get(kind="reported").pk)
    },
    "reviews.end_sign_off": lambda: {"signature_id": str(_second_signature().pk)},
    "reviews.expire_leases": dict,
    "reviews.sweep_clocks": dict,
    "reviews.audit_clocks": dict,
    "reviews.recompute_clocks": dict,
    "reviews.report_clocks": lambda: {"day": "2026-11-24"},
    "reviews.tell": lambda: {
        "events": [
            str(pk) for pk in ClockEvent.objects.filter(kind="warn").values_list("pk", flat=True)
        ]
    },
}


def _sealed() -> int:
    return Checkpoint.objects.latest("size").size


def _job(kind: str) -> str:
    return str(Job.objects.get(kind=kind).pk)


def _second_signature() -> Signature:
    return Signature.objects.get(thing="roll_back")


# What these do is seen outside, and not in the database.
OUTSIDE = {"reviews.send_mail", "governance.mail_anchor"}


def names() -> list[str]:
    """Return every task of ours that is registered."""
    return sorted(name for name in current_app.tasks if name.split(".")[0] in APPS)


def calls() -> dict[str, dict[str, Any]]:
    """Return what each task is called with."""
    return {name: EXAMPLES[name]() for name in names()}


def call(name: str, arguments: dict[str, Any]) -> None:
    """Deliver a task once."""
    # What a run wrote that was rolled back is not taken back.
    settings.ANCHOR_DIR = Path(mkdtemp())
    current_app.tasks[name].run(**arguments)


def settle() -> None:
    """Let the relay do what the tasks have promised, and what that promises in turn."""
    for _ in range(20):
        if not dispatch.due(now=timezone.now(), limit=1):
            return
        call("governance.relay_outbox", {})
        for message_id, task in dispatch.due(now=timezone.now()):
            if dispatch.is_long(task):
                call("governance.run_message", {"message_id": message_id})
    raise AssertionError("the outbox did not come to rest")


def build() -> None:
    """Leave lapsed leases, overdue items, old keys, kept and waiting promises, and a job."""
    now = timezone.now()
    factories.a_pipeline()
    bot, reviewer = factories.a_service(), factories.a_person("maria")
    for tier in ("mid", "high"):
        factories.an_item(bot, tier, now=now - timedelta(hours=5))
    for _ in range(2):
        factories.claim(reviewer, now=now - timedelta(hours=5))
    factories.an_item(bot, now=now)
    factories.decide(reviewer, factories.claim(reviewer, now=now), now=now)
    _warn_of_a_clock(bot, now)
    sealing.seal(now=now)
    notifications.announce(
        person_id=reviewer.pk, kind="assigned", source="assignment:1", item=None,
        detail={"subject": "x"}, now=now,
    )  # fmt: skip
    _keep_old_things(bot, now)
    for dedupe in ("alone", "another", None):
        OutboxMessage.objects.create(
            task="governance.forget_idempotency_keys", dedupe=dedupe, created_at=now, next_at=now
        )
    _promise_a_dataset(bot, now)
    _apply_a_policy(now)
    _edit_a_calendar(now)
    _erase_and_outlive(bot, now)
    _promise_a_pack(now)
    _roll_back_a_change(now)
    _let_a_review_lapse(now)
    _have_incidents(now)
    watching.doubt_an_outcome(now)
    _outlive_a_lesson(now)
    watching.have_a_webhook(now)
    watching.promise_few_errors(now)


def _incident(title: str) -> Incident:
    return Incident.objects.get(title=title)


def _have_incidents(now: datetime) -> None:
    """Leave one whose clock is to start, and one whose clock is to stop."""
    root = User.objects.get(username="opener")
    officer: dict[str, Any] = {"principal": principals.of_person(root), "actor": root, "now": now}
    for title in ("new", "told"):
        row = incidents.begin(
            pipeline="reviewed", severity="serious", title=title, text="For a test",
            aware_at=now, **officer,
        )  # fmt: skip
    incident_clocks.start(incident_id=row.pk)
    incidents.step(incident_id=row.pk, kind="reported", text="To nobody", **officer)


def _let_a_review_lapse(now: datetime) -> None:
    """Leave an access review that nobody looked at until it was due."""
    factories.a_pipeline("reviewed")
    factories.a_person("idle", pipelines=("reviewed",))
    officer = factories.an_administrator("opener")
    access_reviews.begin(
        principal=principals.of_person(officer), actor=officer, pipeline="reviewed",
        due_at=now - timedelta(hours=1), reason="For a test", now=now - timedelta(days=2),
    )  # fmt: skip


def _outlive_a_lesson(now: datetime) -> None:
    """Leave a lesson that was adopted until yesterday."""
    lead = factories.a_person(roles=("lead",))
    then = now - timedelta(days=30)
    who: dict[str, Any] = {"principal": principals.of_person(lead), "actor": lead, "now": then}
    signals.sweep(now=lambda: then)
    known = [str(pk) for pk in FeedbackSignal.objects.values_list("pk", flat=True)]
    said = Said("Cards", "Ask for the digits.", owner=lead.username)
    row = lessons.write(signal_ids=known, said=said, **who)
    day = (now - timedelta(days=1)).date()
    adopted = replace(said, state="adopted", revalidate_on=day)
    lessons.revise(lesson_id=row.pk, said=adopted, reason="It holds", **who)
    # What was distilled for it leaves nothing to distil: here is more.
    reviewer = factories.a_person()
    factories.an_item(User.objects.get(username="bot"), now=now)
    held = factories.claim(reviewer, now=now, pipeline="intents", queue="general")
    assert held is not None
    factories.decide(reviewer, held, now=now)


def _calm(slug: str, now: datetime, **changes: Any) -> dict[str, Any]:
    """Leave clocks to which nothing happens by itself; returns the policy that they follow."""
    policy = factories.SLA | {"slug": slug, "targets": {"decide": "PT20H"}} | changes
    tiers = deepcopy(factories.PIPELINE["tiers"])
    tiers["mid"]["sla"] = slug
    factories.apply(policy, factories.pipeline_document(slug=slug, tiers=tiers))
    factories.an_item(factories.a_service(slug, (slug,)), pipeline=slug, now=now)
    return policy


def _edit_a_calendar(now: datetime) -> None:
    days = factories.CALENDAR | {"slug": "days"}
    factories.apply(days)
    _calm("still", now, calendar="days")
    factories.apply(days | {"holidays": [f"{now + timedelta(days=30):%Y-%m-%d}"]})


def _roll_back_a_change(now: datetime) -> None:
    """Leave two roll-backs: one whose clock is to start, and one whose clock is to stop."""
    first, second, third = governed.approvers(3)
    for version in ("2", "3"):
        row = governed.in_force(governed.of_model(first, version), second, third)
        governed.roll_back(row, second)
    sign_offs.start(activation_id=row.activations.get(act="roll_back").pk, now=now)
    governed.sign(row, first)
    watching.object_to_a_change(first, second, now)


def _apply_a_policy(now: datetime) -> None:
    calm = _calm("calm", now)
    factories.apply(calm | {"targets": {"decide": "PT10H"}})
    root = User.objects.filter(is_superuser=True).first() or factories.an_administrator()
    applying.apply_to_running(
        principal=principals.of_person(root), actor=root, slug="calm", reason="For a test", now=now
    )


def _warn_of_a_clock(bot: Any, now: datetime) -> None:
    """Leave one clock that has warned, and whose promise to tell of it was never written."""
    factories.an_administrator()
    item = factories.an_item(bot, now=now - timedelta(hours=5))
    row = SLAClock.objects.get(item=item, kind="decide")
    (held,) = clocks.holding([row])
    at = held.state.next_warning
    assert at is not None
    held.take(Event("warn", at[1], at[1], share=at[0]))
    clock_rows.write(row, held.events, held.state, actor=None)


def _keep_old_things(bot: Any, now: datetime) -> None:
    idempotency.begin(
        user=bot, key="old", method="POST", path="/api/v1/claim", fingerprint="f",
        now=now - 2 * idempotency.KEPT,
    )  # fmt: skip
    long_ago = now - 2 * dispatch.KEPT
    OutboxMessage.objects.create(
        pk=LONG_AGO, task="governance.beat", created_at=long_ago, next_at=long_ago, done_at=long_ago
    )


def _promise_a_dataset(bot: Any, now: datetime) -> None:
    principal: Any = principals.of_person(bot)
    datasets.create(
        principal=principal, actor=bot, slug="answers", pipeline="intents", wanted=None,
        include=None, now=now,
    )  # fmt: skip
    datasets.request_version(principal=principal, actor=bot, slug="answers", as_of=None, now=now)


def _promise_a_pack(now: datetime) -> None:
    """Leave one pack to be made, and one whose bytes are past their week."""
    root = User.objects.get(username="root")
    asked: dict[str, Any] = {
        "principal": principals.of_person(root), "actor": root,
        "wanted": audit_packs.Wanted(purpose="audit", pipeline="intents"),
    }  # fmt: skip
    long_ago = now - 2 * audit_packs.KEPT
    old = audit_packs.request(now=long_ago, **asked)
    audit_packs.make(job=old, now=long_ago)
    Job.objects.filter(pk=old.pk).update(
        kind="packed", state="succeeded", progress=1, finished_at=now
    )
    audit_packs.request(now=now, **asked)
    thresholds.request(
        principal=principals.of_person(root), actor=root, slug="intents", max_error=0.05,
        confidence=0.95, now=now,
    )  # fmt: skip


def _erase_and_outlive(bot: User, now: datetime) -> None:
    """Leave a version with an erased row that is not measured yet, and a row past its time."""
    slug = "private"
    privacy = {"subject_field": "subject.ref", "retain_days": 200}
    factories.apply(factories.pipeline_document(slug=slug, privacy=privacy))
    sender = factories.a_service(slug, (slug,))
    said = {"pipeline": slug, "subject": {"ref": "c-1", "basis": "contract"}}
    factories.send(sender, factories.a_payload("low", **said), now=now)
    old = said | {"subject": {"ref": "c-2", "basis": "contract"}}
    factories.send(sender, factories.a_payload("low", **old), now=now - timedelta(days=201))
    officers = [factories.an_administrator(name) for name in ("officer", "second")]
    first, second = (
        {"principal": principals.of_person(user), "actor": user, "now": now} for user in officers
    )
    sources.declare(
        pipeline=slug, name="crm", origin="Customers", purposes=["training"], basis="contract",
        reason="For a test", **first,
    )  # fmt: skip
    datasets.create(slug=slug, pipeline=slug, wanted=None, include={"auto": True}, **first)
    job = Job.objects.create(
        kind="sealed", state="succeeded", progress=1, user=bot, created_at=now, finished_at=now,
        pipeline=Dataset.objects.get(slug=slug).pipeline,
        arguments={"dataset": str(Dataset.objects.get(slug=slug).pk), "as_of": rfc3339(now)},
    )  # fmt: skip
    dataset_sealing.seal(job=job, now=now)
    asked = erasures.request(subject="c-1", reason="Article 17", **first)
    erasures.execute(erasure_id=asked.pk, **second)


def fingerprint() -> Counter[str]:
    """Return how many rows of which shape there are in each table of ours.

    The shape of a row is what a second run of a task would change: its states, numbers and words
    for what happened, and which of its columns are empty; not its keys and times.
    """
    found: Counter[str] = Counter()
    for model in apps.get_models():
        if model._meta.app_label in APPS:
            fields = [field for field in model._meta.concrete_fields if not field.primary_key]
            for row in model._base_manager.all():
                shape = [_said(field, row) for field in fields]
                found[f"{model.__name__} {' '.join(each for each in shape if each)}"] += 1
    return found


def _said(field: Any, row: Any) -> str:
    if field.name == "sequence":
        # Acts of two tasks on one item may come in either order.
        return ""
    value = getattr(row, field.attname)
    numbers = models.BooleanField | models.IntegerField
    if field.choices or field.name in ("action", "task", "name") or isinstance(field, numbers):
        return f"{field.name}={value}"
    return f"{field.name}={'-' if value is None else '+'}" if field.null else ""
