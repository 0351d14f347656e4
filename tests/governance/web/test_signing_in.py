"""Signing in and out, links that work once, and the theme."""

import re

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.test import Client
from django.utils import timezone

from governance.enums import UserKind
from governance.models import SignInLink, User
from governance.services import sign_in_links
from tests import factories

WRONG = re.compile(r'id="wrong".*?</div>', re.DOTALL)


@pytest.fixture
def person(db):
    factories.a_pipeline()
    return factories.a_person("maria")


def sign_in(client: Client, username: str = "maria", password: str = factories.PASSWORD, **more):
    return client.post("/sign-in", {"username": username, "password": password, **more})


def test_a_person_signs_in_under_a_new_session_and_out(person):
    client = Client()
    client.get("/sign-in")
    client.session["planted"] = "1"
    client.session.save()
    before = client.session.session_key

    answer = sign_in(client, next="/queues")

    after = client.session.session_key
    assert (answer.status_code, answer["Location"]) == (302, "/queues")
    assert after != before
    client.post("/sign-out")
    assert client.get("/queues").status_code == 302
    client.cookies[settings.SESSION_COOKIE_NAME] = after
    assert client.get("/queues").status_code == 302


@pytest.mark.parametrize(
    "following",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "queues"],
)
def test_only_own_paths_are_gone_on_to(person, following):
    assert sign_in(Client(), next=following)["Location"] == "/"


def test_wrong_name_wrong_password_and_no_person_are_told_alike(person):
    gone = factories.a_person("gone")
    gone.is_active = False
    gone.because(None, "For a test").save()
    pages = [
        sign_in(Client(), "maria", "wrong"), sign_in(Client(), "nobody", "wrong"),
        sign_in(Client(), "gone"),
    ]  # fmt: skip

    told = {WRONG.search(page.content.decode())[0] for page in pages}
    assert {page.status_code for page in pages} == {422}
    assert len(told) == 1


def test_a_service_cannot_sign_in(person):
    bot = User(username="robot", kind=UserKind.SERVICE)
    bot.set_password(factories.PASSWORD)
    bot.because(None, "For a test").save()

    answer = sign_in(Client(), "robot")

    assert answer.status_code == 422
    assert "The name or the password is wrong." in answer.content.decode()


def test_too_many_tries_lock_the_name_for_a_while(person):
    client = Client()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = sign_in(client, password="wrong")

    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert "Too many tries" in answer.content.decode()
    assert sign_in(client).status_code == 429
    AccessAttempt.objects.all().delete()


def test_a_password_that_changed_ends_the_session(person):
    client = Client()
    sign_in(client)
    person.set_password("another long password 12")
    person.because(None, "Changed").save()

    assert client.get("/queues").status_code == 302


def test_a_person_who_is_deactivated_is_out_at_once(person):
    client = Client()
    sign_in(client)
    person.is_active = False
    person.because(None, "Left").save()

    assert client.get("/queues").status_code == 302


def test_a_form_from_elsewhere_is_refused(person):
    client = Client(enforce_csrf_checks=True)

    assert sign_in(client).status_code == 403


def test_opening_a_link_spends_nothing_and_the_button_signs_in_once(person):
    path = sign_in_links.issue(user=person, actor=None, now=timezone.now())
    client = Client()

    for _ in range(3):
        page = client.get(path)
        assert page.status_code == 200
        assert page["Referrer-Policy"] == "strict-origin"
    assert SignInLink.objects.get().used_at is None

    assert client.post(path)["Location"] == "/"
    assert client.get("/queues").status_code == 200
    person.refresh_from_db()
    assert person.last_login is not None
    again = Client().post(path)
    assert again.status_code == 404
    assert "used already or has expired" in again.content.decode()


def test_the_theme_is_kept_and_in_the_first_bytes(db):
    client = Client()

    answer = client.post("/theme", {"theme": "dark", "next": "/sign-in"})

    assert answer["Location"] == "/sign-in"
    assert 'data-theme="dark"' in client.get("/sign-in").content.decode()
    client.post("/theme", {"theme": "neon"})
    assert "data-theme" not in client.get("/sign-in").content.decode()
    client.cookies["theme"] = '"><script>'
    assert "<script>" not in client.get("/sign-in").content.decode().split("<body>")[0][:300]


def test_a_theme_leads_only_to_own_paths(db):
    answer = Client().post("/theme", {"theme": "dark", "next": "//evil.example"})

    assert answer["Location"] == "/"
