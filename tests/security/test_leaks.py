"""Secrets are in no log and no answer (T25), hosts and lines are as they should be (T29, T31)."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from governance.models import User
from hitlsite import logs
from tests import factories
from tests.api.answers import problem
from tests.conftest import Api

pytestmark = pytest.mark.django_db
CANARY = "CanarySecret7391"


class Written(logging.Handler):
    """Keeps what the site's own formatters write."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.addFilter(logs.RequestIdFilter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [logs.JSONFormatter().format(record), logs.ShortFormatter().format(record)]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def written() -> Iterator[Written]:
    handler, root = Written(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@pytest.fixture
def bot(db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


def test_no_token_is_logged_good_or_bad(bot: User, written: Written) -> None:
    token = factories.a_token(bot, "review")
    Api(token).get("/items")
    Api(f"hitl_{CANARY}").get("/items")
    Api("").get(f"/items?token={token}")
    Api(token).get("/items", x_request_id="canary-request-1")
    assert "canary-request-1" in written.text
    assert token not in written.text
    assert token[10:] not in written.text
    assert CANARY not in written.text


def test_no_password_of_a_sign_in_is_logged(bot: User, written: Written) -> None:
    client = Client(raise_request_exception=False)
    for name in ("bot", "nobody"):
        client.post("/sign-in", {"username": name, "password": CANARY})
    client.post("/admin/login/", {"username": "bot", "password": CANARY})
    assert CANARY not in written.text


def test_no_one_time_link_is_logged(bot: User, written: Written) -> None:
    Client(raise_request_exception=False).get(f"/sign-in/once/{CANARY}")
    assert written.lines
    assert CANARY not in written.text


@pytest.mark.parametrize(
    "message",
    [
        f"connection to postgres://app:{CANARY}@db.example.org/x failed",
        f"could not reach redis://:{CANARY}@127.0.0.1:6379/0",
        f"Authorization: Bearer {CANARY}",
        f"{{'Authorization': 'Bearer {CANARY}', 'Accept': '*/*'}}",
        f'{{"authorization": "Basic {CANARY}"}}',
        f"password={CANARY}&next=/",
        f"{{'password': '{CANARY}'}}",
        f"{{'password1': '{CANARY}', 'password2': '{CANARY}'}}",
        f"SECRET_KEY = '{CANARY}'",
        f"SAMPLING_KEY={CANARY}",
        f"PRIVACY_KEY={CANARY}",
        f"csrfmiddlewaretoken={CANARY}",
        f"token hitl_{CANARY} was refused",
    ],
)
def test_no_secret_in_a_message_or_a_traceback_is_written(written: Written, message: str) -> None:
    logger = logging.getLogger("countersign.test")
    logger.warning(message)
    logger.warning("With arguments: %s", message)
    try:
        raise ValueError(message)
    except ValueError:
        logger.exception("Failed")
    assert len(written.lines) == 6
    assert CANARY not in written.text


def test_a_lost_database_tells_nothing_of_its_address(bot: User, written: Written) -> None:
    token = factories.a_token(bot, "review")

    def lost(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError(f'connection to "postgres://app:{CANARY}@db/x" failed')

    with connection.execute_wrapper(lost):
        answer = Api(token).get("/items")
    told = problem(answer, 503)
    assert CANARY not in json.dumps(told) + written.text
    assert "postgres" not in json.dumps(told)


def test_a_line_break_in_what_is_logged_stays_one_record() -> None:
    record = logging.LogRecord(
        "x", logging.INFO, "f", 1, "a\nlevel=CRITICAL b\r\n\u2028c", None, None
    )
    line = logs.JSONFormatter().format(record)
    assert "\n" not in line
    assert "\r" not in line
    assert json.loads(line)["message"].startswith("a\nlevel")


def test_a_line_break_in_an_address_adds_no_line(bot: User, written: Written) -> None:
    Api(factories.a_token(bot, "review")).get("/items%0a2026-01-01 CRITICAL forged")
    assert not any(line.startswith("2026-01-01 CRITICAL") for line in written.text.splitlines())


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "a b", "evil@x"])
def test_another_host_is_refused(bot: User, host: str) -> None:
    client = Client(raise_request_exception=False)
    token = factories.a_token(bot, "review")
    answer = client.get("/api/v1/items", headers={"Authorization": f"Bearer {token}", "Host": host})
    assert answer.status_code == 400
    assert host.encode() not in answer.content


def test_every_answer_carries_the_headers_of_its_safety(bot: User) -> None:
    token = factories.a_token(bot, "review")
    for answer in (Api(token).get("/items"), Api("").get("/items"), Client().get("/api/v1/docs")):
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        policy = answer["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
