"""Who challenges unnamed stays so, wherever the challenged, or anybody else, may look."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from feedback.selectors import case_files
from governance.domain import case_verifier
from governance.models import AuditEvent, User
from governance.selectors import principals
from governance.services import ledger, sealing
from reviews.models import Challenge, Notification, Resolution
from reviews.selectors import trace
from reviews.services import challenges
from tests import factories
from tests.conftest import Api

pytestmark = pytest.mark.django_db
NAME = "whistle-blower"


class Scene:
    """An outcome that somebody challenges unnamed, seen by whom it is about and by others."""

    def __init__(self) -> None:
        now = timezone.now() - timedelta(minutes=5)
        factories.a_pipeline()
        self.item = factories.an_item(factories.a_service(), now=now)
        self.decider = factories.a_person("decider", roles=("lead", "auditor"))
        decided = factories.decide(self.decider, factories.claim(self.decider, now=now), now=now)
        assert decided.resolution is not None
        self.resolution: Resolution = decided.resolution
        self.opener = factories.a_person(NAME)
        self.judge = factories.a_person("judge", roles=("lead",))
        self.row = challenges.challenge(
            principal=principals.of_person(self.opener), actor=self.opener,
            resolution_id=self.resolution.pk, reason="It is about a balance.", anonymous=True,
            now=now + timedelta(minutes=1),
        )  # fmt: skip

    def upheld(self) -> None:
        challenges.uphold(
            principal=principals.of_person(self.judge), actor=self.judge, challenge_id=self.row.pk,
            rationale="It says card.", now=timezone.now(),
        )  # fmt: skip


@pytest.fixture
def scene() -> Scene:
    return Scene()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def texts(scene: Scene, user: User) -> dict[str, str]:
    """Return all that a person can read of the challenge, by where."""
    client, api = browser(user), Api(factories.a_token(user, "review", "audit:read"))
    prediction = scene.item.prediction_id
    pages = (
        "/challenges", f"/challenges/{scene.row.pk}", f"/items/{scene.item.pk}", "/inbox",
        f"/predictions/{prediction}/case", f"/predictions/{prediction}/case.json",
    )  # fmt: skip
    calls = (
        "/challenges", f"/challenges/{scene.row.pk}", f"/predictions/{prediction}/trace",
        f"/predictions/{prediction}/case-file", f"/audit/events?stream=item:{scene.item.pk}",
        f"/items/{scene.item.pk}", "/resolutions",
    )  # fmt: skip
    answers = {path: client.get(path) for path in pages}
    answers |= {f"api {path}": api.get(path) for path in calls}
    assert {where: a.status_code for where, a in answers.items() if a.status_code != 200} == {}
    return {where: answer.content.decode() for where, answer in answers.items()}


@pytest.mark.parametrize("judged", [False, True])
def test_no_page_and_no_answer_names_who_stays_unnamed(scene: Scene, judged: bool) -> None:
    if judged:
        scene.upheld()
    for user in (scene.decider, scene.judge):
        for where, text in texts(scene, user).items():
            assert NAME not in text, where
    row = json.loads(texts(scene, scene.decider)[f"api /challenges/{scene.row.pk}"])
    assert (row["opened_by"], row["anonymous"]) == (None, True)


def test_the_ledger_holds_a_commitment_in_the_place_of_the_name(scene: Scene) -> None:
    event = AuditEvent.objects.get(action="challenge.opened")
    assert event.actor is None
    row = Challenge.objects.get()
    assert event.commitments["opened_by"] == ledger.commit(row.name_salt, str(scene.opener.pk))
    # What opens the reason, which is handed out, would let anybody try all ids.
    assert event.commitments["opened_by"] != ledger.commit(row.salt, str(scene.opener.pk))


def test_the_case_file_verifies_tells_the_challenge_and_opens_no_name(scene: Scene) -> None:
    scene.upheld()
    sealing.seal(now=timezone.now())
    document = case_files.case_file(
        scene.item.prediction, signer=settings.LEDGER_SIGNER, now=timezone.now()
    )
    case_verifier.verify(json.dumps(document).encode(), [str(settings.LEDGER_SIGNER.verifier)])
    (told,) = document["case"]["item"]["challenges"]
    assert (told["by"], told["state"], told["reason"]) == (
        None, "upheld", "It is about a balance.",
    )  # fmt: skip
    assert told["outcome"]["rationale"] == "It says card."
    assert str(scene.opener.pk) not in document["people"]
    opened = {each["field"] for each in document["openings"]}
    assert "reason" in opened
    assert "opened_by" not in opened
    assert scene.row.name_salt not in json.dumps(document)


def test_the_trace_tells_that_and_why_but_not_who(scene: Scene) -> None:
    (event,) = [e for e in trace.events(scene.item.prediction) if e["action"] == "challenge.opened"]
    assert (event["actor"], event["reason"]) == (None, "It is about a balance.")


def test_notices_hold_no_name(scene: Scene) -> None:
    scene.upheld()
    for row in Notification.objects.filter(kind__in=("challenge", "judged")):
        assert str(scene.opener.pk) not in {str(value) for value in row.detail.values()}
        assert NAME not in json.dumps(row.detail)


def test_the_admin_and_its_files_do_not_name_them(scene: Scene) -> None:
    client = browser(factories.an_administrator())
    address = "/admin/reviews/challenge/"
    assert NAME not in client.get(address).content.decode()
    event = AuditEvent.objects.get(action="challenge.opened")
    for path in (
        f"{address}{scene.row.pk}/change/", f"/admin/governance/auditevent/{event.pk}/change/",
        f"/admin/governance/auditevent/?q=item:{scene.item.pk}",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert NAME not in answer.content.decode()


def test_compliance_reads_the_name_and_that_it_did_is_on_record(scene: Scene) -> None:
    officer = factories.a_person("officer", roles=("auditor",))
    client = browser(officer)
    assert NAME not in client.get(f"/challenges/{scene.row.pk}").content.decode()
    shown = client.post(f"/challenges/{scene.row.pk}/challenger")
    assert NAME in shown.content.decode()
    event = AuditEvent.objects.get(action="challenge.named")
    assert (event.actor, event.detail) == (officer, {"of": str(scene.row.pk)})
    api = Api(factories.a_token(officer, "audit:read"))
    assert api.post(f"/challenges/{scene.row.pk}/challenger", {}).json() == {"challenger": NAME}
    assert browser(scene.judge).post(f"/challenges/{scene.row.pk}/challenger").status_code == 403
    assert AuditEvent.objects.filter(action="challenge.named").count() == 2


def test_who_opened_it_sees_that_it_is_theirs(scene: Scene) -> None:
    answer: Any = Api(factories.a_token(scene.opener, "review")).get(f"/challenges/{scene.row.pk}")
    assert answer.json()["opened_by"] == NAME
    assert "by you" in browser(scene.opener).get("/challenges").content.decode()


def test_who_challenges_by_name_is_named(scene: Scene) -> None:
    scene.upheld()
    challenges.challenge(
        principal=principals.of_person(scene.opener), actor=scene.opener,
        resolution_id=scene.resolution.pk, reason="Still.", anonymous=False, now=timezone.now(),
    )  # fmt: skip
    found = texts(scene, scene.decider)
    assert NAME in found["api /challenges"]
    assert NAME in found[f"api /predictions/{scene.item.prediction_id}/trace"]
