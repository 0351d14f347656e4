"""Installations and brokers that are gone when the test is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from hitlsite import broker
from tests.site.installation import DATABASE, Installation, Server


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite database with every table and nothing in them."""
    first = Installation(tmp_path_factory.mktemp("migrated"))
    done = first.manage("migrate", "-v", "0")
    assert done.returncode == 0, done.stderr
    return first.data / DATABASE


@pytest.fixture
def install(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Installation]]:
    """Return a maker of installations, none of them started; `fresh` ones have no database."""
    # What the suite runs on is kept from them (`surroundings`): they are on SQLite, and a run on
    # another database would be the same run again.
    if connection.vendor != "sqlite":
        pytest.skip("Installations of their own are tested when the suite runs on SQLite.")
    migrated = request.getfixturevalue("migrated")
    made: list[Installation] = []

    def make(name: str = "one", *, fresh: bool = False, **chosen: str) -> Installation:
        database = None if fresh else migrated
        made.append(Installation(tmp_path / name, chosen=chosen, database=database))
        return made[-1]

    yield make
    for installation in made:
        installation.end()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Return a maker of running brokers."""
    if broker.find_server() is None:
        pytest.skip("There is no Valkey or Redis on this machine.")
    made: list[Server] = []

    def make(policy: str = "noeviction") -> Server:
        made.append(Server(tmp_path / f"broker-{len(made)}", policy).start())
        return made[-1]

    yield make
    for server in made:
        server.end()
