"""A cluster for the whole group, and for each test a database of its own on it."""

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
    """Make the databases that others are copies of; returns the tokens of its people."""
    cluster.copy("template1", "base")
    stage = Stage(cluster, "base", tmp_path_factory.mktemp("base"), {})
    try:
        tokens: dict[str, str] = json.loads(stage.stock("base"))
        for count in (300, 2000):
            cluster.copy("base", f"late-{count}")
            stage.database = f"late-{count}"
            stage.stock("items", str(count), HOURS)
    finally:
        stage.broker.end()
    return tokens


@pytest.fixture
def build(cluster: Cluster, base: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Return a maker of stages with so many late clocks: 0, 300 or 2000."""
    made: list[Stage] = []
    # A test that failed may have left it stopped.
    if not cluster.running:
        cluster.start()

    def make(late: int = 300) -> Stage:
        name = f"test-{next(number)}"
        cluster.copy(f"late-{late}" if late else "base", name)
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Stage(cluster, name, folder, base))
        return made[-1]

    yield make
    for stage in made:
        stage.end()


@pytest.fixture
def stage(build: Callable[..., Stage]) -> Stage:
    """Return a stage with 300 late clocks that nobody has swept."""
    return build(300)
