"""After each test of clocks, every one of them is what its events make it."""

from typing import Any

import pytest

from reviews.models import SLAClock
from reviews.selectors import clocks


@pytest.fixture
def caches_follow_from_events(db: None) -> Any:
    """After each row, every clock is what its events make it."""
    yield
    for row in SLAClock.objects.all():
        assert clocks.drift(row, clocks.events_of([row.pk])[row.pk]) == {}
        assert row.events_count == row.events.count()
