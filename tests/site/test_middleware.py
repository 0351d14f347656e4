"""What surrounds every request: its id, its true origin, its headers, its slash."""

import json
import logging
import uuid

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from hitlsite.middleware import TrustedProxyMiddleware

pytestmark = pytest.mark.django_db


def test_a_request_gets_an_id_that_its_problem_carries(client: Client) -> None:
    answer = client.get("/api/v1/nothing")

    assert str(uuid.UUID(answer["X-Request-ID"])) == answer["X-Request-ID"]
    assert json.loads(answer.content)["request_id"] == answer["X-Request-ID"]


def test_a_fair_id_of_the_caller_is_kept_and_another_is_not(client: Client) -> None:
    fair = client.get("/healthz", headers={"X-Request-ID": "trace-0123456789"})
    assert fair["X-Request-ID"] == "trace-0123456789"
    for forged in ("short", "x" * 65, "a b c d e f", "line\nbreak-line", "<script>alert</script>"):
        answer = client.get("/healthz", headers={"X-Request-ID": forged})
        assert answer["X-Request-ID"] != forged


def test_a_request_is_logged_with_its_id_and_without_its_query(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="countersign.access"):
        client.get("/healthz?token=hidden")

    (record,) = [r for r in caplog.records if r.name == "countersign.access"]
    assert record.getMessage().startswith("GET /healthz 200")
    assert "hidden" not in caplog.text


def _seen(settings: Settings, address: str, trusted: list[str], **meta: str) -> HttpRequest:
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR=address, **meta)
    TrustedProxyMiddleware(lambda _: HttpResponse())(request)
    return request


@pytest.mark.parametrize(
    ("address", "chain", "seen"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "not-an-address", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
    ],
)
def test_only_a_trusted_proxy_says_who_calls(
    settings: Settings, address: str, chain: str, seen: str
) -> None:
    request = _seen(settings, address, ["10.0.0.0/8"], HTTP_X_FORWARDED_FOR=chain)

    assert request.META["REMOTE_ADDR"] == seen


def test_only_a_trusted_proxy_says_that_it_was_https(settings: Settings) -> None:
    said = {"HTTP_X_FORWARDED_PROTO": "https"}
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    assert _seen(settings, "10.0.0.1", ["10.0.0.1/32"], **said).is_secure()
    assert not _seen(settings, "203.0.113.5", ["10.0.0.1/32"], **said).is_secure()


def test_every_answer_carries_its_headers(client: Client) -> None:
    for path in ("/healthz", "/api/v1/nothing", "/no-such-page"):
        answer = client.get(path)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-" not in policy
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        assert "camera=()" in answer["Permissions-Policy"]
    assert client.get("/api/v1/nothing")["Cache-Control"] == "no-store"


def test_addresses_of_the_api_end_in_a_slash_or_not(client: Client) -> None:
    assert client.get("/api/v1/openapi.json/").status_code == 200
    assert client.get("/api/v1/predictions/").status_code == 401


def test_unknown_places_answer_machines_with_problems_and_people_with_a_page(
    client: Client,
) -> None:
    problem = client.get("/api/v2/anything")
    assert (problem.status_code, problem["Content-Type"]) == (404, "application/problem+json")
    page = client.get("/anything")
    assert page.status_code == 404
    assert page["Content-Type"].startswith("text/html")


def test_a_host_that_is_not_ours_is_refused(client: Client) -> None:
    answer = client.get("/api/v1/predictions", HTTP_HOST="evil.example.org")

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
