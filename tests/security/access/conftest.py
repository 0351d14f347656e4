"""One world for all tests of a module; each takes back what it did."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from tests import world as worlds


class TakenBack(Exception):
    """Unwinds what a test did."""


@pytest.fixture(scope="module")
def db(django_db_setup: None) -> None:
    """Make the test database, as this name asks for, and nothing for each test."""


@pytest.fixture(scope="module")
def whole(db: None, django_db_blocker: Any) -> Iterator[worlds.World]:
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            yield worlds.build()
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


@pytest.fixture
def world(whole: worlds.World) -> Iterator[worlds.World]:
    try:
        with transaction.atomic():
            yield whole
            raise TakenBack
    except TakenBack:
        pass
