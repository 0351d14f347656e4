"""The broker: which one it is, and that its loss costs time and nothing else."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hitlsite import broker
from hitlsite.broker import Broker
from tests import factories
from tests.site.installation import ROOT, Installation, Server, until

SOON = 3.0


def test_a_named_broker_is_taken_as_it_is(tmp_path: Path) -> None:
    planned = broker.plan("rediss://:pw@broker.example/2", tmp_path)

    assert (planned.celery_url, planned.embedded) == ("rediss://:pw@broker.example/2", False)
    assert planned.external_url == "rediss://:pw@broker.example/2"
    socket = broker.plan("unix:///run/broker.sock?db=3", tmp_path)
    assert socket.celery_url == "redis+socket:///run/broker.sock?virtual_host=3"


def test_without_a_name_it_is_one_of_our_own_in_the_data_folder(tmp_path: Path) -> None:
    planned = broker.plan("", tmp_path)

    assert planned.embedded
    assert planned.external_url == ""
    assert planned.socket == tmp_path / "run" / "broker.sock"
    command = broker.server_command(planned, tmp_path)
    assert command[command.index("--port") + 1] == "0", "it is on no network"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--appendonly") + 1] == "yes"


def test_without_any_server_messages_go_through_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "find_server", lambda: None)

    planned = broker.plan("", tmp_path)

    assert (planned.celery_url, planned.redis_url, planned.embedded) == (
        "filesystem://",
        None,
        False,
    )
    assert Path(planned.transport_options["data_folder_in"]).parent.is_dir()


def test_a_path_too_long_for_a_socket_gets_a_short_one_of_its_own(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)

    place = broker.socket_path(deep)

    assert len(str(place)) <= broker.LONGEST_SOCKET_PATH
    assert place == broker.socket_path(deep)
    assert place != broker.socket_path(deep / "other")


def test_a_socket_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker.os, "getuid", lambda: 4242)

    with pytest.raises(PermissionError, match="belongs to somebody else"):
        broker.make_folders(Broker("", "", socket=tmp_path / "run" / "broker.sock"), tmp_path)


def test_a_broker_that_does_not_answer_is_a_fault_only_where_it_must() -> None:
    address = "redis://:hidden@127.0.0.1:1/0"

    assert broker.fault_of(address, must_answer=False) == ""
    fault = broker.fault_of(address, must_answer=True)
    assert "hidden" not in fault
    assert fault.startswith("BROKER_URL: redis://***@127.0.0.1:1/0 does not answer")


@pytest.mark.xdist_group("processes")
@pytest.mark.skipif(sys.platform != "linux", reason="It looks at processes through /proc.")
def test_a_frozen_lost_or_emptied_broker_costs_time_and_no_work(
    install: Callable[..., Installation], serve: Callable[..., Server]
) -> None:
    server = serve()
    installation = install(BROKER_URL=server.url).start()
    people = installation.set_up()
    installation.until_well()

    server.freeze()
    sent = _timed(installation, "/api/v1/predictions", factories.a_payload(), people["bot"])
    assert sent[0] == 201
    status, held = _timed(installation, "/api/v1/claim", {}, people["rita"])
    assert status == 201
    judgement = {
        "claim_token": held["claim_token"],
        "verdict": "accept",
        "answer": {"label": "card_arrival"},
        "checklist": {"read": True},
    }
    place = f"/api/v1/assignments/{held['id']}/decision"
    assert _timed(installation, place, judgement, people["rita"])[0] == 201
    promised = _promise(installation)
    assert promised["seconds"] < SOON
    degraded, signs = installation.get("/readyz")
    assert (degraded, json.loads(signs)["checks"]["broker"]["ok"]) == (503, False)

    # It comes back with nothing of what it held.
    server.end()
    server.start()

    until(lambda: _done(installation, promised["id"]), "the promise is kept")
    later = _promise(installation)
    with broker.connect(server.url) as client:
        client.flushall()
    until(lambda: _done(installation, later["id"]), "and so is one that was flushed")
    installation.until_well()


def _timed(
    installation: Installation, path: str, body: Any, headers: dict[str, str]
) -> tuple[int, Any]:
    """POST, and fail when the answer is not there SOON."""
    started = time.monotonic()
    status, answer = installation.call("POST", path, body, headers)
    seconds = time.monotonic() - started
    assert seconds < SOON, f"{path} took {seconds:.1f} s"
    return status, json.loads(answer)


PROMISE = """
import json, time
from django.db import transaction
from django.utils import timezone
from governance.services import dispatch
started = time.monotonic()
with transaction.atomic():
    message = dispatch.enqueue("governance.forget_idempotency_keys", now=timezone.now())
print(json.dumps({"id": str(message.pk), "seconds": time.monotonic() - started}))
"""
DONE = """
from governance.models import OutboxMessage
print(OutboxMessage.objects.filter(pk="%s").exclude(done_at=None).count())
"""


def _promise(installation: Installation) -> dict[str, Any]:
    printed = _shell(installation, PROMISE)
    made: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return made


def _done(installation: Installation, message: str) -> bool:
    return _shell(installation, DONE % message).splitlines()[-1] == "1"


def _shell(installation: Installation, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
