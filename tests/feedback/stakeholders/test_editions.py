"""What stakeholders are told: figures from the record, editions that stay, and who reads them."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
import rfc8785
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from feedback.domain.estimators import Figure
from feedback.domain.stakeholder_pages import Part, Written, performance
from feedback.models import StakeholderEdition
from feedback.selectors import stakeholders as seen
from feedback.services import stakeholders
from feedback.services.stakeholders import Wanted
from governance.exceptions import InvalidInput, NotFound, NotPermitted
from governance.models import AuditEvent, User
from governance.selectors import principals
from tests import factories, governed
from tests.feedback.conftest import House
from tests.feedback.web.test_lineage import browser

WRITTEN = Written(
    "It sorts what customers write.", "Who writes to the bank.",
    limits=("It knows <b>no</b> Dutch.", " "), planned=("Dutch, next spring.",),
)  # fmt: skip


@pytest.fixture
def approver(house: House) -> User:
    return factories.a_person("ada", roles=("approver",))


def published(by: User, publicity: str = "public", **changes: Any) -> StakeholderEdition:
    wanted = Wanted("intents", publicity, changes.pop("written", WRITTEN), "The first of them.")
    return stakeholders.publish(
        principal=principals.of_person(by), actor=by, wanted=wanted,
        now=changes.pop("now", timezone.now()),
    )  # fmt: skip


def test_o5_an_edition_says_what_was_written_and_what_follows_from_the_record(
    house: House, approver: User
) -> None:
    for label in ("card_arrival",) * 30 + ("balance",) * 2:
        house.resolved(label, now=timezone.now(), scenario_type="cards")
    house.resolved(now=timezone.now(), scenario_type="loans")
    row = published(approver)
    said = row.content
    assert said["written"]["limits"] == ["It knows <b>no</b> Dutch."]
    assert said["performance"]["over_all"]["settled"] == 33
    (cards,) = said["performance"]["slices"]
    assert (cards["slice"], cards["n"], cards["right"]) == ("cards", 32, round(30 / 32, 4))
    # People looked at all of them, so that nothing is left to chance.
    assert cards["interval"] == [cards["right"]] * 2
    assert said["performance"]["too_few"] == 1
    assert {tier["tier"] for tier in said["oversight"]["tiers"]} == {"low", "mid", "high"}
    assert said["state"]["config"] == 1


def test_the_digest_is_of_the_content_and_the_ledger_has_it(house: House, approver: User) -> None:
    row = published(approver)
    row.refresh_from_db()
    assert row.digest == hashlib.sha256(rfc8785.dumps(row.content)).hexdigest()
    event = AuditEvent.objects.get(action="stakeholders.told")
    assert (event.stream, event.detail["digest"]) == ("pipeline:intents", row.digest)


def test_no_edition_is_changed_and_a_second_has_the_next_number(
    house: House, approver: User
) -> None:
    first, second = published(approver), published(approver, "nobody")
    assert (first.number, second.number) == (1, 2)
    again = StakeholderEdition(**{
        field.attname: getattr(second, field.attname) for field in second._meta.fields
        if field.name != "id"
    })  # fmt: skip
    with pytest.raises(IntegrityError, match="stakeholderedition"), transaction.atomic():
        again.save()


@pytest.mark.parametrize(
    ("publicity", "anybody", "signed_in"),
    [("public", 200, 200), ("internal", 404, 200), ("nobody", 404, 404)],
)
def test_who_reads_it_is_as_it_says(
    house: House, approver: User, publicity: str, anybody: int, signed_in: int
) -> None:
    published(approver, "public")
    published(approver, publicity)
    assert Client().get("/about/intents").status_code == anybody
    assert browser(house.reviewer).get("/about/intents").status_code == signed_in


def test_what_was_written_is_text_and_the_json_has_the_digest(house: House, approver: User) -> None:
    row = published(approver)
    text = Client().get("/about/intents").content.decode()
    assert "It knows &lt;b&gt;no&lt;/b&gt; Dutch." in text
    assert row.digest in text
    assert approver.username not in text
    raw = Client().get("/about/intents?format=json").content
    assert hashlib.sha256(raw).hexdigest() == row.digest
    assert json.loads(raw)["written"]["does"] == WRITTEN.does


def test_it_says_what_has_changed_since(house: House, approver: User) -> None:
    row = published(approver)
    assert seen.changed(row, timezone.now()) == []
    factories.apply(factories.pipeline_document(name="Another"))
    lead = governed.approvers(1)[0]
    governed.stop(lead)
    row = StakeholderEdition.objects.select_related("pipeline__live").get()
    assert seen.changed(row, timezone.now()) == [
        "The rules and the tiers were changed.", "There is now 1 stop.",
    ]  # fmt: skip
    assert "no longer as things are" in Client().get("/about/intents").content.decode()
    late = timezone.now() + timedelta(days=91)
    assert "The figures are 91 days old." in seen.changed(row, late)
    auditor = principals.of_person(factories.a_person("aud", roles=("auditor",)))
    assert seen.outdated(auditor, timezone.now()) == [row]


@pytest.mark.parametrize(
    ("written", "pointer"),
    [
        (Written(" ", "All."), "/does"),
        (Written("It sorts.", ""), "/concerns"),
        (Written("x" * 2001, "All."), "/does"),
        (Written("It sorts.", "All.", limits=("x",) * 21), "/limits"),
        (Written("It sorts.", "All.", planned=("a", "x" * 301)), "/planned/1"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_told(
    house: House, approver: User, written: Written, pointer: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        published(approver, written=written)
    assert caught.value.faults[0].pointer == pointer
    assert not StakeholderEdition.objects.exists()


def test_only_who_signs_changes_publishes_and_only_of_what_is_in_force(
    house: House, approver: User
) -> None:
    with pytest.raises(NotPermitted):
        published(house.reviewer)
    stranger = factories.a_person("eve", roles=("approver",), pipelines=["intents"])
    House("other")
    with pytest.raises(NotFound):
        stakeholders.publish(
            principal=principals.of_person(stranger), actor=stranger, now=timezone.now(),
            wanted=Wanted("other", "public", WRITTEN, "x"),
        )  # fmt: skip


def test_a_figure_of_few_cases_is_not_told() -> None:
    few, many = Figure(0.5, (0.3, 0.7)), Figure(0.9, (0.88, 0.92))
    parts = [Part("few", 100, 29, few), Part("many", 100, 30, few), Part("none", 9, 0, None)]
    said = performance(Part("", 300, 90, many), parts, "x", 90)
    assert [(each["slice"], each["weak"]) for each in said["slices"]] == [("many", True)]
    assert said["too_few"] == 2


def test_the_form_is_looked_at_before_it_is_published(house: House, approver: User) -> None:
    client = browser(approver)
    form = {
        "does": "It sorts.", "concerns": "All.", "limits": "No Dutch.\r\nNo slang.",
        "planned": "", "publicity": "public", "reason": "First.",
    }  # fmt: skip
    page = client.post("/pipelines/intents/about", form | {"act": "preview"})
    assert page.status_code == 200
    assert page.content.decode().count("No slang.") == 2
    assert not StakeholderEdition.objects.exists()
    refused = client.post("/pipelines/intents/about", form | {"act": "publish", "reason": ""})
    assert refused.status_code == 422
    assert "Say why it is told now." in refused.content.decode()
    assert client.post("/pipelines/intents/about", form | {"act": "publish"}).status_code == 303
    assert StakeholderEdition.objects.get().content["written"]["limits"] == [
        "No Dutch.", "No slang.",
    ]  # fmt: skip
    assert 'value="public" selected' in client.get("/pipelines/intents/about").content.decode()
