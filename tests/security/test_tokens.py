"""Tokens: shown once, stored as a digest, refused as soon as they end (T20)."""

import binascii
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from governance.exceptions import InvalidInput
from governance.models import ApiToken, AuditEvent, User
from governance.services import tokens
from tests import factories
from tests.api.answers import good, problem
from tests.conftest import Api

pytestmark = pytest.mark.django_db
FORM = re.compile(r"hitl_[A-Za-z0-9_-]{43}[0-9a-f]{8}")


@pytest.fixture
def bot(db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


def create(user: User, **changes: Any) -> tuple[ApiToken, str]:
    said: dict[str, Any] = {
        "user": user, "scopes": ["review"], "pipelines": [], "days": 30, "actor": None,
        "now": timezone.now(),
    }  # fmt: skip
    return tokens.create(**(said | changes))


def everything_stored() -> str:
    """Return every value of every table of the database as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found.append(repr(cursor.fetchall()))
    return "\n".join(found)


def test_a_token_has_a_prefix_256_bits_and_a_checksum() -> None:
    made = {tokens.generate() for _ in range(100)}
    assert len(made) == 100
    for token in made:
        assert FORM.fullmatch(token)
        secret = token.removeprefix("hitl_")[:-8]
        assert token.endswith(f"{binascii.crc32(secret.encode()):08x}")


def test_the_database_holds_no_token_and_no_secret_of_a_claim(api: Any, bot: User) -> None:
    row, token = create(bot)
    factories.an_item(bot)
    held = factories.claim(factories.a_person())
    assert held is not None
    stored = everything_stored()
    assert row.digest in stored
    assert token not in stored
    assert token[10:] not in stored
    assert held.token not in stored
    assert factories.PASSWORD not in stored


def test_the_command_prints_the_token_alone_as_its_last_line(
    bot: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command(
        "token", "create", "bot", "--scope", "review", "--scope", "audit:read", "--days", "7"
    )
    token = capsys.readouterr().out.splitlines()[-1]
    assert FORM.fullmatch(token)
    row = ApiToken.objects.get()
    assert row.scopes == ["audit:read", "review"]
    assert row.expires_at - row.created_at == timedelta(days=7)
    good(Api(token).get("/items"))


def test_a_token_is_on_record_without_itself(bot: User) -> None:
    row, token = create(bot)
    tokens.revoke(token_id=str(row.pk), actor=None, reason="Lost", now=timezone.now())
    events = AuditEvent.objects.filter(stream=f"token:{row.pk}").order_by("sequence")
    assert [event.action for event in events] == ["token.created", "token.revoked"]
    assert token not in json.dumps([event.detail for event in events])


def test_a_token_ends_at_its_time_and_when_it_is_revoked(bot: User) -> None:
    row, token = create(bot)
    caller = Api(token)
    good(caller.get("/items"))
    tokens.revoke(token_id=str(row.pk), actor=None, reason="Lost", now=timezone.now())
    problem(caller.get("/items"), 401)
    _, short = create(bot, days=1, now=timezone.now() - timedelta(days=1, seconds=1))
    problem(Api(short).get("/items"), 401)


def test_when_a_token_was_last_used_is_noted(bot: User) -> None:
    row, token = create(bot)
    Api(token).get("/items")
    row.refresh_from_db()
    assert row.last_used_at is not None


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["reveiw"]}, "/scopes"),
        ({"scopes": ["*"]}, "/scopes"),
        ({"days": 0}, "/days"),
        ({"days": 366}, "/days"),
        ({"pipelines": ["none"]}, "/pipelines"),
        ({"pipelines": ["other"]}, "/pipelines"),
    ],
)
def test_a_token_that_may_not_be_is_not_made(
    bot: User, changes: dict[str, Any], pointer: str
) -> None:
    factories.a_pipeline("other")
    with pytest.raises(InvalidInput) as caught:
        create(bot, **changes)
    assert caught.value.faults[0].pointer == pointer
    assert not ApiToken.objects.exists()


def test_a_deactivated_user_gets_no_token(bot: User) -> None:
    bot.is_active = False
    bot.because(None, "Left").save()
    with pytest.raises(InvalidInput):
        create(bot)


def test_a_token_loses_what_its_user_loses(bot: User) -> None:
    item = factories.an_item(bot)
    _, token = create(bot)
    good(Api(token).get(f"/items/{item.pk}"))
    bot.memberships.get().because(None, "Moved").delete()
    problem(Api(token).get(f"/items/{item.pk}"), 404)


def test_the_api_reads_no_cookie_and_sets_none(bot: User) -> None:
    _, token = create(bot)
    client = Client(raise_request_exception=False)
    client.force_login(bot, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/v1/items").status_code == 401
    answer = client.get("/api/v1/items", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


def test_a_write_with_a_session_and_no_token_is_refused_whatever_its_origin(bot: User) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(bot, backend="django.contrib.auth.backends.ModelBackend")
    for path in ("/api/v1/claim", "/api/v1/predictions", "/api/v1/apply"):
        problem(client.post(path, {}, content_type="application/json"), 401)
