"""`manage.py up` as a person meets it: real processes on a port and in a folder of their own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from hitlsite.celery import QUEUES
from hitlsite.management.commands import up
from tests import factories
from tests.site.installation import ROOT, Installation, Server, free_port, until

pytestmark = [
    pytest.mark.xdist_group("processes"),
    pytest.mark.skipif(sys.platform != "linux", reason="It looks at processes through /proc."),
]
Install = Callable[..., Installation]
Serve = Callable[..., Server]
LINK = re.compile(r"http://127\.0\.0\.1:\d+(/sign-in/once/\S+)")
CHILDREN = (
    "valkey-server",
    "gunicorn",
    "celery -A hitlsite worker -Q critical,default",
    "celery -A hitlsite worker -Q bulk",
    "celery -A hitlsite beat",
)


def _send(installation: Installation, headers: dict[str, str], name: str) -> tuple[int, str]:
    body = factories.a_payload(external_id=name)
    return installation.call("POST", "/api/v1/predictions", body, headers)


def test_first_start_answers_and_prints_its_address_and_a_link_that_works_once(
    install: Install,
) -> None:
    installation = install(fresh=True).start()

    assert f"Countersign answers at http://127.0.0.1:{installation.port}/" in installation.said
    assert installation.get("/healthz") == (200, "ok\n")
    links = until(
        lambda: LINK.findall(installation.said), "a link is printed after the address", 20
    )
    assert len(links) == 1
    assert installation.get(links[0])[0] == 200
    assert not re.search(r"(?i)password", installation.said)
    installation.until_well()
    status, signs = installation.get("/readyz")
    assert (status, json.loads(signs)["status"]) == (200, "ready")

    assert installation.interrupt() == 0
    assert installation.said.endswith("Stopping.\nStopped.\n")
    assert installation.processes() == [], "nothing is left"
    assert installation.get("/healthz")[0] == 0


def test_all_that_is_written_lies_in_the_data_folder_and_is_closed_to_others(
    install: Install,
) -> None:
    installation = install().start()

    assert {path.name for path in installation.folder.iterdir()} == {"data", "said.txt"}
    for path in (installation.data, installation.data / "keys", installation.data / "broker"):
        assert path.stat().st_mode & 0o077 == 0, path
    for key in (installation.data / "keys").iterdir():
        assert key.stat().st_mode & 0o077 == 0, key
    assert installation.interrupt() == 0
    assert not (installation.data / "run" / "broker.sock").exists()


def test_a_second_start_in_the_same_folder_is_refused(install: Install) -> None:
    installation = install().start()

    second = installation.manage("up", PORT=str(free_port()))

    assert second.returncode == 2
    assert second.stdout == ""
    pid = installation.process.pid if installation.process else 0
    (line,) = second.stderr.splitlines()
    assert f"{installation.data} is in use by another `manage.py up` (process {pid})" in line
    assert installation.get("/healthz")[0] == 200


def test_a_port_in_use_is_one_line_and_status_2(install: Install) -> None:
    installation = install()
    with socket.socket() as other:
        other.bind(("127.0.0.1", installation.port))
        other.listen()

        refused = installation.manage("up")

    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert f"PORT: cannot listen on 127.0.0.1:{installation.port}" in line
    assert installation.processes() == []


def test_two_copies_run_side_by_side(install: Install) -> None:
    first, second = install("one").start(), install("two").start()

    assert first.get("/healthz")[0] == second.get("/healthz")[0] == 200
    headers = first.set_up()["bot"]
    assert _send(first, headers, "q-1")[0] == 201
    assert _send(second, headers, "q-1")[0] == 401, "tokens of one are nothing to the other"
    assert first.interrupt() == 0
    assert second.get("/healthz")[0] == 200


def test_killing_the_supervisor_leaves_no_orphan_and_loses_nothing(install: Install) -> None:
    installation = install().start()
    headers = installation.set_up()["bot"]
    sent = [_send(installation, headers, f"q-{number}") for number in range(20)]
    assert {status for status, _ in sent} == {201}

    installation.kill()

    until(lambda: not installation.processes(), "no orphan is left", 30)
    installation.start()
    for _, body in sent:
        place = f"/api/v1/predictions/{json.loads(body)['id']}"
        assert installation.call("GET", place, headers=headers)[0] == 200
    assert _send(installation, headers, "q-0")[0] == 200, "it is known"
    installation.until_well()
    assert installation.interrupt() == 0


def test_every_child_that_is_killed_comes_back(install: Install) -> None:
    installation = install().start()
    installation.until_well()
    headers = installation.set_up()["bot"]

    before = {name: installation.child(name) for name in CHILDREN}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    for name, pid in before.items():
        until(lambda n=name, p=pid: _came_back(installation, n, p), f"{name} is back")
    until(lambda: _send(installation, headers, "q-1")[0] in (200, 201), "it takes predictions")
    installation.until_well()
    for word in ("broker", "web", "worker", "bulk", "beat"):
        assert f"{word} ended (SIGKILL); it starts again in 0.5 s." in installation.said
    assert installation.interrupt() == 0
    assert installation.processes() == []


def test_bulk_work_has_a_process_of_its_own_and_all_queues_have_a_worker() -> None:
    prompt, bulk = up._workers()
    words = {child.name: list(child.command) for child in (prompt, bulk)}
    queues = {name: said[said.index("-Q") + 1].split(",") for name, said in words.items()}
    assert queues == {"worker": ["critical", "default"], "bulk": ["bulk"]}
    assert [*queues["worker"], *queues["bulk"]] == [queue.name for queue in QUEUES]
    assert words["bulk"][words["bulk"].index("-c") + 1] == "1"


def test_sweeps_go_on_while_bulk_work_stands_still(install: Install) -> None:
    installation = install().start()
    installation.until_well()
    leader = installation.child("worker -Q bulk")

    os.killpg(leader, signal.SIGSTOP)

    def beats() -> str:
        return (installation.data / "logs" / "worker.log").read_text(encoding="utf-8")

    before = beats().count("sweep_clocks")
    until(lambda: beats().count("sweep_clocks") > before, "another sweep is done")
    assert installation.get("/readyz")[0] == 200
    os.killpg(leader, signal.SIGCONT)
    assert installation.interrupt() == 0


def _came_back(installation: Installation, name: str, former: int) -> bool:
    try:
        return installation.child(name) != former
    except ValueError:
        return False


def test_a_worker_process_that_is_killed_is_replaced(install: Install) -> None:
    installation = install().start()
    installation.until_well()
    leader = installation.child("gunicorn")
    workers = [pid for pid in installation.processes("gunicorn") if pid != leader]

    for pid in workers:
        os.kill(pid, signal.SIGKILL)

    until(lambda: installation.get("/healthz")[0] == 200, "the web answers")
    assert installation.child("gunicorn") == leader


@pytest.mark.parametrize(
    "command",
    [
        ("manage.py", "up"),
        ("-m", "gunicorn", "-c", "gunicorn.conf.py", "hitlsite.wsgi"),
        ("-m", "celery", "-A", "hitlsite", "worker", "-P", "solo"),
    ],
    ids=["up", "web", "worker"],
)
def test_a_broker_that_evicts_is_refused(
    install: Install, serve: Serve, command: tuple[str, ...]
) -> None:
    installation = install(BROKER_URL=serve("allkeys-lru").url)

    refused = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert refused.returncode == 2, refused.stderr
    (line,) = [each for each in refused.stderr.splitlines() if "BROKER_URL" in each]
    assert "its maxmemory-policy is allkeys-lru, and must be noeviction" in line
    assert "Traceback" not in refused.stderr
    assert installation.processes() == []


def test_a_broker_that_does_not_answer_is_refused_by_up(install: Install) -> None:
    installation = install(BROKER_URL="redis://:hidden@127.0.0.1:1/0")

    refused = installation.manage("up")

    assert refused.returncode == 2
    assert refused.stderr.startswith("BROKER_URL: redis://***@127.0.0.1:1/0 does not answer:")
    assert "hidden" not in refused.stderr


def test_a_database_that_does_not_answer_is_refused_by_up(install: Install) -> None:
    installation = install(DATABASE_URL="postgres://somebody:hidden@127.0.0.1:1/nothing")

    refused = installation.manage("up")

    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert line.startswith("DATABASE_URL: the database does not answer:")
    assert "hidden" not in refused.stderr


def test_bad_settings_are_one_line_each_and_status_2(install: Install) -> None:
    installation = install(BROKER_URL="amqp://localhost", LEASE_MINUTES="soon", BIND="a b")

    refused = installation.manage("up")

    assert refused.returncode == 2
    assert sorted(line.split(":")[0] for line in refused.stderr.splitlines()) == [
        "BIND",
        "BROKER_URL",
        "LEASE_MINUTES",
    ]


def test_sign_in_link_prints_a_link_for_a_person(install: Install) -> None:
    installation = install()
    installation.set_up()

    made = installation.manage("sign_in_link", "rita")

    assert made.returncode == 0, made.stderr
    assert LINK.fullmatch(made.stdout.splitlines()[-1])
    unknown = installation.manage("sign_in_link", "nobody")
    assert unknown.returncode != 0
    assert "nobody" in unknown.stderr
