"""Who may call what: every route and method of the API, with every kind of caller (T1, T4)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from governance.models import ApiToken, User
from governance.services import tokens
from tests import factories
from tests.api.answers import problem
from tests.conftest import Api
from tests.security.access.calls import EVERY, Call
from tests.security.access.routes import CALLS, OPEN
from tests.world import World

PREFIX = "api/v1/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes() -> Iterator[tuple[str, Any]]:
    """Yield each route under the API's prefix with its view."""
    found = walk(get_resolver().url_patterns, "")
    return ((text.removeprefix(PREFIX), view) for text, view in found if text.startswith(PREFIX))


def walk(patterns: Any, before: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        text = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield text, getattr(pattern.callback, "cls", pattern.callback)
        else:
            yield from walk(pattern.url_patterns, text)


SERVED = {
    (method, text): view
    for text, view in routes()
    for method in METHODS
    if hasattr(view, method.lower())
}


def call(caller: Api, method: str, wanted: Call, world: World) -> Any:
    body = wanted.body(world) if wanted.body else None
    return caller(method, wanted.address(world), body, **wanted.headers)


def a_caller(user: User, *scopes: str, pipelines: tuple[str, ...] = ()) -> Api:
    return Api(factories.a_token(user, *scopes, pipelines=pipelines))


def test_every_route_and_method_is_in_the_matrix_with_its_scopes() -> None:
    assert set(SERVED) == set(CALLS) | OPEN
    for key, wanted in CALLS.items():
        assert set(SERVED[key].scopes[key[0]]) == set(wanted.scopes), key


@pytest.mark.parametrize("key", CALLS, ids=" ".join)
def test_without_a_good_token_nobody_is_served(world: World, key: tuple[str, str]) -> None:
    method, wanted = key[0], CALLS[key]
    now = timezone.now()
    user = getattr(world, wanted.who)
    expired, revoked, inactive = (factories.a_token(user, *EVERY) for _ in range(3))
    rows = {t: ApiToken.objects.get(digest=tokens.token_digest(t)) for t in (expired, revoked)}
    rows[expired].created_at = now - timedelta(days=2)
    rows[expired].expires_at = now - timedelta(seconds=1)
    rows[expired].save()
    tokens.revoke(token_id=str(rows[revoked].pk), actor=None, reason="x", now=now)
    for text in ("", "x", tokens.generate(), expired, revoked, f"{inactive}x", inactive[:-1]):
        answer = call(Api(text), method, wanted, world)
        problem(answer, 401)
        assert answer["WWW-Authenticate"].startswith("Bearer")
    for header in ("Bearer", "Basic eDp5", f"Token {inactive}", f"Bearer {inactive} x", inactive):
        caller = Api("")
        caller.headers = {"Authorization": header}
        problem(call(caller, method, wanted, world), 401)
    user.is_active = False
    user.because(None, "For a test").save()
    try:
        problem(call(Api(inactive), method, wanted, world), 401)
    finally:
        user.is_active = True


@pytest.mark.parametrize("key", CALLS, ids=" ".join)
def test_a_token_without_the_scope_is_refused(world: World, key: tuple[str, str]) -> None:
    method, wanted = key[0], CALLS[key]
    others = [scope for scope in EVERY if scope not in wanted.scopes]
    if others:
        caller = a_caller(getattr(world, wanted.who), *others)
        problem(call(caller, method, wanted, world), 403)


@pytest.mark.parametrize("key", CALLS, ids=" ".join)
def test_who_does_not_reach_the_pipeline_is_told_nothing(
    world: World, key: tuple[str, str]
) -> None:
    method, wanted = key[0], CALLS[key]
    factories.a_pipeline("other")
    member = factories.a_person(roles=("reviewer", "lead"), pipelines=("other",))
    user = getattr(world, wanted.who)
    factories.a_person(
        user.username,
        roles=("reviewer", "lead") if wanted.who == "reviewer" else (),
        pipelines=("intents", "other"),
    )
    for caller in (a_caller(member, *EVERY), a_caller(user, *EVERY, pipelines=("other",))):
        answer = call(caller, method, wanted, world)
        if wanted.elsewhere == 404:
            problem(answer, 404)
        else:
            assert answer.status_code == wanted.elsewhere, answer.content
            nothing = wanted.elsewhere == 204 or answer.json().get("results", []) == []
            assert wanted.shared or nothing


@pytest.mark.parametrize("key", CALLS, ids=" ".join)
def test_the_right_token_is_served_by_each_scope_alone(world: World, key: tuple[str, str]) -> None:
    method, wanted = key[0], CALLS[key]
    scope = wanted.scopes[0]
    answer = call(a_caller(getattr(world, wanted.who), scope), method, wanted, world)
    assert answer.status_code == wanted.status, answer.content


@pytest.mark.parametrize("key", CALLS, ids=" ".join)
def test_a_session_is_no_token_and_a_token_in_the_address_is_none(
    world: World, key: tuple[str, str]
) -> None:
    method, wanted = key[0], CALLS[key]
    user = getattr(world, wanted.who)
    signed_in = Api("")
    signed_in.client = Client(raise_request_exception=False)
    signed_in.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    problem(call(signed_in, method, wanted, world), 401)
    text = factories.a_token(user, *EVERY)
    address = wanted.address(world)
    for name in ("token", "access_token", "authorization"):
        joined = f"{address}{'&' if '?' in address else '?'}{name}={text}"
        problem(Api("")(method, joined, {}), 401)
        problem(a_caller(user, *wanted.scopes)(method, joined, {}, **wanted.headers), 400)


@pytest.mark.parametrize("key", sorted(OPEN), ids=" ".join)
def test_what_is_open_shows_no_data(world: World, key: tuple[str, str]) -> None:
    answer = Client().get(f"/{PREFIX}{key[1]}")
    assert answer.status_code == 200
    assert b"intents" not in answer.content
