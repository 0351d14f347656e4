"""Who may ask for a pack, what is refused, and how long its bytes are kept."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from feedback.models import AuditPack, AuditPackPart
from feedback.selectors import packs
from feedback.services import audit_packs, erasures
from feedback.services.audit_packs import Wanted
from feedback.tasks import make_pack
from governance.domain.purposes import TRAINING
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import AuditEvent, LegalHold, User
from governance.selectors import principals
from governance.services import holds, sealing, sources
from tests import factories
from tests.feedback.packs.conftest import Office, bytes_of, files_of, verified


def ask(by: Any, **wanted: Any) -> Any:
    return audit_packs.request(
        principal=principals.of_person(by), actor=by, now=timezone.now(),
        wanted=Wanted(**({"purpose": "audit"} | wanted)),
    )  # fmt: skip


def leave(person: User) -> None:
    """Take somebody's pipelines away."""
    factories.a_person(person.username, roles=("auditor",), pipelines=(), skills=())


def test_a_pack_is_on_record_with_its_scope_and_digests(office: Office) -> None:
    pack = office.ask()
    event = AuditEvent.objects.get(pk=pack.event)
    assert event.stream == f"pack:{pack.pk}"
    assert event.action == "pack.made"
    assert event.detail["sha256"] == pack.sha256
    assert event.detail["pipelines"] == {"intents": office.pipeline.pk}


def test_a_job_that_runs_again_makes_no_second_pack(office: Office) -> None:
    job = ask(office.auditor)
    first = audit_packs.make(job=job, now=timezone.now())
    assert audit_packs.make(job=job, now=timezone.now()) == first
    assert AuditPack.objects.count() == 1


def test_who_may_not_read_the_records_gets_no_pack(office: Office) -> None:
    with pytest.raises(NotPermitted):
        ask(office.bot)


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"purpose": "No word"}, InvalidInput),
        ({"pipeline": "nowhere"}, NotFound),
        ({"checkpoint": 10**9}, InvalidInput),
        ({"until": timezone.now() + timedelta(days=1)}, InvalidInput),
        ({"since": timezone.now() + timedelta(days=1)}, InvalidInput),
    ],
)
def test_what_is_wrong_with_a_scope_is_said(
    office: Office, wanted: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        ask(office.auditor, **wanted)


def test_without_a_seal_there_is_nothing_to_bind_to(db: None) -> None:
    factories.a_pipeline()
    with pytest.raises(Conflict):
        ask(factories.a_person(roles=("auditor",)))


def _personal(office: Office, *purposes: str) -> None:
    privacy = {"subject_field": "subject.ref", "retain_days": 365}
    factories.apply(factories.pipeline_document(privacy=privacy))
    sources.declare(
        principal=principals.of_person(office.root), actor=office.root, pipeline="intents",
        name="crm", origin="Customers", purposes=list(purposes), basis="contract",
        reason="For a test", now=timezone.now(),
    )  # fmt: skip


def test_o17_a_pack_for_a_purpose_that_no_basis_covers_is_refused_and_told(office: Office) -> None:
    _personal(office, TRAINING)
    with pytest.raises(NotPermitted, match="intents do not cover the purpose 'audit'"):
        ask(office.auditor)
    event = AuditEvent.objects.get(action="pack.refused")
    assert event.detail["purpose"] == "audit"
    assert not AuditPack.objects.exists()


def test_what_the_purpose_rests_on_is_in_the_scope(office: Office) -> None:
    _personal(office, "audit")
    pack = office.ask()
    assert pack.scope["basis"] == [{"basis": "contract", "pipeline": "intents", "source": "crm"}]
    assert b"intents, crm: contract" in files_of(bytes_of(pack))["README.html"]


def test_only_who_asked_for_a_pack_gets_it_and_only_while_they_reach_it(office: Office) -> None:
    pack = office.ask()
    assert packs.own(principals.of_person(office.auditor), pack.pk) == pack
    with pytest.raises(NotFound):
        packs.own(principals.of_person(office.root), pack.pk)
    leave(office.auditor)
    with pytest.raises(NotFound):
        packs.own(principals.of_person(office.auditor), pack.pk)


def test_who_lost_their_reach_meanwhile_gets_no_pack(office: Office) -> None:
    job = ask(office.auditor)
    leave(office.auditor)
    with pytest.raises(Conflict):
        audit_packs.make(job=job, now=timezone.now())


def test_the_bytes_go_after_a_week_and_the_record_stays(office: Office) -> None:
    pack = office.ask()
    assert audit_packs.forget(now=timezone.now()) == 0
    assert audit_packs.forget(now=timezone.now() + timedelta(days=8)) == 1
    assert not packs.is_kept(pack)
    with pytest.raises(NotFound, match="were deleted"):
        packs.kept(pack)
    assert AuditPack.objects.get() == pack


def test_an_erasure_takes_the_bytes_of_every_pack(office: Office) -> None:
    _personal(office, "audit", TRAINING)
    said = {"subject": {"ref": "c-1", "basis": "contract"}}
    factories.an_item(office.bot, now=timezone.now(), **said)
    second = factories.an_administrator("second")
    holds.lift(
        principal=principals.of_person(office.root), actor=office.root, reason="It is settled",
        hold_id=LegalHold.objects.get().pk, now=timezone.now(),
    )  # fmt: skip
    office.ask()
    assert AuditPackPart.objects.exists()
    asked = erasures.request(
        principal=principals.of_person(office.root), actor=office.root, subject="c-1",
        reason="Article 17", now=timezone.now(),
    )  # fmt: skip
    erasures.execute(
        principal=principals.of_person(second), actor=second, erasure_id=asked.pk,
        now=timezone.now(),
    )  # fmt: skip
    assert not AuditPackPart.objects.exists()


def test_an_altered_copy_breaks_off(office: Office) -> None:
    pack = office.ask()
    part = AuditPackPart.objects.get(pack=pack)
    part.content = bytes(part.content)[:-1] + b"x"
    part.save()
    with pytest.raises(packs.AlteredPack):
        bytes_of(pack)


def test_the_command_writes_a_pack_that_verifies(office: Office, tmp_path: Path) -> None:
    out = tmp_path / "pack.zip"
    arguments = ("--pipeline", "intents", "--purpose", "audit", "--since", "2026-01-01")
    call_command("audit_pack", *arguments, "--out", str(out))
    program = files_of(out.read_bytes())["verify.py"]
    done = verified(program, out)
    assert done.returncode == 0, done.stderr
    pack = AuditPack.objects.get()
    assert pack.made_by is None
    assert pack.size == out.stat().st_size
    with pytest.raises(CommandError, match="is there already"):
        call_command("audit_pack", *arguments, "--out", str(out))
    with pytest.raises(CommandError, match="no pipeline"):
        call_command("audit_pack", "--pipeline", "x", "--purpose", "audit", "--out", f"{out}2")


def test_over_http(office: Office, api: Any) -> None:
    call = api(office.auditor, "audit:read")
    answer = call(
        "POST", "/audit/packs", {"purpose": "audit", "texts": True, "pipeline": "intents"}
    )
    assert answer.status_code == 202, answer.content
    make_pack(job_id=answer.json()["id"])
    job = call("GET", answer["Location"].removeprefix("/api/v1")).json()
    assert job["state"] == "succeeded", job
    place = job["result"]["location"].removeprefix("/api/v1")
    assert call("GET", place).json()["root"] == job["result"]["root"]
    assert call("GET", "/audit/packs").json()["results"][0]["id"] == job["result"]["pack"]
    raw = b"".join(call("GET", f"{place}/download").streaming_content)
    assert len(raw) == job["result"]["bytes"]
    assert "manifest.json" in files_of(raw)


def test_texts_over_http_take_a_role_that_audits(office: Office, api: Any) -> None:
    call = api(office.bot, "audit:read")
    assert call("POST", "/audit/packs", {"purpose": "audit", "texts": True}).status_code == 403
    assert call("POST", "/audit/packs", {"purpose": "audit"}).status_code == 202


def test_a_job_about_everything_has_no_pipeline(office: Office) -> None:
    sealing.seal_all(now=timezone.now() + timedelta(minutes=1))
    assert ask(office.root).pipeline is None
    assert office.ask(office.root).scope["everything"]
