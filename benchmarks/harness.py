"""What every benchmark shares: a database of its own, a real server, and cheap clients."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
SERVER = os.environ.get("BENCHMARK_DATABASE_URL", "postgres://postgres@127.0.0.1:5432")
TICKS = os.sysconf("SC_CLK_TCK")


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


class Site:
    """An installation on PostgreSQL that exists for one benchmark."""

    def __init__(self, name: str, folder: Path) -> None:
        self.database = f"bench_{name}_{os.getpid()}"
        self.folder = folder
        self.port = free_port()
        self.environment = {
            **os.environ,
            "DATABASE_URL": f"{SERVER}/{self.database}",
            "DATA_DIR": str(folder),
            "PORT": str(self.port),
            "LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(ROOT),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *words: str, **more: str) -> str:
        """Run a command of the site and return what it prints."""
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        done = subprocess.run(
            command, env={**self.environment, **more}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stderr}")
        return done.stdout

    def token(self, username: str, scope: str) -> str:
        """Return a token of a user."""
        return self.manage("token", "create", username, "--scope", scope).split()[-1]

    def script(self, code: str, *arguments: str) -> str:
        """Run Python inside the site and return what it prints."""
        start = "import django, sys; django.setup()\n"
        done = subprocess.run(
            [sys.executable, "-c", start + code, *arguments],
            env={**self.environment, "DJANGO_SETTINGS_MODULE": "hitlsite.settings"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout

    def module(self, name: str) -> str:
        """Run a module beside the site and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", name],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout

    def serve(self, application: str = "hitlsite.wsgi", **more: str) -> None:
        """Start the web server and wait until it answers."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), application],
            env={**self.environment, **more},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "web.log").open("ab"),
            start_new_session=True,
        )
        for _ in range(300):
            try:
                if self.client("").get("/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(
            f"The server did not start: {(self.folder / 'web.log').read_text()[-800:]}"
        )

    def stop(self) -> None:
        """Stop the web server."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()
            self.process = None

    def client(self, token: str) -> "Client":
        """Return a client with a keep-alive connection."""
        return Client(f"http://127.0.0.1:{self.port}", token)

    def workers(self) -> list[int]:
        """Return the processes of the web server that serve requests."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def cpu_seconds(self) -> float:
        """Return the processor time that the server's processes have used."""
        return sum(_cpu(pid) for pid in self.workers())

    def resident_mib(self) -> float:
        """Return the memory of the largest process of the server, in MiB."""
        return max(_resident(pid) for pid in self.workers()) / 2**20


class Client:
    """A keep-alive connection with a token; not shared between threads."""

    def __init__(self, base: str, token: str) -> None:
        parts = urlsplit(base)
        self.connection = http.client.HTTPConnection(parts.netloc, timeout=300)
        scheme = "" if " " in token else "Bearer "
        self.headers = {"Authorization": scheme + token} if token else {}

    def __call__(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, bytes]:
        """Return the status and body of an answer."""
        headers = {**self.headers, "Content-Type": kind} if body is not None else self.headers
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        return response.status, response.read()

    def get(self, path: str) -> tuple[int, bytes]:
        """GET."""
        return self("GET", path)

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """POST an object as JSON; returns the status and the object that came back."""
        status, raw = self("POST", path, json.dumps(body).encode())
        return status, json.loads(raw) if raw else None


@contextmanager
def site(name: str, *, migrated: bool = True) -> Iterator[Site]:
    """Give a site with an empty database, and take all of it away afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"countersign-{name}-") as folder:
        made = Site(name, Path(folder))
        _sql(f'CREATE DATABASE "{made.database}"')
        try:
            if migrated:
                made.manage("migrate", "-v0")
                made.manage("collectstatic", "--noinput", "-v0")
            yield made
        finally:
            made.stop()
            _sql(f'DROP DATABASE IF EXISTS "{made.database}" WITH (FORCE)')


def _sql(statement: str, database: str = "postgres") -> None:
    with psycopg.connect(f"{SERVER}/{database}", autocommit=True) as connection:
        connection.execute(statement)


def execute(site: Site, statement: str) -> None:
    """Run a statement in the database of a site, outside a transaction."""
    _sql(statement, site.database)


def value(site: Site, query: str) -> Any:
    """Return the one value that a query gives."""
    with psycopg.connect(f"{SERVER}/{site.database}") as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak_mib(site: Site) -> float:
    """Return the most memory that a process of the server has had, in MiB."""
    lines = [Path(f"/proc/{pid}/status").read_text() for pid in site.workers()]
    found = [int(text.partition("VmHWM:")[2].split()[0]) for text in lines]
    return max(found) / 2**10


def analyze(site: Site) -> None:
    """Let the planner know what is there, as autovacuum would within a minute."""
    execute(site, "VACUUM ANALYZE")
