"""A case file proves itself wherever it is read, and no other reading of it passes."""

import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from feedback.selectors import case_files
from governance.domain import case_verifier
from governance.domain.signed_notes import Signer
from governance.models import User
from governance.selectors import principals
from governance.services import sealing
from reviews.models import Prediction
from reviews.services import notes
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
KEYS = [str(settings.LEDGER_SIGNER.verifier)]


@pytest.fixture
def prediction() -> Prediction:
    """Return a prediction that two people judged and one remarked on, among others of its call."""
    factories.a_pipeline()
    bot = factories.a_service()
    others = [factories.a_payload("low") for _ in range(5)]
    rows = factories.send(
        bot, *others, factories.a_payload("high", occurred_at="2026-11-24T09:00:00Z"), *others[:0]
    )
    row = rows[-1]
    for number, name in enumerate(("ann", "ben")):
        person = factories.a_person(name)
        now = NOW + timedelta(minutes=number)
        held = factories.claim(person, now=now)
        assert held is not None
        factories.decide(person, held, now=now)
    notes.add(
        principal=principals.of_person(person), actor=person, item_id=row.item.pk,
        text="Seen before.", now=NOW + timedelta(minutes=5),
    )  # fmt: skip
    return Prediction.objects.get(pk=row.pk)


def made(row: Prediction) -> bytes:
    sealing.seal_all(now=NOW)
    return written(row)


def written(row: Prediction) -> bytes:
    document = case_files.case_file(row, signer=settings.LEDGER_SIGNER, now=NOW)
    return json.dumps(document).encode()


def test_it_holds_what_was_decided_why_and_under_which_rules(prediction: Prediction) -> None:
    document = json.loads(made(prediction))
    case = document["case"]
    assert [d["rationale"] for d in case["item"]["decisions"]] == [
        "The words of the request name it."
    ] * 2
    assert case["item"]["resolutions"][0]["kind"] == "agreement"
    assert case["item"]["notes"][0]["text"] == "Seen before."
    assert case["law"]["document"]["routing"]["rules"]
    assert set(document["people"].values()) == {"ann", "ben", "bot"}
    assert case["item"]["clocks"][0]["events"][0]["kind"] == "start"


def test_each_decision_names_the_glossary_it_was_made_under(prediction: Prediction) -> None:
    case = json.loads(made(prediction))["case"]
    assert case["law"]["glossary_version"] == 0
    factories.a_pipeline(glossary=factories.GLOSSARY)
    row = factories.an_item(User.objects.get(username="bot"), now=NOW).prediction
    factories.apply(factories.pipeline_document(glossary={"card": {"meaning": "Plastic."}}))
    held = factories.claim(User.objects.get(username="ann"), now=NOW)
    assert held is not None
    factories.decide(User.objects.get(username="ann"), held, now=NOW)
    case = json.loads(made(row))["case"]
    (decision,) = case["item"]["decisions"]
    assert decision["law"] == {
        "version": 2, "digest": case["law"]["digest"], "guideline_version": 1,
        "glossary_version": 1,
    }  # fmt: skip
    assert case["law"]["document"]["glossary"] == factories.GLOSSARY


def test_it_verifies_with_no_database_and_says_what_holds(prediction: Prediction) -> None:
    said = case_verifier.verify(made(prediction), KEYS)
    assert "The signature over the file holds." in said
    assert "The texts are those that were committed to: 3." in said


def test_the_content_as_it_was_sent_is_proved(prediction: Prediction) -> None:
    content = json.loads(made(prediction))["prediction"]["content"]
    assert content["occurred_at"] == "2026-11-24T09:00:00Z"
    assert content["external_id"] == prediction.external_id


def test_a_prediction_that_no_person_saw_has_a_case_file_too(prediction: Prediction) -> None:
    row = Prediction.objects.filter(tier="low").first()
    assert row is not None
    document = json.loads(made(row))
    assert document["case"]["item"] is None
    assert case_verifier.verify(json.dumps(document).encode(), KEYS)


def test_it_says_so_while_its_last_events_are_not_sealed(prediction: Prediction) -> None:
    with pytest.raises(case_verifier.Wrong, match=r"No known key signed|not sealed yet"):
        case_verifier.verify(written(prediction), KEYS)


def test_nothing_in_it_can_be_changed(prediction: Prediction) -> None:
    raw = made(prediction)
    document = json.loads(raw)
    for place in _places(document):
        changed = json.loads(raw)
        _set(changed, place)
        with pytest.raises(case_verifier.Wrong):
            case_verifier.verify(json.dumps(changed).encode(), KEYS)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return one leaf of each kind of place in the document."""
    if isinstance(value, dict):
        return [place for name in value for place in _places(value[name], (*at, name))]
    if isinstance(value, list):
        return _places(value[0], (*at, 0)) if value else []
    return [at]


def _set(document: Any, place: tuple[Any, ...]) -> None:
    for step in place[:-1]:
        document = document[step]
    value = document[place[-1]]
    document[place[-1]] = value + 1 if isinstance(value, int | float) else f"{value}x"


def test_a_file_signed_anew_by_somebody_else_does_not_verify(prediction: Prediction) -> None:
    sealing.seal_all(now=NOW)
    other = Signer("countersign.test", b"\x07" * 32)
    document = case_files.case_file(prediction, signer=other, now=NOW)
    with pytest.raises(case_verifier.Wrong, match="is not known"):
        case_verifier.verify(json.dumps(document).encode(), KEYS)


def test_a_judgement_rewritten_and_signed_with_the_key_does_not_fit_the_ledger(
    prediction: Prediction,
) -> None:
    from governance.domain import signed_documents

    document = json.loads(made(prediction))
    del document["signature"]
    event = next(e for e in document["events"] if e["leaf"]["action"] == "decision.made")
    event["leaf"]["detail"]["verdict"] = "reject"
    signed = signed_documents.signed(document, settings.LEDGER_SIGNER)
    with pytest.raises(case_verifier.Wrong, match="is not what its digest was made of"):
        case_verifier.verify(json.dumps(signed).encode(), KEYS)


def test_the_command_checks_it_and_leaves_with_what_came_out(
    prediction: Prediction, tmp_path: Path
) -> None:
    path, out = tmp_path / "case.json", io.StringIO()
    path.write_bytes(made(prediction))
    call_command("verify_case", str(path), stdout=out)
    assert "The signature over the file holds." in out.getvalue()
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(CommandError, match="no whole JSON") as caught:
        call_command("verify_case", str(path))
    assert caught.value.returncode == 1
    with pytest.raises(CommandError, match="No such file") as caught:
        call_command("verify_case", str(tmp_path / "none"))
    assert caught.value.returncode == 2


def test_the_verifier_alone_checks_it_in_an_empty_python(
    prediction: Prediction, tmp_path: Path
) -> None:
    program, path = tmp_path / "verify.py", tmp_path / "case.json"
    program.write_text(Path(case_verifier.__file__).read_text("utf-8"))
    path.write_bytes(made(prediction))
    run = [sys.executable, "-I", "-S", str(program), str(path)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "compare them with published ones" in done.stdout
    done = subprocess.run([*run, "--key", KEYS[0]], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "compare" not in done.stdout


def test_the_api_hands_it_to_who_may_audit(prediction: Prediction, api: Any) -> None:
    sealing.seal_all(now=NOW)
    bot = factories.a_service("auditor-bot")
    answer = api(bot, "audit:read").get(f"/predictions/{prediction.pk}/case-file")
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    assert case_verifier.verify(answer.content, KEYS)
    assert (
        api(bot, "datasets:read").get(f"/predictions/{prediction.pk}/case-file").status_code == 403
    )


def test_a_blind_reviewer_gets_none_before_deciding(prediction: Prediction, api: Any) -> None:
    bot = factories.a_service("sender")
    item = factories.an_item(bot, "high")
    reviewer = factories.a_person("cyd")
    held = factories.claim(reviewer)
    assert held is not None
    path = f"/predictions/{item.prediction_id}/case-file"
    assert api(reviewer, "audit:read").get(path).status_code == 403
