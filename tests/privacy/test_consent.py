"""O18: consent is on record, taken back as easily as given, and honoured from the next version."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from feedback.models import DatasetEntry
from feedback.services import consents
from feedback.services.consents import Recorded, Wanted
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import AuditEvent, ConsentRecord
from governance.selectors import consents as selector
from governance.selectors import principals
from tests import factories
from tests.factories import NOW
from tests.privacy.conftest import LATER, Scene, decided, declare, seal


def record(scene: Scene, who: object = None, now: datetime = NOW, **wanted: object) -> Recorded:
    actor = who or scene.bot
    said = {"purpose": "training", "pipeline": "intents"} | wanted
    return consents.record(
        principal=principals.of_person(actor), actor=actor, wanted=Wanted(**said), now=now
    )


def withdraw(scene: Scene, made: Recorded, who: object = None) -> Recorded:
    actor = who or scene.bot
    return consents.withdraw(
        principal=principals.of_person(actor), actor=actor, consent_id=made.record.pk, now=LATER
    )


def subjects_in(version: object) -> set[str]:
    rows = DatasetEntry.objects.filter(version=version).select_related("prediction")
    return {row.prediction.subject_ref for row in rows}


def test_o18_a_withdrawal_lists_what_holds_the_person_and_keeps_them_out_of_the_next(
    scene: Scene,
) -> None:
    declare(scene)
    decided(scene, "c-1")
    decided(scene, "c-2")
    given = record(scene, subject="c-1", text_version="v3", channel="web", note="By phone")
    first = seal(scene)
    assert subjects_in(first) == {"c-1", "c-2"}

    taken = withdraw(scene, given)

    assert [(str(h.version), h.rows) for h in taken.contained_in] == [("answers@1", 1)]
    second = seal(scene)
    assert subjects_in(second) == {"c-2"}
    assert second.consent["left_out"] == 1
    assert first.consent["left_out"] == 0
    assert selector.in_force([given.record]) == set()
    event = AuditEvent.objects.get(action="consent.withdrawn")
    assert event.detail["contained_in"] == [str(first.pk)]
    assert '"c-1"' not in orjson.dumps(event.detail).decode()
    with pytest.raises(Conflict):
        withdraw(scene, given)


def test_o18_who_agrees_again_is_in_the_version_after(scene: Scene) -> None:
    declare(scene)
    decided(scene, "c-1")
    decided(scene, "c-2")
    withdraw(scene, record(scene, subject="c-1"))
    assert subjects_in(seal(scene)) == {"c-2"}
    record(scene, subject="c-1", now=LATER)
    assert subjects_in(seal(scene)) == {"c-1", "c-2"}


def test_a_withdrawal_by_a_clock_that_is_behind_still_comes_after_the_consent(
    scene: Scene,
) -> None:
    made = record(scene, subject="c-1", now=LATER + timedelta(minutes=9))
    taken = withdraw(scene, made)
    assert taken.record.recorded_at > made.record.recorded_at
    assert selector.in_force([made.record]) == set()


def test_a_refusal_needs_no_consent_before_it(scene: Scene) -> None:
    declare(scene)
    decided(scene, "c-1")
    decided(scene, "c-2")
    made = record(scene, subject="c-1", given=False)
    assert made.contained_in == []
    assert subjects_in(seal(scene)) == {"c-2"}


def test_o18_reviewers_take_back_the_use_of_their_judgement_by_themselves(scene: Scene) -> None:
    declare(scene)
    decided(scene, "c-1")
    given = record(scene, scene.reviewer, reviewer="maria", pipeline="")
    other = factories.a_person("other")
    factories.an_item(scene.bot)
    held = factories.claim(other)
    assert held is not None
    factories.decide(other, held)
    assert seal(scene).rows == 2
    with pytest.raises(NotPermitted):
        record(scene, other, reviewer="maria")
    with pytest.raises((NotFound, NotPermitted)):
        withdraw(scene, given, other)

    taken = withdraw(scene, given, scene.reviewer)

    assert [h.rows for h in taken.contained_in] == [1]
    assert seal(scene).rows == 1


def test_a_consent_for_another_purpose_or_pipeline_changes_nothing(scene: Scene) -> None:
    declare(scene)
    decided(scene, "c-1")
    factories.a_pipeline("elsewhere")
    far = factories.a_service("far", pipelines=("elsewhere",))
    record(scene, subject="c-1", purpose="marketing", given=False)
    record(scene, far, subject="c-1", pipeline="elsewhere", given=False)
    assert subjects_in(seal(scene)) == {"c-1"}


def test_what_was_said_is_sealed_and_read_back(scene: Scene) -> None:
    made = record(scene, subject="c-1", note="By phone")
    row = ConsentRecord.objects.get()
    assert "phone" not in row.sealed
    assert "c-1" not in row.subject.reference
    assert consents.note_of(made.record) == "By phone"


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({}, "/subject"),
        ({"subject": "x", "reviewer": "maria"}, "/subject"),
        ({"subject": "x", "purpose": "Train it"}, "/purpose"),
        ({"subject": "x", "note": "n" * 2001}, "/note"),
        ({"subject": "x" * 201}, "/subject"),
        ({"subject": "x", "at": LATER}, "/at"),
    ],
)
def test_a_bad_record_names_the_field(scene: Scene, wanted: dict, pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        record(scene, **wanted)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]
    assert ConsentRecord.objects.count() == 0


def test_a_subject_may_stand_anywhere_in_what_was_sent(db: None) -> None:
    factories.a_pipeline(privacy={"subject_field": "input.customer.id", "retain_days": 200})
    bot = factories.a_service()
    (row,) = factories.send(bot, factories.a_payload(input={"customer": {"id": 17}}))
    assert row.subject_ref == "17"


def test_o18_a_reviewer_agrees_and_withdraws_on_one_page_with_one_button_each(
    scene: Scene, client: Any
) -> None:
    declare(scene)
    decided(scene, "c-1")
    assert client.get("/my-consent").status_code == 302
    client.force_login(scene.reviewer, backend="django.contrib.auth.backends.ModelBackend")
    assert "You have not said anything yet" in client.get("/my-consent").content.decode()
    agreed = client.post("/my-consent", {"answer": "agree"}, follow=True).content.decode()
    assert "You agree." in agreed
    seal(scene)
    withdrawn = client.post("/my-consent", {"answer": "refuse"}, follow=True).content.decode()
    assert "You do not agree." in withdrawn
    assert "answers@1 (1 rows)" in withdrawn
    given = ConsentRecord.objects.get(given=True)
    assert ConsentRecord.objects.get(given=False).withdraws == given
    assert client.post("/my-consent", {"answer": "agree"}).status_code == 302
    assert selector.last_of(scene.reviewer.pk, "training").given
