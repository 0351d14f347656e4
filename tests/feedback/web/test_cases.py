"""The page of a case: all of it on one sheet, with what verifies and what does not yet."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from governance.domain import case_verifier
from governance.services import sealing
from reviews.models import Prediction
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def prediction() -> Prediction:
    factories.a_pipeline()
    factories.an_item(factories.a_service(), "high")
    for number, name in enumerate(("ann", "ben")):
        person = factories.a_person(name)
        held = factories.claim(person, now=NOW + timedelta(minutes=number))
        assert held is not None
        factories.decide(person, held, now=NOW + timedelta(minutes=number))
    sealing.seal_all(now=NOW)
    return Prediction.objects.get()


def signed_in(*roles: str) -> Client:
    client = Client()
    person = factories.a_person("aud", roles=roles)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_it_says_what_was_decided_why_and_that_it_verifies(prediction: Prediction) -> None:
    page = signed_in("auditor").get(f"/predictions/{prediction.pk}/case").content.decode()
    for words in (
        "It verifies", "ann: accept", "The words of the request name it.", "Settled by agreement",
        "decision.made", "version 1",
    ):  # fmt: skip
        assert words in page, words


def test_it_says_so_while_something_is_not_sealed_yet(prediction: Prediction) -> None:
    from governance.services import ledger

    ledger.append(
        stream=f"prediction:{prediction.pk}", action="a.b", actor=None, now=NOW, detail={}
    )
    page = signed_in("auditor").get(f"/predictions/{prediction.pk}/case").content.decode()
    assert "is not sealed yet" in page
    assert "It verifies" not in page


def test_the_evidence_and_its_verifier_are_handed_out(prediction: Prediction) -> None:
    client = signed_in("auditor")
    evidence = client.get(f"/predictions/{prediction.pk}/case.json")
    assert "attachment" in evidence["Content-Disposition"]
    assert case_verifier.verify(evidence.content, [str(settings.LEDGER_SIGNER.verifier)])
    program = client.get("/case_verifier.py").content.decode()
    assert program.startswith('"""Check a case file')


@pytest.mark.parametrize("path", ["case", "case.json"])
def test_reviewers_and_strangers_are_kept_out(prediction: Prediction, path: str) -> None:
    address = f"/predictions/{prediction.pk}/{path}"
    assert signed_in("reviewer").get(address).status_code == 403
    answer: Any = Client().get(address)
    assert answer.status_code == 302
    assert "/sign-in" in answer["Location"]


def test_what_is_not_there_is_not_found(prediction: Prediction) -> None:
    address = "/predictions/01900000-0000-7000-8000-000000000001/case"
    assert signed_in("auditor").get(address).status_code == 404
