"""Every address that is no API: closed to strangers, and no form without its token (T4, T16)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from governance.models import User
from tests import factories
from tests.security.access.test_matrix import walk

pytestmark = pytest.mark.django_db
SAMPLES = {
    "uuid": "01900000-0000-7000-8000-000000000000",
    "int": "1",
    "slug": "intents",
    "path": "1",
    "str": "x",
}
# What everybody may see.
PUBLIC = re.compile(
    r"healthz|readyz|metrics|sign-in|sign-in/once/x|admin/login/|admin/logout/|admin/jsi18n/|theme|favicon.ico"
)


def addresses() -> Iterator[str]:
    """Yield an address for each route outside the API, its parts filled with samples."""
    for route, _ in walk(get_resolver().url_patterns, ""):
        if route.startswith(("api/", "^api/")):
            continue
        text = re.sub(r"<(?:(\w+):)?\w+>", lambda m: SAMPLES[m.group(1) or "str"], route)
        text = re.sub(r"\(\?P<\w+>[^)]*\)|\.\*", "x", text).strip("^$").replace("\\Z", "")
        yield text


ADDRESSES = sorted(set(addresses()))


def closed(answer: Any) -> bool:
    """Return whether an answer shows nothing: a way to sign in, a refusal, or nothing there."""
    if answer.status_code in (301, 302):
        return (
            "sign-in" in answer["Location"]
            or "login" in answer["Location"]
            or answer["Location"] == "/"
        )
    return answer.status_code in (400, 401, 403, 404, 405)


def test_there_are_pages_to_try() -> None:
    assert len(ADDRESSES) > 50


def test_a_stranger_sees_no_page() -> None:
    client = Client(raise_request_exception=False)
    opened = [
        (address, answer.status_code)
        for address in ADDRESSES
        if not PUBLIC.fullmatch(address) and not closed(answer := client.get(f"/{address}"))
    ]
    assert opened == []


def test_a_person_without_a_role_sees_nothing_of_the_admin() -> None:
    factories.a_pipeline()
    client = Client(raise_request_exception=False)
    client.force_login(
        factories.a_person(roles=()), backend="django.contrib.auth.backends.ModelBackend"
    )
    opened = [
        address
        for address in ADDRESSES
        if address.startswith("admin/")
        and not PUBLIC.fullmatch(address)
        and not closed(client.get(f"/{address}"))
    ]
    assert opened == []


def test_no_form_is_taken_without_its_token(admin_user: User) -> None:
    factories.a_pipeline()
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(admin_user, backend="django.contrib.auth.backends.ModelBackend")
    taken = [
        (address, answer.status_code)
        for address in ADDRESSES
        if (answer := client.post(f"/{address}", {"x": "y"})).status_code
        not in (302, 403, 404, 405)
    ]
    assert taken == []


def test_nobody_is_led_to_another_site() -> None:
    person = factories.a_person(roles=(), pipelines=())
    for away in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"):
        client = Client(raise_request_exception=False)
        answer = client.post(
            "/sign-in",
            {"username": person.username, "password": factories.PASSWORD, "next": away},
        )
        assert "evil" not in answer.get("Location", "")
        assert not answer.get("Location", "").startswith("javascript")
