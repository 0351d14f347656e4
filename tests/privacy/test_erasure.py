"""O19: after an erasure no value is readable anywhere, and every old proof still verifies."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from feedback.models import DatasetEntry, DatasetVersion, FeedbackSignal
from feedback.selectors import case_files, downloads
from feedback.selectors import datasets as dataset_selector
from feedback.selectors import invariants as of_datasets
from feedback.selectors.evidence import signal_digest
from feedback.services import consents, editions, erasures, signals
from feedback.services.consents import Wanted
from governance.domain import case_verifier
from governance.domain.invariants import Span
from governance.exceptions import Conflict, Held, NotFound, NotPermitted
from governance.models import AuditEvent, ErasureRequest, IdempotencyKey, Redaction, SubjectKey
from governance.selectors import principals, redactions
from governance.services import holds, sealing, subjects
from hitlsite import invariants
from reviews.models import Decision, Note, Outcome, Prediction, ReviewItem
from reviews.selectors import contents, intake_invariants
from reviews.services import notes, outcomes
from tests import factories
from tests.factories import NOW
from tests.privacy.conftest import LATER, Scene, about, decided, declare, seal

WHO = "zebulon-77"
NAME = "Quillfeather"
SPAN = Span(NOW + timedelta(days=1))


def everything() -> str:
    """Return all that is in the database, as text."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            for row in cursor.fetchall():
                for value in row:
                    raw = bytes(value) if isinstance(value, (bytes, memoryview)) else b""
                    found.append(raw.decode("latin-1") if raw else str(value))
    return "\n".join(found)


def fill(scene: Scene) -> tuple[ReviewItem, DatasetVersion]:
    """Leave data of a person in every store there is."""
    declare(scene)
    for _ in range(2):
        decided(scene, "somebody-else")
    item = decided(
        scene, WHO, input={"text": f"I am {NAME}"}, output={"label": "card_arrival"},
        characteristics={"name": NAME},
    )  # fmt: skip
    person = principals.of_person(scene.reviewer)
    notes.add(principal=person, actor=scene.reviewer, item_id=item.pk, text=f"Ask {NAME}.", now=NOW)
    outcomes.record(
        principal=principals.of_person(scene.bot), actor=scene.bot,
        prediction_id=item.prediction_id, outcome={"called": NAME}, observed_at=NOW, cost=None,
        now=NOW,
    )  # fmt: skip
    version = seal(scene)
    # Asked for after the sealing, and still open.
    factories.an_item(scene.bot, **about(WHO, input={"text": f"{NAME} again"}))
    consents.record(
        principal=principals.of_person(scene.bot), actor=scene.bot, now=NOW,
        wanted=Wanted(purpose="training", subject=WHO, pipeline="intents", note=f"{NAME} signed"),
    )  # fmt: skip
    IdempotencyKey.objects.create(
        user=scene.bot, key="k", method="POST", path="/api/v1/claim", fingerprint="f", status=201,
        leased_until=NOW, body=f'{{"item": "{item.pk}", "text": "{NAME}"}}'.encode(),
        created_at=NOW,
    )  # fmt: skip
    return item, version


def ask(scene: Scene, **more: Any) -> ErasureRequest:
    return erasures.request(
        principal=principals.of_person(scene.officer), actor=scene.officer, subject=WHO,
        reason="Article 17", now=LATER, **more,
    )  # fmt: skip


def execute(scene: Scene, row: ErasureRequest, who: Any = None) -> ErasureRequest:
    actor = who or scene.second
    return erasures.execute(
        principal=principals.of_person(actor), actor=actor, erasure_id=row.pk, now=LATER
    )


def test_o19_after_an_erasure_no_value_is_readable_and_every_proof_verifies(scene: Scene) -> None:
    item, version = fill(scene)
    before = everything()
    assert NAME in before
    assert WHO in before
    digest, events = version.digest, set(AuditEvent.objects.values_list("digest", flat=True))

    row = execute(scene, ask(scene))
    editions.make(version_id=version.pk, now=LATER)

    after = everything()
    assert NAME not in after
    assert WHO not in after
    assert "somebody-else" in after
    assert row.state == "executed"
    assert events <= set(AuditEvent.objects.values_list("digest", flat=True))
    for check in (
        invariants.ledger_verifies, intake_invariants.predictions_are_there_once,
        intake_invariants.decisions_are_recorded, intake_invariants.events_have_their_decisions,
        of_datasets.versions_are_their_bytes, redactions.untrue,
    ):  # fmt: skip
        assert list(check(SPAN)) == [], check
    version.refresh_from_db()
    assert version.digest == digest
    prediction = Prediction.objects.get(pk=item.prediction_id)
    assert prediction.input == {"erased": True}
    assert len(prediction.digest) == 64


def test_an_erasure_leaves_the_digests_of_signals_as_they_were(scene: Scene) -> None:
    fill(scene)
    signals.sweep(now=lambda: LATER)
    rows = list(FeedbackSignal.objects.values_list("pipeline", "pk", "statement"))
    before = [signal_digest(pipeline, str(key)) for pipeline, key, _ in rows]
    execute(scene, ask(scene))
    assert set(FeedbackSignal.objects.values_list("statement")) != {(row[2],) for row in rows}
    assert [signal_digest(pipeline, str(key)) for pipeline, key, _ in rows] == before


def test_an_erasure_takes_what_is_still_open_out_of_the_queue(scene: Scene) -> None:
    fill(scene)
    execute(scene, ask(scene))
    assert set(ReviewItem.objects.values_list("status", flat=True)) == {"resolved", "withdrawn"}


def test_downloads_after_an_erasure_are_without_the_rows_and_verify(scene: Scene) -> None:
    _, sealed = fill(scene)
    whole = {f.format: f.sha256 for f in sealed.files.all()}
    execute(scene, ask(scene))
    principal = principals.of_person(scene.bot)
    version = dataset_selector.version(principal, "answers", 1)
    with pytest.raises(Conflict) as caught:
        downloads.chosen(version, "jsonl")
    assert caught.value.retry_after > 0

    assert editions.make(version_id=sealed.pk, now=LATER) == 4
    assert editions.make(version_id=sealed.pk, now=LATER) == 0
    version = dataset_selector.version(principal, "answers", 1)
    for kind, before in whole.items():
        file = downloads.chosen(version, kind)
        sent = b"".join(downloads.stream(file))
        assert len(sent) == file.size
        assert NAME.encode() not in sent
        assert file.sha256 != before
    lines = b"".join(downloads.stream(downloads.chosen(version, "jsonl"))).splitlines()
    assert len(lines) == 2
    assert downloads.remaining(version) == 2
    assert downloads.tag(version) != version.digest


def test_what_was_erased_is_in_no_later_version(scene: Scene) -> None:
    _, first = fill(scene)
    execute(scene, ask(scene))
    second = seal(scene)
    assert (first.rows, second.rows) == (3, 2)
    found = dataset_selector.differences(principals.of_person(scene.bot), first, second)
    assert found.counts == {"added": 0, "removed": 0, "changed": 0, "unchanged": 2}


def test_who_asked_for_an_erasure_does_not_execute_it(scene: Scene) -> None:
    fill(scene)
    row = ask(scene)
    with pytest.raises(NotPermitted, match="Somebody else"):
        execute(scene, row, scene.officer)
    with pytest.raises(NotPermitted, match="permission"):
        execute(scene, row, scene.reviewer)
    assert NAME in everything()


def test_the_plan_says_what_goes_what_stays_and_why(scene: Scene) -> None:
    fill(scene)
    row = ask(scene)
    assert row.plan["erased"]["predictions"]["reviews.Prediction"] == 2
    assert row.plan["erased"]["datasets"]["feedback.DatasetEntry"] == 1
    assert row.plan["erased"]["answers"]["governance.IdempotencyKey"] == 1
    assert "17(3)" in row.plan["kept"]["decisions"]
    assert row.plan["pipelines"] == {"intents": 2}
    assert NAME not in str(row.plan)
    with pytest.raises(Conflict, match="requested already"):
        ask(scene)


def test_a_legal_hold_beats_an_erasure_until_it_is_lifted(scene: Scene) -> None:
    fill(scene)
    officer = principals.of_person(scene.officer)
    for what in ({"subject": WHO}, {"pipeline": "intents"}):
        hold = holds.place(principal=officer, actor=scene.officer, reason="A case", now=NOW, **what)
        row = ErasureRequest.objects.filter(state="requested").first() or ask(scene)
        assert erasures.plan(row).blocked == (hold,)
        with pytest.raises(Held) as caught:
            execute(scene, row)
        assert caught.value.status == 423
        assert NAME in everything()
        holds.lift(
            principal=officer, actor=scene.officer, hold_id=hold.pk, reason="Closed", now=NOW
        )
    execute(scene, row)
    assert NAME not in everything()


def test_a_rejected_request_erases_nothing_and_cannot_be_executed(scene: Scene) -> None:
    fill(scene)
    row = ask(scene)
    erasures.reject(
        principal=principals.of_person(scene.officer), actor=scene.officer, erasure_id=row.pk,
        reason="Not the person", now=LATER,
    )  # fmt: skip
    with pytest.raises(Conflict, match="rejected already"):
        execute(scene, row)
    assert NAME in everything()


def test_an_erasure_in_one_pipeline_leaves_the_others_and_the_key(scene: Scene) -> None:
    fill(scene)
    factories.a_pipeline("other")
    other = factories.a_service("other-bot", pipelines=("other",))
    (elsewhere,) = factories.send(other, about(WHO, pipeline="other"))
    with pytest.raises(NotFound, match="name a pipeline"):
        ask(scene)
    execute(scene, ask(scene, pipeline="intents"))
    elsewhere.refresh_from_db()
    assert elsewhere.subject_ref == WHO
    assert subjects.known(WHO) is not None
    assert Prediction.objects.filter(subject_ref=WHO).count() == 1


def test_what_is_sealed_under_a_destroyed_key_opens_for_nobody(scene: Scene) -> None:
    fill(scene)
    kept = SubjectKey.objects.get()
    assert subjects.reference_of(kept) == WHO
    copy = kept.reference
    execute(scene, ask(scene))
    gone = SubjectKey.objects.get()
    assert subjects.reference_of(gone) == ""
    assert subjects.known(WHO) is None
    gone.reference = copy
    assert subjects.reference_of(gone) == ""
    with pytest.raises(Conflict, match="erased"):
        subjects.sealed(gone, "anything", "x")


def test_nobody_can_be_erased_of_whom_nothing_is_known(scene: Scene) -> None:
    with pytest.raises(NotFound, match="Nothing is known"):
        ask(scene)


def test_free_text_and_salts_go_and_verdicts_stay(scene: Scene) -> None:
    item, _ = fill(scene)
    execute(scene, ask(scene))
    decision = Decision.objects.get(item=item)
    assert (decision.rationale, decision.salt) == ("", "")
    assert decision.verdict == "accept"
    assert decision.reviewer == scene.reviewer
    assert Note.objects.get().text == "(erased)"
    assert Outcome.objects.get().outcome == {"erased": True}
    assert Redaction.objects.filter(model="reviews.decision").count() == 1
    assert DatasetEntry.objects.filter(content="").count() == 1


def test_the_case_file_of_an_erased_prediction_still_proves_what_happened(scene: Scene) -> None:
    item, _ = fill(scene)
    execute(scene, ask(scene))
    sealing.seal(now=LATER)
    row = Prediction.objects.get(pk=item.prediction_id)
    proof = contents.proof_of(row)
    assert (proof["content"], proof["trace"]) == (None, None)
    document = case_files.case_file(row, signer=settings.LEDGER_SIGNER, now=LATER)
    assert NAME not in str(document)
    assert case_verifier.verify(json.dumps(document).encode())
