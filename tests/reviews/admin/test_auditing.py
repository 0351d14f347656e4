"""The page of the clock audit: read by those who audit, within their reach, and by nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.models import User
from reviews.admin.auditing import WORDS
from reviews.selectors import auditing
from reviews.services import sweeping
from tests import factories
from tests.reviews.clocks.office import Office, policy

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/reviews/slaclock/audit/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.fixture
def late() -> Office:
    """Return an office with a late clock that no sweep has seen."""
    office = Office(policy(calendar="always"))
    office.item = factories.an_item(office.bot, now=timezone.now() - timedelta(hours=5))
    return office


def test_a_late_clock_is_named_with_a_link(late: Office) -> None:
    shown = text(signed_in(factories.an_administrator()).get(ADDRESS))
    assert "1 thing is not as it should be" in shown
    assert f"/admin/reviews/slaclock/{late.clock().pk}/change/" in shown
    for words in WORDS.values():
        assert str(words).replace("'", "&#x27;") in shown


def test_where_nothing_is_wrong_it_says_so(late: Office) -> None:
    sweeping.sweep(now=timezone.now)
    assert "All is as it should be" in text(signed_in(factories.an_administrator()).get(ADDRESS))


def test_many_are_counted_and_some_are_named(late: Office) -> None:
    for _ in range(6):
        factories.an_item(late.bot, now=timezone.now() - timedelta(hours=5))
    shown = text(signed_in(factories.an_administrator()).get(ADDRESS))
    assert "7 things are not as they should be" in shown
    assert "and 2 more" in shown
    assert shown.count("/admin/reviews/slaclock/0") == auditing.NAMED


def test_an_auditor_sees_the_clocks_of_their_pipelines(late: Office) -> None:
    factories.apply(factories.pipeline_document(slug="other"))
    mine, other = (
        factories.a_person(f"auditor-{slug}", roles=("auditor",), pipelines=(slug,), skills=())
        for slug in ("intents", "other")
    )
    shown = text(signed_in(mine).get(ADDRESS))
    assert "1 thing is not as it should be" in shown
    # What is of the whole site is for those who see all of it.
    assert str(WORDS[auditing.DRIFTED]) not in shown
    assert "All is as it should be" in text(signed_in(other).get(ADDRESS))


def test_nobody_else_reads_it_and_nobody_sends_to_it(late: Office) -> None:
    assert signed_in(late.lea).get(ADDRESS, follow=True).status_code == 403
    assert Client().get(ADDRESS).status_code == 302
    assert signed_in(factories.an_administrator()).post(ADDRESS).status_code == 403


def test_the_list_of_clocks_links_to_it(late: Office) -> None:
    shown = text(signed_in(factories.an_administrator()).get("/admin/reviews/slaclock/"))
    assert f'href="{ADDRESS}"' in shown
