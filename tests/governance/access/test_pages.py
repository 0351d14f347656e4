"""Access reviews in the admin."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance.models import AccessGrant, AccessReview, AccessVerdict
from tests import factories, governed

pytestmark = pytest.mark.django_db
BEHIND = "django.contrib.auth.backends.ModelBackend"
LIST = "/admin/governance/accessreview/"


@pytest.fixture
def officer(db):
    factories.a_pipeline()
    factories.a_person("ann")
    return factories.a_person("officer", roles=("approver", "auditor"))


@pytest.fixture
def client(officer) -> Client:
    client = Client()
    client.force_login(officer, backend=BEHIND)
    return client


def begun(client: Client) -> AccessReview:
    due = (timezone.now() + timedelta(days=7)).date().isoformat()
    said = {"pipeline": "intents", "due": due, "suspends": "on", "reason": "Every half year"}
    assert client.post(f"{LIST}add/", said).status_code == 302
    return AccessReview.objects.get()


def test_a_review_is_begun_looked_at_and_signed(client, officer) -> None:
    review = begun(client)
    page = client.get(f"{LIST}{review.pk}/change/").content.decode()
    assert "3 / 3" in page
    assert f"{LIST}{review.pk}/look/" in page
    grant = AccessGrant.objects.get(user__username="ann")
    own = AccessGrant.objects.filter(user=officer).first()
    said = {"reason": "Works here", f"grant-{grant.pk}": "keep", f"grant-{own.pk}": "keep"}
    told = client.post(f"{LIST}{review.pk}/look/", said)
    assert "This is your own" in told.content.decode()
    assert AccessVerdict.objects.get().grant == grant
    (second,) = governed.approvers(1)
    second.groups.add(*officer.groups.all())
    client.force_login(second, backend=BEHIND)
    rest = AccessGrant.objects.filter(verdict=None)
    said = {"reason": "So"} | {f"grant-{row.pk}": "keep" for row in rest}
    answer = client.post(f"{LIST}{review.pk}/look/", said)
    assert answer["Location"].endswith("/sign/")
    wrong = client.post(f"{LIST}{review.pk}/sign/", {"password": "not it"})
    assert "missing or wrong" in wrong.content.decode()
    assert (
        client.post(f"{LIST}{review.pk}/sign/", {"password": factories.PASSWORD}).status_code == 302
    )
    assert review.closing.signer == second


def test_nothing_chosen_is_an_error(client) -> None:
    review = begun(client)
    told = client.post(f"{LIST}{review.pk}/look/", {"reason": "So"}).content.decode()
    assert "Choose keep or revoke" in told


def test_an_auditor_reads_and_does_not_act(client, officer) -> None:
    review = begun(client)
    auditor = factories.a_person("omar", roles=("auditor",))
    client.force_login(auditor, backend=BEHIND)
    for place in ("", "matrix/", f"{review.pk}/change/"):
        assert client.get(LIST + place).status_code == 200
    assert client.get("/admin/governance/accessgrant/?verdict=none").status_code == 200
    for place in ("add/", f"{review.pk}/look/", f"{review.pk}/sign/"):
        assert client.post(LIST + place, {}).status_code == 403


def test_the_matrix_shows_who_may_do_what_on_a_day(client) -> None:
    page = client.get(f"{LIST}matrix/?permission=approve&pipeline=intents").content.decode()
    assert "officer" in page
    assert ">ann<" not in page
    before = client.get(f"{LIST}matrix/?day=2020-01-01").content.decode()
    assert "0 accounts" in before
    assert "Enter a valid date" in client.get(f"{LIST}matrix/?day=x").content.decode()


def test_what_waits_for_a_look_is_on_the_index(client) -> None:
    begun(client)
    assert "3 grants of access wait for a look by" in client.get("/admin/").content.decode()
