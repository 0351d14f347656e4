"""The stage of a fault: a database and a broker, processes that can be killed, and what must hold.

What is asserted is read with SQL, by nobody's code but the test's.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
from celery import Celery

from hitlsite import supervisor
from tests.faults.cluster import Cluster
from tests.site.installation import ROOT, Server, _parent_of, free_port, surroundings, until

KEY = "0123456789" * 6
# Whoever is held up by a test waits for it, also on a machine that is busy with other things.
PATIENT = "?options=-c%20lock_timeout%3D25s"
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND wait_event_type = 'Lock'
"""
UNDONE = """
SELECT (SELECT count(*) FROM reviews_slaclock WHERE next_at <= now())
     + (SELECT count(*) FROM governance_outboxmessage WHERE done_at IS NULL)
"""
TWICE = """
SELECT clock_id, cycle, loop, level FROM reviews_escalation GROUP BY 1, 2, 3, 4
HAVING count(*) > 1
"""
TOLD = """
SELECT jsonb_array_elements_text(arguments -> 'events') FROM governance_outboxmessage
WHERE task = 'reviews.tell' ORDER BY 1
"""
TO_TELL = """
SELECT id::text FROM reviews_clockevent
WHERE kind IN ('warn', 'breach', 'escalate', 'resume') ORDER BY 1
"""


@dataclass
class Running:
    """A process with a group of its own."""

    process: subprocess.Popen[bytes]
    log: Path
    killed: bool = False

    @property
    def said(self) -> str:
        """What it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def children(self) -> list[int]:
        """The processes that it has started itself."""
        every = (int(place.name) for place in Path("/proc").glob("[0-9]*"))
        return [pid for pid in every if _parent_of(pid) == self.process.pid]

    def kill(self) -> None:
        """Kill it and all of its group, as nothing can prevent."""
        # Once: its number may belong to somebody else afterwards.
        if not self.killed:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=20)
            self.killed = True

    def kill_child(self) -> None:
        """Kill one of its children: a process of the worker's pool, or one of the web."""
        os.kill(self.children[-1], signal.SIGKILL)


@dataclass
class Answer:
    """What the web said, and after how many seconds; status 0 when it said nothing."""

    status: int
    headers: dict[str, str]
    body: str
    seconds: float

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Stage:
    """A database of its own on the cluster, a broker, and the processes of one test."""

    cluster: Cluster
    database: str
    folder: Path
    tokens: dict[str, str]
    port: int = field(default_factory=free_port)
    running: list[Running] = field(default_factory=list)
    broker: Server = field(init=False)

    def __post_init__(self) -> None:
        """Run a broker."""
        self.broker = Server(self.folder / "broker").start()

    # -- Processes ----------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process of the installation."""
        return surroundings(
            DATA_DIR=str(self.folder / "data"),
            PORT=str(self.port),
            DATABASE_URL=self.cluster.url(self.database) + PATIENT,
            BROKER_URL=self.broker.url,
            SECRET_KEY=KEY,
            WEB_WORKERS="1",
        )

    def start(self, *command: str, **chosen: str) -> Running:
        """Start a process that dies with the tests."""
        log = self.folder / f"{len(self.running)}.log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | chosen,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=supervisor._die_with_parent(os.getpid()),  # noqa: PLW1509 - as there
            )
        self.running.append(Running(process, log))
        return self.running[-1]

    def worker(
        self, *, queues: str = "critical,default,bulk", processes: int = 1, under: Any = (),
        wait: bool = True, **chosen: str,
    ) -> Running:  # fmt: skip
        """Start a worker, perhaps `under` another program, and wait until it takes messages."""
        words = ("-Q", queues, "-c", str(processes), "--without-gossip", "--without-mingle")
        name = ("-n", f"worker-{len(self.running)}@test")
        command = (*under, *_celery("worker", *words, *name))
        worker = self.start(*command, **chosen)
        if wait:
            self.until_ready(worker)
        return worker

    def until_ready(self, *workers: Running) -> None:
        """Wait until these workers take messages."""
        for worker in workers:
            until(lambda each=worker: "ready." in each.said, "the worker is ready", 60)

    def beat(self) -> Running:
        """Start a schedule, with a file of its own."""
        file = str(self.folder / f"schedule-{len(self.running)}")
        return self.start(*_celery("beat", "--pidfile", "", "-s", file))

    def web(self) -> Running:
        """Start the web and wait until it answers."""
        command = ("-m", "gunicorn", "-c", "gunicorn.conf.py", "tests.faults.web:application")
        web = self.start(sys.executable, *command)
        until(lambda: self.call("GET", "/healthz").status == 200, "the web answers", 60)
        return web

    def up(self) -> Running:
        """Start a whole installation under its supervisor, and wait until the schedule runs."""
        site = self.start(sys.executable, "manage.py", "up")
        log = self.folder / "data" / "logs" / "beat.log"
        until(log.exists, "the schedule runs", 90)
        return site

    def stock(self, *what: str, **chosen: str) -> str:
        """Do what tests.faults.stock does, to its end and without a fault; returns what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.stock", *what],
            cwd=ROOT,
            env=self.environment | chosen,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def end(self) -> None:
        """Leave no process behind; the database goes with the cluster."""
        for each in self.running:
            each.kill()
        self.broker.end()

    # -- Messages and requests ----------------------------------------------------------------

    def send(self, task: str, *, queue: str = "critical", times: int = 1, **arguments: Any) -> None:
        """Send messages to the workers, as the schedule does."""
        sender = Celery(broker=self.broker.url, set_as_current=False)
        try:
            for _ in range(times):
                sender.send_task(task, kwargs=arguments, queue=queue, retry=False)
        finally:
            sender.close()

    def tick(self, times: int = 1) -> None:
        """Be the schedule: let the clocks be swept."""
        self.send("reviews.sweep_clocks", times=times)

    def relay(self) -> None:
        """Be the schedule: let promises be kept whose hint was lost."""
        self.send("governance.relay_outbox")

    def ran(self, task: str) -> int:
        """Return how often workers have come to the end of a task."""
        lines = [line for each in self.running for line in each.said.splitlines()]
        return sum(f"Task {task}[" in line and "] succeeded in" in line for line in lines)

    def again(self) -> None:
        """Be the schedule once more, and wait until clocks were swept and promises looked for."""
        for task in ("reviews.sweep_clocks", "governance.relay_outbox"):
            before = self.ran(task)
            self.send(task)
            until(lambda ran=before, task=task: self.ran(task) > ran, f"{task} ran", 30)

    def call(
        self, method: str, path: str, body: Any = None, *, who: str = "", **headers: str
    ) -> Answer:
        """Send a request, JSON if there is a body; headers are named as `idempotency_key`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if who:
            given["Authorization"] = f"Bearer {self.tokens[who]}"
        if body is not None:
            given["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        started = monotonic()
        try:
            connection.request(method, path, None if body is None else json.dumps(body), given)
            answer = connection.getresponse()
            text = answer.read().decode()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, text, monotonic() - started)
        except (OSError, http.client.HTTPException):
            return Answer(0, {}, "", monotonic() - started)
        finally:
            connection.close()

    # -- The database -------------------------------------------------------------------------

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        with self.cluster.connect(self.database) as connection:
            return connection.execute(query, values).fetchall()

    def count(self, source: str, *values: Any) -> int:
        """Return how many rows there are in `source`: a table, and perhaps a WHERE."""
        return int(self.rows(f"SELECT count(*) FROM {source}", *values)[0][0])

    def change(self, statement: str) -> None:
        """Let a stretch of time be over, by the columns that say when it is."""
        with self.cluster.connect(self.database) as connection:
            connection.execute(statement)

    @contextmanager
    def nobody_writes(self, table: str) -> Iterator[None]:
        """Hold up whoever writes to a table, in the middle of a transaction."""
        # By hand: when the server is gone meanwhile, so is the lock.
        connection = psycopg.connect(self.cluster.url(self.database))
        try:
            connection.execute(f"LOCK TABLE {table} IN SHARE MODE")
            yield
            with suppress(psycopg.OperationalError):
                connection.rollback()
        finally:
            connection.close()

    def until_held_up(self, count: int = 1) -> None:
        """Wait until so many sessions wait for a lock."""
        until(lambda: self.rows(WAITING)[0][0] >= count, f"{count} wait for the lock", 30)

    # -- What must hold -----------------------------------------------------------------------

    def until_drained(self, *, seconds: float = 60) -> None:
        """Wait until no clock is due and no promise is open."""
        until(lambda: self.rows(UNDONE)[0][0] == 0, "all that is due is done", seconds)

    def assert_untouched(self) -> None:
        """No sweep has left anything."""
        for table in ("reviews_escalation", "governance_outboxmessage"):
            assert self.count(table) == 0
        assert self.count("reviews_clockevent WHERE kind IN ('warn', 'breach', 'escalate')") == 0
        assert self.count("governance_auditevent WHERE action LIKE 'sla.%%'") == 0

    def assert_fired_once(self, count: int, *, promises: int | None = None) -> None:
        """So many clocks are breached, each once, on record once, and promised to be told of once.

        Every invariant holds, and every clock is what its events make it.
        """
        assert self.rows(TWICE) == []
        assert self.count("reviews_escalation") == count
        assert self.count("reviews_clockevent WHERE kind = 'breach'") == count
        events = "governance_auditevent WHERE action = 'sla.breached'"
        assert self.count(events) == count
        clocks = f"SELECT count(DISTINCT detail ->> 'clock') FROM {events}"
        assert self.rows(clocks) == [(count,)]
        assert self.rows(TOLD) == self.rows(TO_TELL)
        if promises is not None:
            assert self.count("governance_outboxmessage WHERE task = 'reviews.tell'") == promises
        self.assert_sound()

    def assert_sound(self) -> None:
        """`audit_invariants` and `recompute_clocks` find nothing."""
        self.stock("audit")


def _celery(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "-A", "hitlsite", *words)
