"""Crowds, and the people in them."""

from collections.abc import Iterator

import pytest
from django.db import connection

from governance.models import User
from tests import factories
from tests.races.crowd import Crowd
from tests.races.waits import until_alone


@pytest.fixture(scope="session")
def _crowd() -> Iterator[Crowd]:
    crowd = Crowd()
    yield crowd
    crowd.close()


@pytest.fixture
def crowd(transactional_db: None, _crowd: Crowd) -> Iterator[Crowd]:
    """Return a crowd whose processes see what the test has committed."""
    yield _crowd
    if _crowd.awaited:
        _crowd.results()
    # The server takes a moment to notice who was killed, and would not empty tables meanwhile.
    if connection.vendor == "postgresql":
        until_alone(connection)


def people(count: int, role: str = "reviewer") -> list[int]:
    """Return the keys of so many new reviewers."""
    names = [f"{role}-{number:02}" for number in range(count)]
    factories.apply(
        *(
            {
                "kind": "Person",
                "username": name,
                "email": f"{name}@example.org",
                "roles": [role],
                "pipelines": ["intents"],
                "skills": [{"name": "cards", "level": 3}],
            }
            for name in names
        )
    )
    return list(User.objects.filter(username__in=names).order_by("pk").values_list("pk", flat=True))
