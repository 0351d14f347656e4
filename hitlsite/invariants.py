"""The invariants of the floor, and the list of all of them: what holds whatever has crashed."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q

from feedback.selectors import invariants as datasets
from governance.domain.invariants import Check, Span
from governance.models import AuditEvent, IdempotencyKey, Job, OutboxMessage
from governance.selectors import redactions
from governance.services import dispatch
from governance.services.ledger import leaf_digest
from reviews.enums import ClockEventKind
from reviews.models import ClockEvent, Notification
from reviews.selectors import clock_invariants, intake_invariants, item_invariants

CHUNK = 1000
LAG = timedelta(minutes=2)
# The longest that anybody may keep a message, or leave one that failed alone.
REACH = timedelta(hours=2)
# Kept promises are forgotten after a month; a day of margin.
REMEMBERED = dispatch.KEPT - timedelta(days=1)
TOLD, MAILED = "reviews.tell", "reviews.send_mail"
SECRETS = re.compile(
    r"hitl_[\w-]{20}"
    r"|Bearer\s+[\w.~+/-]{16}"
    r"|://[^\s/:@]+:[^\s/@]+@"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|(?i:passw(?:or)?d|secret(?:_key)?|api_?key|access_token)['\"]?\s*[=:]\s*['\"]?[^\s'\"*]{4}"
)


def ledger_verifies(span: Span) -> Iterator[str]:
    """Return each event that is not what its digest says, and each stream with a gap."""
    events = AuditEvent.objects.filter(**span.of("at"))
    for event in events.order_by("pk").iterator(CHUNK):
        if event.digest != leaf_digest(event):
            yield f"event {event.pk} of {event.stream} is not what its digest says"
    streams = AuditEvent.objects.order_by()
    if span.since is not None:
        streams = streams.filter(stream__in=events.order_by().values("stream"))
    counted = streams.values("stream").annotate(
        n=Count("pk"), low=Min("sequence"), high=Max("sequence")
    )
    for row in counted.exclude(low=1, high=F("n")).iterator(CHUNK):
        yield f"stream {row['stream']} has {row['n']} events from {row['low']} to {row['high']}"


def promises_are_kept(span: Span) -> Iterator[str]:
    """Return each promise that nobody will keep and nobody has given up."""
    open_ones = OutboxMessage.objects.filter(done_at=None, dead_at=None)
    for message in open_ones.filter(attempts__gt=dispatch.MAX_ATTEMPTS).iterator(CHUNK):
        # Whoever made the last attempt may still be at it.
        if message.next_at < span.now - LAG:
            yield f"message {message.pk} was tried {message.attempts} times and is not dead"
    for message in open_ones.filter(next_at__gt=span.now + REACH).iterator(CHUNK):
        yield f"message {message.pk} is out of reach until {message.next_at}"
    fresh = OutboxMessage.objects.filter(**span.of("created_at")).order_by()
    several = fresh.exclude(dedupe=None).values("dedupe").annotate(n=Count("pk"))
    for row in several.filter(n__gt=1).iterator(CHUNK):
        yield f"{row['dedupe']!r} was promised {row['n']} times"


def levels_were_told(span: Span) -> Iterator[str]:
    """Return each level that fired of which no promise tells people."""
    since = max(span.now - REMEMBERED, span.since or span.now - REMEMBERED)
    promised: set[bytes] = set()
    messages = OutboxMessage.objects.filter(task=TOLD, created_at__gte=since - LAG)
    for arguments in messages.values_list("arguments", flat=True).iterator(CHUNK):
        promised.update(uuid.UUID(key).bytes for key in arguments["events"])
    events = ClockEvent.objects.filter(kind=ClockEventKind.ESCALATE, recorded_at__gte=since)
    for key in events.values_list("pk", flat=True).iterator(CHUNK):
        if key.bytes not in promised:
            yield f"of event {key}, a level that fired, nobody was promised to be told"


def mail_goes_out_once(span: Span) -> Iterator[str]:
    """Return what is in two letters, and what was handed over at a moment and is in none."""
    since = max(span.now - REMEMBERED, span.since or span.now - REMEMBERED)
    letters = OutboxMessage.objects.filter(task=MAILED, created_at__gte=since)
    seen: set[bytes] = set()
    promised: dict[Any, int] = {}
    for at, arguments in letters.values_list("created_at", "arguments").iterator(CHUNK):
        keys = [uuid.UUID(key) for key in arguments["notifications"]]
        promised[at] = promised.get(at, 0) + len(keys) + arguments["more"]
        for key in keys:
            if key.bytes in seen:
                yield f"notification {key} is in two letters"
            seen.add(key.bytes)
    handed = Notification.objects.filter(mailed_at__gte=since, mail_due_at__isnull=False).order_by()
    for row in handed.values("mailed_at").annotate(n=Count("pk")).iterator(CHUNK):
        if row["n"] != promised.get(row["mailed_at"], 0):
            there = promised.get(row["mailed_at"], 0)
            yield f"{row['n']} notifications left at {row['mailed_at']}, in letters for {there}"


def keys_answer_once(span: Span) -> Iterator[str]:
    """Return each idempotency key that is there twice, or with half an answer."""
    keys = IdempotencyKey.objects.filter(**span.of("created_at"))
    several = keys.order_by().values("user", "key", "method", "path").annotate(n=Count("pk"))
    for row in several.filter(n__gt=1).iterator(CHUNK):
        yield f"key {row['key']!r} of person {row['user']} is there {row['n']} times"
    half = Q(status=None, body__isnull=False) | Q(status__isnull=False, body=None)
    for key in keys.filter(half).values_list("pk", flat=True).iterator(CHUNK):
        yield f"key {key} has half an answer"


def backlog_drains(span: Span) -> Iterator[str]:
    """Return each promise that has waited for longer than two minutes."""
    waiting = OutboxMessage.objects.filter(done_at=None, dead_at=None, next_at__lt=span.now - LAG)
    for message in waiting.order_by("next_at").iterator(CHUNK):
        yield f"message {message.pk} ({message.task}) waits since {message.next_at}"
    yield from clock_invariants.nothing_is_overdue(span)


def errors_hold_no_secret(span: Span) -> Iterator[str]:
    """Return each failure on record that holds a token, a password or a key of this site."""
    own = _own_secrets()
    messages = OutboxMessage.objects.exclude(last_error="").filter(**span.of("created_at"))
    for key, text in messages.values_list("pk", "last_error").iterator(CHUNK):
        if _tells(text, own):
            yield f"the error of message {key} holds a secret"
    jobs = Job.objects.exclude(problem=None).filter(**span.of("created_at"))
    for key, problem in jobs.values_list("pk", "problem").iterator(CHUNK):
        if _tells(json.dumps(problem), own):
            yield f"the problem of job {key} holds a secret"


def _tells(text: str, own: tuple[str, ...]) -> bool:
    return bool(SECRETS.search(text)) or any(secret in text for secret in own)


def _own_secrets() -> tuple[str, ...]:
    found = [
        settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS, settings.METRICS_TOKEN,
        *(key.hex() for key in settings.PRIVACY_KEYS),
        settings.EMAIL_HOST_PASSWORD, settings.DATABASES["default"].get("PASSWORD"),
    ]  # fmt: skip
    return tuple(str(secret) for secret in found if secret and len(str(secret)) >= 8)


@dataclass(frozen=True)
class Invariant:
    """One invariant: its name, what it promises, and the checks that it consists of."""

    name: str
    promise: str
    checks: tuple[Check, ...]


ALL = (
    Invariant(
        "I1", "each prediction that was taken is there once, as it was",
        (intake_invariants.predictions_are_there_once,),
    ),
    Invariant(
        "I2", "each decision is there once, with its event, and the ledger verifies",
        (
            ledger_verifies, intake_invariants.decisions_are_recorded,
            intake_invariants.events_have_their_decisions,
        ),
    ),
    Invariant(
        "I3", "each level that is due has fired, and none twice",
        (clock_invariants.levels_fire_once,),
    ),
    Invariant(
        "I4", "clocks are what their events make them, and outcomes are true",
        (
            clock_invariants.clocks_are_their_events, clock_invariants.outcomes_are_true,
            clock_invariants.open_items_are_timed,
        ),
    ),
    Invariant(
        "I5", "each promise is kept, within reach or given up, and made once",
        (promises_are_kept, levels_were_told, mail_goes_out_once),
    ),
    Invariant("I6", "each open item is in one place", (item_invariants.items_are_in_one_place,)),
    Invariant(
        "I7", "reviewers are as many as asked, others, and not the sender",
        (item_invariants.reviewers_are_others,),
    ),
    Invariant(
        "I8", "dataset versions are the bytes that were sealed, and signals what decisions taught",
        (datasets.versions_are_their_bytes, datasets.signals_follow_from_decisions),
    ),
    Invariant("I9", "an idempotency key has one answer", (keys_answer_once,)),
    Invariant("I10", "what fails goes to people", (intake_invariants.failures_go_to_people,)),
    Invariant("I11", "nothing waits that could be done", (backlog_drains,)),
    Invariant("I12", "no failure on record holds a secret", (errors_hold_no_secret,)),
    Invariant("I13", "what was erased is gone", (redactions.untrue,)),
    Invariant(
        "I14", "what models are judged by is not what they were trained on",
        (datasets.held_out_is_apart,),
    ),
)  # fmt: skip
