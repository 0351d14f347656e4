"""Installations and brokers that are gone when the test is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hitlsite import broker
from tests.site.installation import Installation, Server


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Return a maker of installations, none of them started."""
    made: list[Installation] = []

    def make(name: str = "one", **chosen: str) -> Installation:
        made.append(Installation(tmp_path / name, chosen=chosen))
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
