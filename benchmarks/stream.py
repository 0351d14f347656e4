"""Predictions to send: varied, of the size that an intent router sends."""

import json
import random
from typing import Any

WORDS = [
    "where",
    "is",
    "my",
    "card",
    "please",
    "transfer",
    "the",
    "balance",
    "to",
    "savings",
    "and",
    "tell",
    "me",
    "when",
    "it",
    "arrives",
]
LABELS = [f"intent_{number:03}" for number in range(150)]


def prediction(number: int, chance: random.Random, pipeline: str = "bench") -> dict[str, Any]:
    """Return the prediction with this number; most are confident, some are not."""
    first, second, third = chance.sample(LABELS, 3)
    confidence = round(chance.betavariate(4, 1.2), 4)
    text = " ".join(chance.choices(WORDS, k=9))
    return {
        "pipeline": pipeline,
        "external_id": f"b-{number:09}",
        "input": {"text": f"{text} {number}"},
        "output": {"label": first},
        "confidence": confidence,
        "scores": {first: confidence, second: 0.034, third: 0.0024},
        "scenario_type": first[:9],
        "characteristics": {"n_chars": len(text), "n_tokens": 9, "margin": 0.9155, "oov_rate": 0.0},
        "model": {"name": "intent-router", "version": "1.0.0"},
    }


def lines(start: int, count: int, seed: int = 7) -> bytes:
    """Return `count` predictions as NDJSON, numbered from `start`."""
    chance = random.Random(seed + start)
    return b"\n".join(
        json.dumps(prediction(number, chance)).encode() for number in range(start, start + count)
    )


def documents(*, reviewers: int = 8, tier: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the configuration: three tiers by confidence, reviewers and a sender."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    mid = tier or {"decisions": 1, "sla": "bench", "rationale": "on_change"}
    high = {"decisions": 2, "max_decisions": 3, "blind": True, "sla": "bench"}
    person = {"kind": "Person", "pipelines": ["bench"], "capacity": {"open": 50, "per_day": 10**6}}
    return [
        {
            "kind": "Calendar",
            "slug": "always",
            "timezone": "UTC",
            "windows": {day: ["00:00-24:00"] for day in days},
        },
        {
            "kind": "SLAPolicy",
            "slug": "bench",
            "calendar": "always",
            "targets": {"claim": "PT1H", "decide": "PT4H"},
        },
        {"kind": "Role", "slug": "bench-reviewer", "permissions": ["review"]},
        {
            "kind": "Pipeline",
            "slug": "bench",
            "name": "Benchmark",
            "question": {"kind": "choice", "prompt": "Which intent?", "choices": LABELS},
            "queues": {"general": {}, "experts": {"skills": ["intents"]}},
            "tiers": {"low": {"decisions": 0, "monitor_rate": 0.05}, "mid": mid, "high": high},
            "routing": {
                "rules": [
                    {"name": "very-unsure", "when": "confidence < 0.3", "tier": "high",
                     "queue": "experts", "skills": ["intents"], "priority": 10},
                    {"name": "unsure", "when": "confidence < 0.8", "tier": "mid",
                     "queue": "general"},
                    {"name": "confident", "when": "confidence >= 0.8", "tier": "low"},
                ],
                "default": {"tier": "mid", "queue": "general"},
                "random_slice": 0.02,
            },
        },
        {**person, "username": "bench-bot"},
        *(
            {**person, "username": f"bench-r{i}", "roles": ["bench-reviewer"],
             "skills": [{"name": "intents"}]}
            for i in range(1, reviewers + 1)
        ),
    ]  # fmt: skip
