"""What compliance does without code: sources, consents, holds, retention and erasures."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.models import (
    ConsentRecord,
    DataSource,
    ErasureRequest,
    HoldLift,
    LegalHold,
    RetentionRule,
)
from reviews.models import Prediction
from tests import factories
from tests.privacy.conftest import Scene, about, decided, declare, seal


def a_browser(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def at(model: type, act: str, *args: Any) -> str:
    return reverse(f"admin:governance_{model._meta.model_name}_{act}", args=args)


def sent(client: Client, address: str, **fields: Any) -> Any:
    answer = client.post(address, fields)
    assert answer.status_code == 302, answer.content.decode()
    return client.get(answer["Location"])


def test_compliance_declares_a_source_and_corrects_it(scene: Scene) -> None:
    client = a_browser(scene.officer)
    said = {"origin": "Customers", "purposes": "training, audit", "basis": "contract"}
    named = {"pipeline": scene.pipeline.pk, "name": "crm", "reason": "It is so"}
    assert client.get(at(DataSource, "add")).status_code == 200
    sent(client, at(DataSource, "add"), **said, **named)
    row = DataSource.objects.get()
    assert row.purposes == ["audit", "training"]
    sent(client, at(DataSource, "change", row.pk), **(said | {"basis": "consent"}), reason="Asked")
    row.refresh_from_db()
    assert (row.name, row.basis) == ("crm", "consent")
    assert row.history.count() == 2
    page = client.post(at(DataSource, "add"), said | named | {"purposes": "Not One"})
    assert "A purpose is a word" in page.content.decode()


def test_compliance_records_a_consent_and_withdraws_it_without_a_reason(scene: Scene) -> None:
    declare(scene)
    decided(scene, "c-1")
    client = a_browser(scene.officer)
    page = sent(
        client, at(ConsentRecord, "add"), subject="c-1", pipeline="intents", purpose="training",
        given="agrees", channel="letter", note="Filed",
    )  # fmt: skip
    assert "Filed" in page.content.decode()
    seal(scene)
    row = ConsentRecord.objects.get()
    page = sent(client, at(ConsentRecord, "withdraw", row.pk))
    assert "answers@1 (1 rows)" in page.content.decode()
    assert ConsentRecord.objects.filter(withdraws=row, given=False).exists()
    listed = client.get(at(ConsentRecord, "changelist"), {"q": "c-1"}).content.decode()
    assert listed.count("c-1") >= 2
    again = client.post(at(ConsentRecord, "withdraw", row.pk), {}).content.decode()
    assert "withdrawn already" in again


def test_compliance_places_a_hold_and_lifts_it(scene: Scene) -> None:
    client = a_browser(scene.officer)
    sent(client, at(LegalHold, "add"), subject="c-1", reason="A case")
    row = LegalHold.objects.get()
    assert "Lift" in client.get(at(LegalHold, "change", row.pk)).content.decode()
    sent(client, at(LegalHold, "lift", row.pk), reason="Closed")
    assert HoldLift.objects.get().reason == "Closed"
    page = client.post(at(LegalHold, "add"), {"reason": "A case"}).content.decode()
    assert "Say what is held" in page


def test_an_erasure_shows_its_plan_and_a_second_person_executes_it(scene: Scene) -> None:
    factories.send(scene.bot, about("c-1"))
    first, second = a_browser(scene.officer), a_browser(scene.second)
    page = sent(
        first, at(ErasureRequest, "add"), subject="c-1", reason="Article 17", pipeline="intents"
    )
    shown = page.content.decode()
    assert "Somebody else executes it" in shown
    assert "17(3)" in shown
    row = ErasureRequest.objects.get()
    own = first.post(at(ErasureRequest, "execute", row.pk), {})
    assert own.status_code == 200
    assert "Somebody else" in own.content.decode()
    assert "Erase</button>" in second.get(at(ErasureRequest, "execute", row.pk)).content.decode()
    sent(second, at(ErasureRequest, "execute", row.pk))
    assert Prediction.objects.get().input == {"erased": True}
    row.refresh_from_db()
    assert (row.state, row.ended_by) == ("executed", scene.second)


def test_a_held_erasure_names_the_hold_and_has_no_button(scene: Scene) -> None:
    factories.send(scene.bot, about("c-1"))
    first, second = a_browser(scene.officer), a_browser(scene.second)
    sent(first, at(LegalHold, "add"), pipeline="intents", reason="Case 17")
    sent(first, at(ErasureRequest, "add"), subject="c-1", reason="x", pipeline="intents")
    row = ErasureRequest.objects.get()
    page = second.get(at(ErasureRequest, "execute", row.pk)).content.decode()
    assert "Case 17" in page
    assert "Erase</button>" not in page
    sent(second, at(ErasureRequest, "reject", row.pk), reason="Held for years")
    row.refresh_from_db()
    assert row.state == "rejected"


def test_compliance_sets_retention_above_the_floor_and_sees_what_would_go(scene: Scene) -> None:
    client = a_browser(scene.officer)
    low = client.post(
        at(RetentionRule, "add"), {"record_class": "routing", "days": 100, "reason": "x"}
    )
    assert low.status_code == 200
    sent(client, at(RetentionRule, "add"), record_class="routing", days=200, reason="Shorter")
    assert RetentionRule.objects.get().days == 200
    factories.send(scene.bot, about("c-1"))
    page = client.get(reverse("admin:governance_retentionrule_due")).content.decode()
    assert "200 days" in page
    assert "365 days" in page


@pytest.mark.parametrize("roles", [("auditor",), ("approver",), ("reviewer",)])
def test_nobody_else_acts(scene: Scene, roles: tuple[str, ...]) -> None:
    factories.send(scene.bot, about("c-1"))
    officer = a_browser(scene.officer)
    sent(officer, at(ErasureRequest, "add"), subject="c-1", reason="x", pipeline="intents")
    row = ErasureRequest.objects.get()
    other = a_browser(factories.a_person(roles=roles))
    for address in (
        at(DataSource, "add"), at(ConsentRecord, "add"), at(LegalHold, "add"),
        at(RetentionRule, "add"), at(ErasureRequest, "add"),
        at(ErasureRequest, "execute", row.pk), at(ErasureRequest, "reject", row.pk),
    ):  # fmt: skip
        answer = other.post(address, {"reason": "x", "subject": "c-1"}, follow=True)
        assert answer.status_code == 403, address
