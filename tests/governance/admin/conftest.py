"""Signed-in browsers of the admin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from governance.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"
Browser = Callable[[User | None], Client]


@pytest.fixture
def browser(db: None) -> Browser:
    """Return a maker of clients: `browser(user)`, or `browser(None)` for somebody unknown."""

    def make(user: User | None) -> Any:
        client = Client()
        if user is not None:
            client.force_login(user, backend=BACKEND)
        return client

    return make
