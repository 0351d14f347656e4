"""People at the desk: browsers that are signed in, in a pipeline with work."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.models import User
from reviews.models import Assignment
from tests import factories

ASSIGNMENT = re.compile(r"^/review/assignment/([0-9a-f-]{36})$")


class Desk:
    """A browser without script, signed in as one person."""

    def __init__(self, user: User, **settings: Any) -> None:
        self.user = user
        self.client = Client(**settings)
        self.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> Any:
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.client.post(path, data or {}, headers=named)

    def take(self, queue: str = "intents/general") -> Assignment:
        """Claim the next item of a queue as the page does."""
        answer = self.post(f"/review/{queue}")
        assert answer.status_code == 303, answer.content.decode()
        match = ASSIGNMENT.match(answer["Location"])
        assert match, answer["Location"]
        return Assignment.objects.get(pk=match[1])

    def see(self, held: Assignment) -> str:
        """Return the page of an assignment."""
        answer = self.get(f"/review/assignment/{held.pk}")
        assert answer.status_code == 200
        return str(answer.content.decode())

    def decide(self, held: Assignment, **said: Any) -> Any:
        """Send the form of an assignment; `check_read` stands for `check.read`."""
        data = {name.replace("_", ".", 1) if "_" in name and name.split("_")[0] in
                ("check", "answer", "other", "none") else name: value
                for name, value in said.items()}  # fmt: skip
        return self.post(f"/review/assignment/{held.pk}/decide", data)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def bot(db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


@pytest.fixture
def desk(bot: User) -> Callable[..., Desk]:
    """Return a maker of browsers, each of a person of its own."""

    def make(username: str = "", **person: Any) -> Desk:
        return Desk(factories.a_person(username, **person))

    return make
