"""A crowd: processes of the operating system that act at the same moment.

`python -m tests.races.crowd` loads Django once. For each line of JSON, a list of members
`{"act", "with", "dies"}`, it forks one process per member, waits until all are connected to the
database, lets them go together, and answers a line with what each returned. A member that `dies`
is killed with SIGKILL when it has acted: "after" its transaction, or "inside" of it.
"""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 120.0

Member = dict[str, Any]


def member(act: str, *, dies: str | None = None, **arguments: Any) -> Member:
    """Describe one process of a crowd."""
    return {"act": act, "with": arguments, "dies": dies}


@dataclass
class Crowd:
    """The tests' end of the pipe; the process behind it is started at the first use."""

    process: subprocess.Popen[str] | None = None
    awaited: bool = False

    def go(self, *members: Member) -> list[Any]:
        """Let all members act at once, and return what each returned or `{"error": …}`."""
        self.begin(*members)
        return self.results()

    def begin(self, *members: Member) -> None:
        """Let all members act, and do not wait for them."""
        assert not self.awaited, "the results of the last crowd were not asked for"
        process = self.process = self.process or _started()
        self.awaited = True
        assert process.stdin is not None
        process.stdin.write(json.dumps(members) + "\n")
        process.stdin.flush()

    def results(self) -> list[Any]:
        """Wait for the members that `begin` let go."""
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.awaited = False
        assert line, "the crowd's process ended"
        found: list[Any] = json.loads(line)
        return found

    def close(self) -> None:
        """End the process."""
        if self.process is None:
            return
        self.process.communicate(timeout=30)
        self.process = None


def _started() -> "subprocess.Popen[str]":
    from django.conf import settings

    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "hitlsite.settings_test",
        "DATABASE_URL": database_url(),
        "LEDGER_KEY": settings.LEDGER_SIGNER.seed.hex(),
        "LOG_LEVEL": "ERROR",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.races.crowd"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def database_url() -> str:
    """Return the address of the database that this test runs on."""
    from django.db import connection

    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{chosen['NAME']}"
    login = quote(chosen["USER"] or "", safe="")
    if chosen["PASSWORD"]:
        login += ":" + quote(chosen["PASSWORD"], safe="")
    place = quote(chosen["HOST"] or "", safe="") + (f":{chosen['PORT']}" if chosen["PORT"] else "")
    return f"postgres://{login}@{place}/{chosen['NAME']}"


def _main() -> None:
    import django

    django.setup()
    from django.db import connections

    from tests.races.acts import ACTS

    context = multiprocessing.get_context("fork")
    for line in sys.stdin:
        members = json.loads(line)
        connections.close_all()
        go = context.Event()
        started = []
        for each in members:
            ours, theirs = context.Pipe()
            # A daemon: when one cannot begin, the others are not waited for.
            process = context.Process(
                target=_act, args=(ACTS[each["act"]], each, theirs, go), daemon=True
            )
            process.start()
            theirs.close()
            started.append((process, ours))
        for _, pipe in started:
            pipe.recv()
        go.set()
        answers = []
        for each, (process, pipe) in zip(members, started, strict=True):
            answers.append(pipe.recv() if pipe.poll(LIMIT) else {"error": "Timeout"})
            if each["dies"]:
                os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


def _act(act: Any, each: Member, pipe: Connection, go: Any) -> None:
    from django.db import connection, transaction

    connection.ensure_connection()
    pipe.send("ready")
    go.wait()
    if each["dies"] == "inside":
        with transaction.atomic():
            pipe.send(_result(act, each))
            time.sleep(LIMIT)
    result = _result(act, each)
    if each["dies"]:
        pipe.send(result)
        time.sleep(LIMIT)
    connection.close()
    pipe.send(result)


def _result(act: Any, each: Member) -> Any:
    try:
        return act(**each["with"])
    except Exception as error:  # noqa: BLE001 - whatever it is, the test is told
        return {"error": type(error).__name__, "detail": str(error)}


if __name__ == "__main__":
    _main()
