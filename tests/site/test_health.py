"""What machines ask, and who may ask it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from governance.models import Heartbeat, OutboxMessage
from hitlsite import broker, vitals
from reviews.models import SLAClock
from reviews.selectors import auditing
from reviews.services import maintenance
from reviews.tasks import sweep_clocks
from tests import world as worlds

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder_broker(settings: Settings) -> None:
    """Let the broker be one that is always well; tests that mean another say so."""
    settings.BROKER = broker.Broker("filesystem://", None)


def _beat(ago: int = 0, *names: str) -> None:
    at = timezone.now() - timedelta(seconds=ago)
    for name in names or vitals.BEATS:
        Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": at})


def _ready() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/readyz")
    return answer.status_code, json.loads(answer.content)


def _message(**changes: Any) -> None:
    now = timezone.now()
    fields = {"task": "governance.beat", "created_at": now, "next_at": now} | changes
    OutboxMessage.objects.create(**fields)


def test_alive_needs_nothing(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert client.post("/healthz").status_code == 405


def test_ready_when_all_signs_are_well() -> None:
    _beat()

    status, body = _ready()

    assert (status, body["status"]) == (200, "ready")
    assert {"database", "broker", "sweeper", "outbox", "clocks"} <= set(body["checks"])
    assert all(sign["ok"] for sign in body["checks"].values())


@pytest.mark.parametrize("ago", [None, vitals.SWEEPER_SILENCE + 5])
def test_degraded_without_a_worker(ago: int | None) -> None:
    if ago is not None:
        _beat(ago)

    status, body = _ready()

    assert (status, body["status"]) == (503, "degraded")
    assert not body["checks"]["sweeper"]["ok"]
    assert body["checks"]["database"]["ok"]


@pytest.mark.parametrize("silent", vitals.BEATS)
def test_degraded_when_only_one_of_worker_and_sweep_beats(silent: str) -> None:
    (other,) = set(vitals.BEATS) - {silent}
    _beat(0, other)
    assert _ready()[1]["checks"]["sweeper"]["detail"] == f"has never run: {silent}"

    _beat(vitals.SWEEPER_SILENCE + 5, silent)
    status, body = _ready()

    assert status == 503
    sweeper = body["checks"]["sweeper"]
    assert not sweeper["ok"]
    assert sweeper["age"] == sweeper[f"{silent}_age"] > vitals.SWEEPER_SILENCE
    assert sweeper[f"{other}_age"] < vitals.SWEEPER_SILENCE


def test_a_sweep_that_finds_nothing_beats_as_well() -> None:
    _beat(0, "worker")
    sweep_clocks()
    assert _ready()[0] == 200


def test_degraded_by_clocks_that_no_sweep_has_seen() -> None:
    worlds.build()
    assert _ready()[1]["checks"]["clocks"] == {
        "ok": True, "detail": "as they should be", **dict.fromkeys(auditing.NAMES, 0.0),
    }  # fmt: skip
    past = timezone.now() - timedelta(minutes=10)
    late = SLAClock.objects.filter(kind="decide", status="running", breached_at=None)
    count = late.update(due_at=past, next_at=past)

    status, body = _ready()

    assert (status, body["status"]) == (503, "degraded")
    clocks = body["checks"]["clocks"]
    assert (clocks["ok"], clocks["breach_unseen"], clocks["lease_lapsed"]) == (False, count, 0)
    assert clocks["detail"] == f"clocks that are late and no sweep has seen: {count}"


def test_degraded_without_a_broker(settings: Settings) -> None:
    _beat()
    settings.BROKER = broker.Broker("redis://127.0.0.1:1/0", "redis://127.0.0.1:1/0")

    status, body = _ready()

    assert status == 503
    assert body["checks"]["broker"] == {"ok": False, "detail": "does not answer: ConnectionError"}


def test_degraded_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(connection, "cursor", lost)

    status, body = _ready()

    assert status == 503
    assert not body["checks"]["database"]["ok"]
    assert body["checks"]["sweeper"] == {"ok": False, "detail": "not known"}


def test_degraded_by_a_message_that_waits_too_long_and_by_a_dead_one() -> None:
    _beat()
    late = timezone.now() - timedelta(seconds=vitals.OUTBOX_LAG + 5)
    _message(next_at=late)
    assert _ready()[1]["checks"]["outbox"]["waiting"] == 1
    assert _ready()[0] == 503
    OutboxMessage.objects.all().delete()

    _message(next_at=late, done_at=timezone.now())
    assert _ready()[0] == 200

    _message(dead_at=timezone.now())
    assert _ready()[0] == 503
    assert _ready()[1]["checks"]["outbox"]["dead"] == 1


def test_a_message_that_somebody_discarded_degrades_nothing() -> None:
    _beat()
    _message(dead_at=timezone.now(), discarded_at=timezone.now())

    status, body = _ready()

    assert (status, body["checks"]["outbox"]["dead"]) == (200, 0)


def test_metrics_are_for_this_machine_alone(client: Client) -> None:
    _beat()
    client.get("/healthz")

    answer = client.get("/metrics", REMOTE_ADDR="127.0.0.1")

    assert answer.status_code == 200
    text = answer.content.decode()
    assert 'countersign_requests_total{method="GET",route="healthz",status="200"}' in text
    assert "countersign_database_ok 1.0" in text
    assert "countersign_outbox_lag" in text
    refused = client.get("/metrics", REMOTE_ADDR="203.0.113.9")
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    through = client.get("/metrics", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert through.status_code == 403


def test_metrics_tell_how_clocks_are_doing(client: Client) -> None:
    worlds.build()
    maintenance.end(principal=None, actor=None, now=timezone.now)
    now = timezone.now()
    SLAClock.objects.update(warned=0)
    soon, late = SLAClock.objects.filter(status="running", breached_at=None)[:2]
    SLAClock.objects.filter(pk=soon.pk).update(warned=0.75, due_at=now + timedelta(hours=1))
    at = now - timedelta(minutes=10)
    SLAClock.objects.filter(pk=late.pk).update(due_at=at, next_at=at)

    text = client.get("/metrics", REMOTE_ADDR="127.0.0.1").content.decode()

    figures = {
        name: float(value)
        for name, value in (line.split() for line in text.splitlines() if line[:1] != "#")
        if name.startswith("countersign_clocks_")
    }
    assert set(figures) == {
        f"countersign_clocks_{name}" for name in ("ok", *auditing.NAMES, *auditing.FIGURES)
    }
    running = SLAClock.objects.filter(status="running")
    assert figures["countersign_clocks_ok"] == 0
    assert figures["countersign_clocks_breach_unseen"] == 1
    assert figures["countersign_clocks_running"] == running.count()
    assert figures["countersign_clocks_breached"] == running.exclude(breached_at=None).count() > 0
    assert figures["countersign_clocks_at_risk"] == 1
    assert figures["countersign_clocks_undetected"] == 1
    pending = running.exclude(ladder_at=None).count()
    assert figures["countersign_clocks_escalations_pending"] == pending > 0
    assert 600 <= figures["countersign_clocks_lag_seconds"] < 660
    detected = [c.detected_at - c.breached_at for c in running.exclude(breached_at=None)]
    longest = max(detected).total_seconds()
    assert figures["countersign_clocks_late_detection_seconds"] == longest > 0


def test_metrics_do_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(connection, "cursor", lost)

    text = client.get("/metrics", REMOTE_ADDR="127.0.0.1").content.decode()

    assert "countersign_database_ok 0.0" in text
    assert "countersign_clocks_running" not in text


def test_metrics_ask_for_their_token_once_there_is_one(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "t" * 20

    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 403
    wrong = client.get("/metrics", headers={"Authorization": "Bearer " + "u" * 20})
    assert wrong.status_code == 403
    right = client.get(
        "/metrics", REMOTE_ADDR="203.0.113.9", headers={"Authorization": "Bearer " + "t" * 20}
    )
    assert right.status_code == 200


def test_what_callers_invent_adds_no_measure(client: Client) -> None:
    for number in range(5):
        client.generic("BREW", f"/no/such/place/{number}")

    text = client.get("/metrics", REMOTE_ADDR="127.0.0.1").content.decode()

    assert "BREW" not in text
    assert "/no/such" not in text
    assert 'method="OTHER",route="none"' in text
