"""A PostgreSQL of the tests' own, which can be stopped, crashed and started again."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from hitlsite import supervisor
from tests.site.installation import free_port, until

OWNER = "postgres"


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL of this machine, if it has one."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3])
    )
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).resolve().parent if named else None


@dataclass
class Cluster:
    """One server on a private port, in a folder of its own; it syncs as in service."""

    bin: Path
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="countersign-pg-")))
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def _user(self) -> dict[str, Any]:
        """Root may not run it: then it is the system's own user for it that does."""
        if os.getuid() != 0:
            return {}
        known = pwd.getpwnam(OWNER)
        return {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}

    def make(self) -> "Cluster":
        """Make an empty cluster."""
        if self._user:
            os.chown(self.folder, self._user["user"], self._user["group"])
        words = ["-D", str(self.folder / "data"), "-U", OWNER, "-A", "trust", "-E", "UTF8"]
        done = subprocess.run(
            [str(self.bin / "initdb"), *words, "--locale=C.UTF-8", "--no-sync"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **self._user,
        )
        assert done.returncode == 0, done.stderr
        return self

    def start(self) -> "Cluster":
        """Run it and wait until it answers."""
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "on",
            # After a crash, one call for the disk and not one for each file of every database.
            "recovery_init_sync_method": "syncfs",
            "max_connections": 60,
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.bin / "postgres"), "-D", str(self.folder / "data"), *words],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=supervisor._die_with_parent(os.getpid()),  # noqa: PLW1509 - as there
                **self._user,
            )
        until(self._answers, "PostgreSQL answers", 120)
        return self

    def _answers(self) -> bool:
        try:
            with self.connect("postgres"):
                return True
        except psycopg.OperationalError:
            return False

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stop it as `pg_ctl stop -m fast` does: sessions are ended, what they began is undone."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """Stop it as `pg_ctl stop -m immediate` does: the next start has to recover."""
        self._end(signal.SIGQUIT)

    def _end(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(timeout=30)

    def url(self, database: str) -> str:
        """Return the address of a database, for DATABASE_URL."""
        return f"postgres://{OWNER}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def connect(self, database: str) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        """Give a connection in which every statement is a transaction."""
        connection = psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)
        try:
            yield connection
        finally:
            connection.close()

    def copy(self, source: str, name: str) -> None:
        """Make a database that is as another was."""
        with self.connect("postgres") as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')

    def remove(self) -> None:
        """Leave nothing behind."""
        if self.running:
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)
