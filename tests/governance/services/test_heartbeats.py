"""The audit calls HEARTBEAT_URL when it finds nothing; a failure is counted, and that is all."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from governance.models import Heartbeat
from governance.services import egress, heartbeats
from reviews.tasks import audit_clocks
from tests import factories

pytestmark = pytest.mark.django_db


class Watch:
    """A watch on a port of this machine: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status, self.location = 200, ""
        watch = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watch.asked.append(self.path)
                self.send_response(watch.status)
                if watch.location:
                    self.send_header("Location", watch.location)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def watch(settings: Settings) -> Iterator[Watch]:
    made = Watch()
    settings.HEARTBEAT_URL = f"{made.address}/ping/key?from=desk"
    thread = threading.Thread(target=made.server.serve_forever, args=[0.01])
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def silent() -> Iterator[Callable[[bytes], str]]:
    """Return a maker of servers that say these bytes over and over, and never more."""
    stop = threading.Event()
    made: list[Any] = []

    def make(drop: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))

        def talk() -> None:
            line, _ = listener.accept()
            with line:
                while not stop.wait(0.05):
                    try:
                        line.sendall(drop)
                    except OSError:
                        return

        thread = threading.Thread(target=talk)
        thread.start()
        made.extend((thread, listener))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield make
    stop.set()
    for each in made:
        each.join() if isinstance(each, threading.Thread) else each.close()


def missed() -> int:
    row = Heartbeat.objects.filter(name=heartbeats.MISSED).first()
    return row.times if row else 0


def test_an_audit_that_finds_nothing_calls_the_watch(watch: Watch) -> None:
    assert audit_clocks() == 0
    assert watch.asked == ["/ping/key?from=desk"]
    assert missed() == 0


def test_an_audit_that_finds_something_is_silent(watch: Watch) -> None:
    factories.a_pipeline()
    factories.an_item(factories.a_service(), now=timezone.now() - timedelta(days=9))
    assert audit_clocks() > 0
    assert watch.asked == []


def test_without_an_address_nobody_is_called(settings: Settings) -> None:
    settings.HEARTBEAT_URL = ""
    assert audit_clocks() == 0
    assert missed() == 0


@pytest.mark.parametrize("status", [404, 500, 301])
def test_an_answer_that_is_no_success_is_counted_and_not_followed(
    watch: Watch, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    watch.status, watch.location = status, f"{watch.address}/elsewhere"
    assert [audit_clocks(), audit_clocks()] == [0, 0]
    assert watch.asked == ["/ping/key?from=desk"] * 2
    assert missed() == 2
    assert f"127.0.0.1 with {status}" in caplog.text
    assert "key" not in caplog.text


def test_a_watch_that_is_gone_is_logged_and_counted_in_a_metric(
    settings: Settings, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        settings.HEARTBEAT_URL = f"http://127.0.0.1:{gone.getsockname()[1]}/key"
    assert audit_clocks() == 0
    assert "The heartbeat did not reach 127.0.0.1: no connection" in caplog.text
    shown = client.get("/metrics", REMOTE_ADDR="127.0.0.1").content.decode()
    assert "countersign_heartbeat_missed_total 1.0" in shown


@pytest.mark.parametrize("drop", [b"", b"x"])
def test_a_watch_that_never_comes_to_an_end_is_left(
    settings: Settings, monkeypatch: pytest.MonkeyPatch,
    silent: Callable[[bytes], str], drop: bytes,
) -> None:  # fmt: skip
    monkeypatch.setattr(egress, "STEP", 0.3)
    monkeypatch.setattr(egress, "PATIENCE", 0.6)
    settings.HEARTBEAT_URL = silent(drop)
    begun = time.monotonic()
    assert not heartbeats.send(now=timezone.now())
    assert time.monotonic() - begun < 5
    assert missed() == 1
