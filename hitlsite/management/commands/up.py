"""`manage.py up`: the whole installation in one command."""

import fcntl
import http.client
import os
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from governance.services import sign_in_links
from hitlsite import broker, checks
from hitlsite.environment import refuse
from hitlsite.supervisor import Child, StartFailed, Supervisor

BACKLOG = 1024
START_LIMIT = 90.0
# The queues of the one worker and of the other.
PROMPT, BULK = "critical,default", "bulk"


class Command(BaseCommand):
    """Starts broker, web, workers and schedule, restarts what dies, and stops all on Ctrl-C."""

    help = "Run the web server, the workers, the schedule and, if none is named, the broker."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare --demo."""
        parser.add_argument(
            "--demo", action="store_true", help="Load the living example once the web answers."
        )

    def handle(self, *, demo: bool, **options: Any) -> None:
        """Run until SIGINT or SIGTERM; status 2 when a setting, a port or a lock is in the way."""
        with _lock(settings.DATA_DIR), _listener() as listener:
            _refuse_bad_surroundings()
            supervisor = Supervisor(
                folder=settings.BASE_DIR, logs=settings.DATA_DIR / "logs", say=self._say
            )
            supervisor.listen()
            try:
                self._run(supervisor, listener, demo=demo)
            except StartFailed as error:
                raise CommandError(str(error)) from None
            finally:
                self._say("Stopping.")
                supervisor.stop()
            self._say("Stopped.")

    def _run(self, supervisor: Supervisor, listener: socket.socket, *, demo: bool) -> None:
        if not _start_broker(supervisor):
            return
        self._prepare()
        web = _web(listener)
        supervisor.start(web)
        if not supervisor.wait_until(_answers, web, seconds=START_LIMIT):
            return
        self._greet()
        for child in (*_workers(), _schedule(), *([_demo()] if demo else [])):
            supervisor.start(child)
        supervisor.run()

    def _prepare(self) -> None:
        self._say("Preparing the database and the static files.")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        if connections["default"].vendor == "sqlite" and checks.sqlite_is_at_risk():
            self._say(f"Note: {checks.SQLITE_ADVICE}")

    def _greet(self) -> None:
        self._say(f"Countersign answers at {settings.BASE_URL}/")
        self._say(f"Logs and data are in {settings.DATA_DIR}. Ctrl-C stops everything.")
        path = sign_in_links.issue_for_first_administrator(now=timezone.now())
        if path:
            self._say("Sign in as the first administrator, once, within 24 hours:")
            self._say(f"    {settings.BASE_URL}{path}")
        # The supervisor itself needs no database from here on.
        connections.close_all()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _lock(data_dir: Path) -> IO[str]:
    """Hold the data folder for this process; the kernel lets go of it when the process ends."""
    path = data_dir / "run" / "up.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        refuse(f"DATA_DIR: {data_dir} is in use by another `manage.py up` (process {holder}).")
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _listener() -> socket.socket:
    """Return the socket the web server will take over, so that a restart refuses nobody."""
    address, port = settings.ENV.bind.strip("[]"), settings.ENV.port
    try:
        family, _, _, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError as error:
        refuse(
            f"PORT: cannot listen on {address}:{port}: {error.strerror}. Choose another with PORT=…"
        )
    return listener


def _refuse_bad_surroundings() -> None:
    faults = [
        checks.database_fault(),
        broker.fault_of(settings.BROKER.external_url, must_answer=True),
    ]
    lines = [fault for fault in faults if fault]
    if lines:
        refuse(*lines)


def _start_broker(supervisor: Supervisor) -> bool:
    """Start a broker of our own if that is the plan; False when asked to stop meanwhile."""
    if not settings.BROKER.embedded:
        if settings.BROKER.redis_url is None:
            supervisor.say("Note: no Valkey or Redis was found; messages go through slow files.")
        return True
    try:
        broker.make_folders(settings.BROKER, settings.DATA_DIR)
    except OSError as error:
        raise StartFailed(f"The broker's folder cannot be used: {error}") from None
    command = broker.server_command(settings.BROKER, settings.DATA_DIR)
    child = Child("broker", command, grace=5)
    supervisor.start(child)
    return supervisor.wait_until(_broker_answers, child, seconds=START_LIMIT)


def _web(listener: socket.socket) -> Child:
    configuration = str(settings.BASE_DIR / "gunicorn.conf.py")
    number = listener.fileno()
    command = _python("gunicorn", "-c", configuration, "-b", f"fd://{number}", "hitlsite.wsgi")
    return Child("web", command, grace=8, pass_fds=(number,))


def _workers() -> tuple[Child, Child]:
    """Return the worker of sweeps, mail and other short work, and that of bulk work.

    A seal may take half an hour: a pool that did both would let everything else wait for two.
    """
    several = str(settings.ENV.worker_concurrency)
    bulk = _worker("bulk", BULK, "1")
    bulk.beside = True
    return _worker("worker", PROMPT, several), bulk


def _worker(name: str, queues: str, processes: str) -> Child:
    # A folder of files needs threads: a killed process of a pool would freeze the others.
    pool = "prefork" if settings.BROKER.redis_url else "threads"
    command = _celery(
        "worker", "-Q", queues, "-c", processes, "-n", f"{name}@%h", "-P", pool,
        "--without-gossip", "--without-mingle",
    )  # fmt: skip
    return Child(name, command, grace=8)


def _schedule() -> Child:
    file = str(settings.DATA_DIR / "run" / "schedule")
    return Child("beat", _celery("beat", "--pidfile", "", "-s", file), grace=3)


def _demo() -> Child:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo", "load"]
    return Child("demo", command, grace=3, once=True)


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _celery(*arguments: str) -> list[str]:
    return _python("celery", "-A", "hitlsite", *arguments)


def _broker_answers() -> bool:
    try:
        with broker.connect(str(settings.BROKER.redis_url)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _answers() -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.ENV.bind, settings.ENV.bind)  # noqa: S104
    connection = http.client.HTTPConnection(host.strip("[]"), settings.ENV.port, timeout=2)
    try:
        name = urlsplit(settings.BASE_URL).netloc
        connection.request("GET", "/healthz", headers={"Host": name})
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
