"""Installations of their own: processes, a port and a data folder that no other test shares."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from hitlsite import broker, supervisor
from hitlsite.environment import VARIABLES
from tests import factories

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
DATABASE = "countersign.sqlite3"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def surroundings(**chosen: str) -> dict[str, str]:
    """Return this process' environment with none of the site's variables but those chosen."""
    # Browser tests let Django be called from an event loop, in their own process.
    ours = {variable.name for variable in VARIABLES} | {
        "DJANGO_SETTINGS_MODULE",
        "DJANGO_ALLOW_ASYNC_UNSAFE",
    }
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | chosen


def until(holds: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Return the first true answer of `holds`; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.1)
    raise AssertionError(f"after {seconds:g} s it was not so: {what}")


@dataclass
class Installation:
    """One `manage.py up` and what belongs to it."""

    folder: Path
    port: int = field(default_factory=free_port)
    chosen: dict[str, str] = field(default_factory=dict)
    database: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        """Begin with a copy of a migrated SQLite database, if there is one: it takes a while."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.database is not None:
            self.data.mkdir(mode=0o700)
            shutil.copyfile(self.database, self.data / DATABASE)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process of the installation."""
        return surroundings(DATA_DIR=str(self.data), PORT=str(self.port), **self.chosen)

    def manage(self, *arguments: str, **chosen: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of manage.py to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment | chosen,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def start(self) -> "Installation":
        """Run `manage.py up` and wait until the web answers and the worker has beaten."""
        with (self.folder / "said.txt").open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A run of tests that is cut off leaves nothing behind.
                preexec_fn=supervisor._die_with_parent(os.getpid()),  # noqa: PLW1509 - as there
            )
        until(lambda: "Countersign answers at" in self.said or self._ended(), "it answers")
        assert not self._ended(), self.said
        return self

    def set_up(self) -> dict[str, dict[str, str]]:
        """Apply a pipeline; returns the headers of a sender, `bot`, and of a reviewer, `rita`."""
        people = {"bot": ([], "predictions:write"), "rita": (["reviewer"], "review")}
        documents = [factories.CALENDAR, factories.SLA, *factories.ROLES, factories.PIPELINE]
        for name, (roles, _) in people.items():
            person = {"kind": "Person", "username": name, "email": f"{name}@example.org"}
            documents.append(person | {"roles": roles, "pipelines": ["intents"]})
        stream = self.folder / "documents.yaml"
        stream.write_text("\n---\n".join(map(json.dumps, documents)), encoding="utf-8")
        applied = self.manage("apply", str(stream))
        assert applied.returncode == 0, applied.stderr
        headers = {}
        for name, (_, scope) in people.items():
            scopes = ("--scope", scope, "--scope", "audit:read")
            token = self.manage("token", "create", name, *scopes).stdout.splitlines()[-1]
            headers[name] = {"Authorization": f"Bearer {token}"}
        return headers

    def _ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    @property
    def said(self) -> str:
        """What was written to the terminal since the last start."""
        return (self.folder / "said.txt").read_text(encoding="utf-8")

    def until_well(self) -> None:
        """Wait until every vital sign is well."""
        until(lambda: self.get("/readyz")[0] == 200, "it is ready")

    def interrupt(self) -> int:
        """Press Ctrl-C and wait; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        """Kill the supervisor alone, as nothing can prevent."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=PATIENCE)

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process is not None and self.process.poll() is None:
            self.interrupt()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)

    def processes(self, containing: str = "") -> list[int]:
        """Return the processes that were started for this data folder, whoever owns them now."""
        mark = f"DATA_DIR={self.data}".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                mine = mark in (place / "environ").read_bytes().split(b"\0")
                words = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            # The broker writes its title over its environment. A process that has ended and is not
            # yet reaped has no command line.
            if (mine or str(self.data) in words) and words and containing in words:
                found.append(int(place.name))
        return found

    def child(self, containing: str) -> int:
        """Return the one child of the supervisor whose command line holds a text."""
        assert self.process is not None
        (found,) = [
            pid for pid in self.processes(containing) if _parent_of(pid) == self.process.pid
        ]
        return found

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """GET a path; status 0 when nobody answers."""
        return self.call("GET", path, headers=headers)

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Send a request, JSON if there is a body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = None if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/json"} if sent else {}
        try:
            connection.request(method, path, sent, given | (headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()


def _parent_of(pid: int) -> int:
    try:
        return int(
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[1]
        )
    except (OSError, IndexError):
        return 0


@dataclass
class Server:
    """A Redis or Valkey of the test's own on a private port."""

    folder: Path
    policy: str = "noeviction"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> "Server":
        """Run it and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        program = str(broker.find_server())
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "dir": str(self.folder)}
        options |= {"maxmemory": "64mb", "maxmemory-policy": self.policy}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen(
            [program, *words],
            stdout=subprocess.DEVNULL,
            preexec_fn=supervisor._die_with_parent(os.getpid()),  # noqa: PLW1509 - as there
        )
        until(self._answers, "the broker answers", 20)
        return self

    def _answers(self) -> bool:
        with broker.connect(self.url) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def freeze(self) -> None:
        """Let it hold its connections and answer nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Kill it: all that it held is lost."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=20)
            self.process = None
