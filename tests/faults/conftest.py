"""A cluster for the whole group, and for each test a database of its own on it."""

import functools
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster, programs
from tests.faults.stage import Stage

HOURS = str(5 * 3600)
number = itertools.count(1)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what takes minutes and real processes, unless it is asked for."""
    if os.environ.get("FAULTS") != "1":
        pytest.skip("Real processes are killed for minutes: FAULTS=1 asks for it.")
    if sys.platform != "linux" or programs() is None:
        pytest.skip("It needs Linux, and the server programs of PostgreSQL.")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Return a running PostgreSQL."""
    found = programs()
    assert found is not None
    made = Cluster(found).make()
    try:
        yield made.start()
    finally:
        made.remove()


@pytest.fixture(scope="session")
def base(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Make a database with tables and people; returns the tokens of the latter."""
    cluster.copy("template1", "base")
    tokens: dict[str, str] = json.loads(_stock(cluster, "base", tmp_path_factory, "base"))
    return tokens


@pytest.fixture(scope="session")
def late(
    cluster: Cluster, base: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], str]:
    """Return a maker of databases with so many late clocks, each made once."""

    @functools.cache
    def make(count: int) -> str:
        name = f"late-{count}"
        cluster.copy("base", name)
        _stock(cluster, name, tmp_path_factory, "items", str(count), HOURS)
        return name

    return make


def _stock(cluster: Cluster, name: str, folders: pytest.TempPathFactory, *what: str) -> str:
    stage = Stage(cluster, name, folders.mktemp(name), {})
    try:
        return stage.stock(*what)
    finally:
        stage.end()


@pytest.fixture
def build(
    cluster: Cluster, base: dict[str, str], late: Callable[[int], str], tmp_path: Path
) -> Iterator[Callable[[int], Stage]]:
    """Return a maker of stages with so many late clocks."""
    made: list[Stage] = []
    # A test that failed may have left it stopped.
    if not cluster.running:
        cluster.start()

    def make(count: int) -> Stage:
        name = f"test-{next(number)}"
        cluster.copy(late(count) if count else "base", name)
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Stage(cluster, name, folder, base))
        return made[-1]

    yield make
    for stage in made:
        stage.end()


@pytest.fixture
def stage(build: Callable[[int], Stage]) -> Stage:
    """Return a stage with 300 late clocks that nobody has swept."""
    return build(300)
