"""Error pages for people, with the id of the request."""

import pytest
from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.http import Http404
from django.test import Client, RequestFactory

from governance.domain import correlation
from hitlsite import errors


@pytest.fixture
def request_id():
    mark = correlation.begin("a-request-of-a-test")
    yield "a-request-of-a-test"
    correlation.end(mark)


def test_what_does_not_exist_has_a_page(db):
    answer = Client().get("/nowhere", headers={"X-Request-ID": "abcdefgh-1"})

    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
    assert "abcdefgh-1" in answer.content.decode()


def test_error_pages_need_no_database(request_id):
    request = RequestFactory().get("/queues")

    pages = [
        errors.bad_request(request, BadRequest()),
        errors.permission_denied(request, Exception()),
        errors.csrf_failure(request),
        errors.not_found(request, Http404()),
        errors.server_error(request),
    ]

    assert [page.status_code for page in pages] == [400, 403, 403, 404, 500]
    assert all(request_id in page.content.decode() for page in pages)


def test_a_lost_database_is_said(request_id):
    try:
        raise OperationalError
    except OperationalError:
        answer = errors.server_error(RequestFactory().get("/queues"))

    assert answer.status_code == 503
    assert "The database does not answer" in answer.content.decode()


def test_a_forged_host_is_refused(db):
    assert Client().get("/sign-in", headers={"Host": "evil.example"}).status_code == 400
