"""One world for all tests of a module, which take back what they try."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from tests import world as worlds


@pytest.fixture(scope="module")
def db(django_db_setup: None) -> None:
    """Make the test database, as this name asks for, and nothing for each test."""


@pytest.fixture(scope="module")
def world(db: None, django_db_blocker: Any) -> Iterator[worlds.World]:
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            yield worlds.build()
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)
