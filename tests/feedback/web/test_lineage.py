"""The page of lineage: drawn, listed and to be downloaded, for who may read it."""

import re
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from feedback.models import FeedbackSignal
from feedback.services import signals
from governance.models import User
from tests import factories
from tests.feedback.conftest import House

BACKEND = "django.contrib.auth.backends.ModelBackend"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def lead(house: House) -> Client:
    house.resolved("balance")
    house.agreed(("balance", "balance"))
    house.sealed(house.dataset())
    signals.sweep(now=timezone.now)
    return browser(factories.a_person("lead", roles=("lead",)))


def test_the_page_draws_and_lists_both_directions(house: House, lead: Client) -> None:
    signal = FeedbackSignal.objects.filter(kind="corrected").first()
    decision = signal.decisions[0]
    page = lead.get(f"/lineage/decision:{decision}")
    assert page.status_code == 200
    text = page.content.decode()
    drawn = set(
        re.findall(r'<a href="/lineage/([^"]+)"', text.split("<svg width")[1].split("</svg>")[0])
    )
    assert f"decision:{decision}" in drawn
    assert "dataset:answers@1" in drawn
    assert f"signal:{signal.pk}" in drawn
    assert any(ref.startswith("prediction:") for ref in drawn)
    listed = text.split("</figure>")[1]
    assert all(ref in listed for ref in drawn - {f"decision:{decision}"})


@pytest.mark.parametrize("form", ["json", "ndjson", "prov", "openlineage"])
def test_a_direction_can_be_downloaded(lead: Client, form: str) -> None:
    answer = lead.get(f"/lineage/dataset:answers@1?direction=up&format={form}")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="dataset-answers-1-up.')
    body = b"".join(answer)
    assert orjson.loads(body.splitlines()[0])


@pytest.mark.parametrize(
    "path",
    ["x", "decision:x", "dataset:answers@2", "dataset:answers@1?format=xml",
     "dataset:answers@1?format=json&direction=left", "model:a@1"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(lead: Client, path: str) -> None:
    assert lead.get(f"/lineage/{path}").status_code == 404


def test_the_start_page_leads_to_a_reference_and_says_what_is_wrong_with_another(
    lead: Client,
) -> None:
    assert "answers@1" in lead.get("/lineage").content.decode()
    found = lead.get("/lineage?ref=dataset:answers@1")
    assert (found.status_code, found["Location"]) == (303, "/lineage/dataset:answers@1")
    for wrong in ("x", "dataset:other@1"):
        page = lead.get("/lineage", {"ref": wrong})
        assert page.status_code == 422
        assert 'aria-invalid="true"' in page.content.decode()


def test_only_who_settles_signs_or_audits_reads_it(house: House, lead: Client) -> None:
    for roles, status in ((("auditor",), 200), (("approver",), 200), (("reviewer",), 403)):
        reader = browser(factories.a_person(roles=roles))
        assert reader.get("/lineage/dataset:answers@1").status_code == status, roles
    assert Client().get("/lineage").status_code == 302
    House("other")
    stranger = browser(factories.a_person(roles=("lead",), pipelines=("other",)))
    assert stranger.get("/lineage/dataset:answers@1").status_code == 404


def test_a_version_of_many_rows_shows_a_few_and_says_that_there_are_more(
    house: House, lead: Client, monkeypatch: Any
) -> None:
    for _ in range(5):
        house.resolved()
    house.sealed(house.dataset("many"))
    monkeypatch.setattr("feedback.web.lineage.SHOWN", 3)
    text = lead.get("/lineage/dataset:many@1").content.decode()
    assert "There is more" in text
    assert text.split("</figure>")[1].count("/lineage/decision:") == 3
