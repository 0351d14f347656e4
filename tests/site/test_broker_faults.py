"""F10, F16, F18, F23: a broker that is full, hands out twice, or brings what nobody can run."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from celery import Celery

from hitlsite import broker
from tests import factories
from tests.site import slow
from tests.site.installation import ROOT, Installation, Server, until
from tests.site.test_broker import SOON, _done, _promise, _shell, _timed

pytestmark = [
    pytest.mark.xdist_group("processes"),
    pytest.mark.skipif(sys.platform != "linux", reason="It looks at processes through /proc."),
]


def broker_sign(installation: Installation) -> dict[str, Any]:
    sign: dict[str, Any] = json.loads(installation.get("/readyz")[1])["checks"]["broker"]
    return sign


def _fill(client: "redis.Redis") -> None:
    """Leave no room for another message."""
    client.config_set("maxmemory", "2500kb")
    for size in (100_000, 1000, 50):
        for number in range(100_000):
            try:
                client.set(f"filling:{size}:{number}", "x" * size)
            except redis.RedisError:
                break


def test_f10_a_broker_that_is_full_or_evicts_is_noticed_and_costs_no_work(
    install: Callable[..., Installation], serve: Callable[..., Server]
) -> None:
    server = serve()
    installation = install(BROKER_URL=server.url).start()
    people = installation.set_up()
    installation.until_well()

    with broker.connect(server.url) as client:
        _fill(client)
        promised = _promise(installation)
        assert promised["seconds"] < SOON
        sent = _timed(installation, "/api/v1/predictions", factories.a_payload(), people["bot"])
        assert sent[0] == 201
        client.flushall()
        until(lambda: _done(installation, promised["id"]), "the promise is kept")
        client.config_set("maxmemory", "64mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        sign = {"ok": False, "detail": "evicts messages: allkeys-lru"}
        assert broker_sign(installation) == sign
        client.config_set("maxmemory-policy", "noeviction")
    installation.until_well()


def test_f10_a_worker_does_not_start_with_a_broker_that_evicts(
    install: Callable[..., Installation], serve: Callable[..., Server]
) -> None:
    installation = install(BROKER_URL=serve("allkeys-lru").url)

    ended = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "hitlsite", "worker", "-c", "1"],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert "its maxmemory-policy is allkeys-lru, and must be noeviction" in ended.stderr


COPIES = """
from django.utils import timezone
from governance.models import OutboxMessage
now = timezone.now()
print(OutboxMessage.objects.create(task="governance.beat", created_at=now, next_at=now).pk)
"""
ATTEMPTS = """
from governance.models import OutboxMessage
print(OutboxMessage.objects.get(pk="%s").attempts)
"""


def test_f16_f23_raw_messages_that_come_often_or_make_no_sense_hold_nobody_up(
    install: Callable[..., Installation], serve: Callable[..., Server]
) -> None:
    server = serve()
    installation = install(BROKER_URL=server.url).start()
    installation.until_well()
    message = _shell(installation, COPIES).splitlines()[-1]
    sender = Celery(broker=server.url, set_as_current=False)

    for queue in ("critical", "default", "bulk"):
        sender.send_task("nobody.knows_it", queue=queue)
        sender.send_task("governance.run_message", queue=queue)
        sender.send_task("governance.run_message", kwargs={"message_id": "x"}, queue=queue)
        sender.send_task("governance.beat", args=[1, 2, 3], queue=queue)
        sender.send_task("governance.beat", serializer="pickle", queue=queue)
    sender.send_task("governance.beat", kwargs={"big": "x" * 20_000_000}, queue="critical")
    for _ in range(3):
        sender.send_task("governance.run_message", kwargs={"message_id": message}, queue="default")
    sender.close()
    with broker.connect(server.url) as client:
        client.lpush("default", "no message at all")
        client.lpush("bulk", '{"body": 7}')

    promised = _promise(installation)
    until(lambda: _done(installation, promised["id"]), "a promise behind them is kept")
    until(lambda: _done(installation, message), "and so is one that came three times")
    assert _shell(installation, ATTEMPTS % message).splitlines()[-1] == "1"
    installation.until_well()


def _started(installation: Installation, what: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.site.slow", what],
        cwd=ROOT,
        env=installation.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def slow_worker(
    install: Callable[..., Installation], serve: Callable[..., Server]
) -> Iterator[Installation]:
    """Return an installation of which only a worker runs that is forgotten by its broker."""
    installation = install(BROKER_URL=serve().url)
    assert _started(installation, "promise").wait(60) == 0
    worker = _started(installation, "work")
    yield installation
    worker.terminate()
    worker.wait(60)


def test_f18_a_task_that_the_broker_hands_out_again_while_it_runs_has_one_effect(
    slow_worker: Installation,
) -> None:
    def happened() -> list[str]:
        place = slow_worker.data / "slow.txt"
        return place.read_text().split() if place.exists() else []

    until(lambda: "ended" in happened(), "the task ends")
    # Whoever has it a second time finds it taken and acknowledges it, so it does not come again.
    assert happened().count("delivered") >= 2, f"VT {slow.VISIBILITY} s, task {slow.TAKES} s"
    assert happened().count("began") == happened().count("ended") == 1
    done = "from governance.models import OutboxMessage as M\nm = M.objects.get()\n"
    told = _shell(slow_worker, f"{done}print(m.attempts, m.done_at is not None)")
    assert told.splitlines()[-1] == "1 True"
