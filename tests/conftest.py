"""What every test may ask for: a client of the API, and a database whose walls stand."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from governance.db import append_only
from governance.enums import Scope
from governance.models import User
from governance.selectors import clock
from tests import factories


def _is_transactional(request: pytest.FixtureRequest) -> bool:
    mark = request.node.get_closest_marker("django_db")
    return "transactional_db" in request.fixturenames or bool(
        mark and mark.kwargs.get("transaction")
    )


@pytest.fixture(autouse=True)
def walls(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take the append-only triggers down before a database is emptied; migrate puts them back."""
    if not _is_transactional(request):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    append_only.remove(connection)


@pytest.fixture(scope="session", autouse=True)
def steady_time() -> None:
    """Ask the database for the time once; no count of queries depends on the second it falls in."""
    clock.CARRIED = 3600.0


@pytest.fixture(autouse=True)
def on_postgresql(request: pytest.FixtureRequest) -> None:
    """Skip what needs PostgreSQL where there is none."""
    if request.node.get_closest_marker("race") and connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: races are tested on PostgreSQL.")


class Api:
    """A caller of the API with a token; answers are Django responses with `.json()`."""

    def __init__(self, token: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        content_type: str = "application/json",
        **headers: str,
    ) -> Any:
        """Send `body` as JSON, or `raw` as it is; headers are named as `if_match`."""
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        # Django's client names no type where the body is empty.
        extra = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": "0"} if not sent else {}
        return self.client.generic(
            method,
            f"/api/v1{path}",
            sent,
            content_type,
            headers={**self.headers, **named},
            **extra,
        )

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **rest: Any) -> Any:
        return self("POST", path, {} if body is None and "raw" not in rest else body, **rest)


@pytest.fixture
def api(db: None) -> Any:
    """Return a maker of API callers: `api(user, "review")`, all scopes when none is named."""

    def make(user: User | None, *scopes: str, pipelines: tuple[str, ...] = ()) -> Api:
        if user is None:
            return Api("")
        return Api(factories.a_token(user, *(scopes or Scope.values), pipelines=pipelines))

    return make


@pytest.fixture
def admin_user(db: None) -> User:
    """Return an administrator."""
    return factories.an_administrator()
