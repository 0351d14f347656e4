"""Builders of what tests start from. Every state but the first is reached through services."""

import itertools
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.utils import timezone

from governance.models import Pipeline, User
from governance.selectors import principals
from governance.services import configuration, tokens
from reviews.domain.answers import Judgement
from reviews.models import Prediction, ReviewItem
from reviews.services import assignments, decisions, intake
from reviews.services.assignments import Claim
from reviews.services.decisions import Decided

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
PASSWORD = "correct horse battery staple 9"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
number = itertools.count(1)

CALENDAR: dict[str, Any] = {
    "kind": "Calendar",
    "slug": "always",
    "timezone": "UTC",
    "windows": {day: ["00:00-24:00"] for day in WEEK},
}
SLA: dict[str, Any] = {
    "kind": "SLAPolicy",
    "slug": "quick",
    "calendar": "always",
    "targets": {"claim": "PT1H", "decide": "PT4H"},
}
ROLES: list[dict[str, Any]] = [
    {"kind": "Role", "slug": "reviewer", "permissions": ["review"]},
    {"kind": "Role", "slug": "lead", "permissions": ["review", "adjudicate"]},
    {"kind": "Role", "slug": "approver", "permissions": ["approve"]},
    {"kind": "Role", "slug": "auditor", "permissions": ["audit"]},
]
PIPELINE: dict[str, Any] = {
    "kind": "Pipeline",
    "slug": "intents",
    "name": "Intents",
    "question": {
        "kind": "choice",
        "prompt": "Which intent is this?",
        "choices": ["card_arrival", "card_linking", "balance"],
        "allow_other": False,
    },
    "reason_codes": ["model_error", "ambiguous_input"],
    "guideline": "Read the text. Choose the intent.",
    "queues": {"general": {}, "experts": {"skills": ["cards"]}},
    "tiers": {
        "low": {"criteria": "Confident", "decisions": 0, "monitor_rate": 0.0},
        "mid": {
            "criteria": "Unsure",
            "decisions": 1,
            "sla": "quick",
            "rationale": "on_change",
            "checklist": [{"key": "read", "text": "Guideline read"}],
        },
        "high": {
            "criteria": "Very unsure",
            "decisions": 2,
            "max_decisions": 3,
            "agreement_min": 1.0,
            "blind": True,
            "adjudicate_by": "lead",
            "sla": "quick",
            "rationale": "always",
            "checklist": [
                {"key": "read", "text": "Guideline read"},
                {"key": "fair", "text": "No protected trait used"},
            ],
        },
    },
    "routing": {
        "rules": [
            {
                "name": "very-unsure",
                "when": "confidence < 0.3",
                "tier": "high",
                "queue": "experts",
                "skills": ["cards"],
                "priority": 10,
            },
            {"name": "unsure", "when": "confidence < 0.8", "tier": "mid", "queue": "general"},
            {"name": "confident", "when": "confidence >= 0.8", "tier": "low"},
        ],
        "default": {"tier": "mid", "queue": "general"},
        "random_slice": 0.0,
    },
}
GLOSSARY: dict[str, dict[str, str]] = {
    "arrival": {"meaning": "The day on which a card is in the customer's hands.", "see": "card"},
    "card": {"meaning": "A debit or credit card that the bank has issued.", "see": ""},
}
CONFIDENCE = {"low": 0.95, "mid": 0.58, "high": 0.2}
CHECKLIST = {"low": {}, "mid": {"read": True}, "high": {"read": True, "fair": True}}


def pipeline_document(**changes: Any) -> dict[str, Any]:
    """Return the Pipeline document with top-level members changed."""
    return deepcopy(PIPELINE) | changes


def apply(*documents: dict[str, Any], **secrets: str) -> None:
    """Apply documents as the system."""
    configuration.apply(
        sources=list(documents), actor=None, reason="For a test", now=NOW, secrets=secrets
    )


def a_pipeline(slug: str = "intents", **changes: Any) -> Pipeline:
    """Return a live pipeline with calendar, SLA and roles: tiers low, mid and (blind) high."""
    apply(CALENDAR, SLA, *ROLES, pipeline_document(slug=slug, **changes))
    return Pipeline.objects.get(slug=slug)


def a_person(
    username: str = "",
    *,
    roles: Sequence[str] = ("reviewer",),
    pipelines: Sequence[str] = ("intents",),
    skills: Sequence[str] = ("cards",),
    **more: Any,
) -> User:
    """Return a person who can sign in with PASSWORD."""
    username = username or f"person-{next(number)}"
    document = {
        "kind": "Person",
        "username": username,
        "email": f"{username}@example.org",
        "roles": list(roles),
        "pipelines": list(pipelines),
        "skills": [{"name": name, "level": 3} for name in skills],
        "password_from_env": "PERSON_PASSWORD",
        **more,
    }
    apply(document, PERSON_PASSWORD=PASSWORD)
    return User.objects.get(username=username)


def a_service(username: str = "bot", pipelines: Sequence[str] = ("intents",)) -> User:
    """Return the account that sends predictions; it reviews nothing."""
    return a_person(username, roles=(), pipelines=pipelines, skills=())


def an_administrator(username: str = "root") -> User:
    """Return a superuser who can sign in with PASSWORD."""
    user = User(username=username, is_staff=True, is_superuser=True)
    user.set_password(PASSWORD)
    user.because(None, "For a test").save()
    return user


def a_token(user: User, *scopes: str, pipelines: Sequence[str] = ()) -> str:
    """Return a token of a user."""
    # The clock of the API is not the test's: a token made at NOW might have expired by now.
    return tokens.create(
        user=user, scopes=scopes, pipelines=pipelines, days=30, actor=None, now=timezone.now()
    )[1]


def a_payload(tier: str = "mid", **changes: Any) -> dict[str, Any]:
    """Return a prediction as a pipeline would send it, such that its confidence asks for `tier`."""
    return {
        "pipeline": "intents",
        "external_id": f"q-{next(number):06}",
        "input": {"text": "where is my card"},
        "output": {"label": "card_arrival"},
        "confidence": CONFIDENCE[tier],
        "scores": {"card_arrival": CONFIDENCE[tier]},
        "scenario_type": "cards",
        "characteristics": {"lang": "en"},
        "model": {"name": "intents", "version": "3"},
    } | changes


def send(sender: User, *payloads: dict[str, Any], now: datetime = NOW) -> list[Prediction]:
    """Send predictions through intake; returns their rows in order."""
    taken = intake.accept(
        candidates=[intake.parse(orjson.dumps(payload)) for payload in payloads],
        principal=principals.of_person(sender),
        actor=sender,
        now=now,
    )
    assert all(entry.id for entry in taken), taken
    rows = {str(row.pk): row for row in Prediction.objects.filter(pk__in=[t.id for t in taken])}
    return [rows[str(entry.id)] for entry in taken]


def an_item(sender: User, tier: str = "mid", *, now: datetime = NOW, **changes: Any) -> ReviewItem:
    """Send one prediction and return its item."""
    (row,) = send(sender, a_payload(tier, **changes), now=now)
    return ReviewItem.objects.get(prediction=row)


def claim(user: User, *, now: datetime = NOW, **where: str) -> Claim | None:
    """Claim as `user`."""
    return assignments.claim(principal=principals.of_person(user), actor=user, now=now, **where)


def decide(
    user: User, held: Claim, label: str = "card_arrival", *, now: datetime = NOW, **changes: Any
) -> Decided:
    """Decide a claimed item with `label`, saying all that its tier asks for."""
    item = ReviewItem.objects.select_related("prediction").get(pk=held.assignment.item_id)
    accepts = {"label": label} == item.prediction.output
    said: dict[str, Any] = {
        "answer": {"label": label},
        "rationale": "The words of the request name it.",
        "reason_codes": [] if accepts or item.blind else ["model_error"],
        "checklist": CHECKLIST[item.tier],
    }
    if not item.blind:
        said["verdict"] = "accept" if accepts else "correct"
    return decisions.decide(
        principal=principals.of_person(user),
        actor=user,
        assignment_id=held.assignment.pk,
        token=held.token,
        judgement=Judgement(**(said | changes)),
        now=now + timedelta(seconds=1),
    )
