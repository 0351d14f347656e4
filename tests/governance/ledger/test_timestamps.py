"""Time stamps of a real authority (openssl) over checkpoints, and what becomes of a bad one."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from governance import tasks
from governance.models import Anchor, Checkpoint
from governance.selectors import proving
from governance.services import egress, sealing, timestamping
from hitlsite import readers
from tests import factories
from tests.factories import NOW
from tests.governance.ledger.authority import Authority

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="No openssl was found."),
]


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    factories.a_pipeline()
    sealing.seal_all(now=NOW)
    there = Authority(tmp_path)
    yield there
    there.close()


def stamp(authority: Authority, after: timedelta = timedelta(0)) -> Anchor | None:
    return timestamping.stamp(address=authority.address, roots=[authority.root], now=NOW + after)


def report(capsys: Any) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_a_checkpoint_is_stamped_and_openssl_agrees(authority: Authority, tmp_path: Path) -> None:
    anchor = stamp(authority)
    assert anchor is not None
    token, note = tmp_path / "token", tmp_path / "note"
    token.write_bytes(base64.b64decode(anchor.token))
    note.write_text(anchor.checkpoint.note)
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-data", str(note), "-in", str(token), "-CAfile",
         str(tmp_path / "ca.pem")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_it_is_asked_once_an_hour_and_only_of_something_new(authority: Authority) -> None:
    assert stamp(authority) is not None
    assert stamp(authority, timedelta(hours=2)) is None
    factories.a_pipeline("other")
    sealing.seal_all(now=NOW)
    assert stamp(authority, timedelta(minutes=59)) is None
    assert stamp(authority, timedelta(minutes=61)) is not None
    assert len(authority.queries) == 2


def test_the_ledger_verifies_with_its_stamps_and_says_until_when(
    authority: Authority, settings: Any, capsys: Any
) -> None:
    stamp(authority)
    settings.TIMESTAMP_ROOTS = [authority.root]
    call_command("verify_ledger")
    said = report(capsys)
    assert (said["stamps"], said["stamped"]) == (1, Checkpoint.objects.get().size)
    assert said["stamps_vouched_for"]
    assert said["stamped_at"]
    # A stamp is no copy: what nobody else keeps could still be written anew.
    assert said["anchored"] == 0
    assert proving.state().anchored == 0


def test_a_stamp_of_another_checkpoint_is_found(authority: Authority, capsys: Any) -> None:
    first = stamp(authority)
    assert first is not None
    factories.a_pipeline("other")
    sealing.seal_all(now=NOW)
    last = Checkpoint.objects.latest("size")
    Anchor(checkpoint=last, kind="timestamp", place="x", token=first.token, at=NOW).save()
    with pytest.raises(CommandError, match="The stamp is of another text"):
        call_command("verify_ledger")


def test_a_stamp_by_an_authority_that_nobody_vouches_for_is_found(
    authority: Authority, settings: Any, tmp_path: Path
) -> None:
    stamp(authority)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Authority(elsewhere)
    other.close()
    settings.TIMESTAMP_ROOTS = [other.root]
    with pytest.raises(CommandError, match="No known authority signed the stamp"):
        call_command("verify_ledger")


@pytest.mark.parametrize("token", ["no base64!", base64.b64encode(b"no answer").decode()])
def test_a_token_that_is_none_is_found(authority: Authority, token: str) -> None:
    Anchor(
        checkpoint=Checkpoint.objects.get(), kind="timestamp", place="x", token=token, at=NOW
    ).save()
    with pytest.raises(CommandError, match="is not valid"):
        call_command("verify_ledger")


def test_an_answer_to_another_question_is_not_kept(authority: Authority) -> None:
    stamp(authority)
    old = authority.stamped(authority.queries[0])
    authority.answer = lambda _: old
    factories.a_pipeline("other")
    sealing.seal_all(now=NOW)
    assert stamp(authority, timedelta(hours=2)) is None
    assert Anchor.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "answer"),
    [(500, b""), (302, b""), (200, b""), (200, b"no answer"), (200, b"x" * 100_000)],
)
def test_what_an_authority_should_not_answer_stops_nothing(
    authority: Authority, status: int, answer: bytes
) -> None:
    authority.status, authority.answer = status, lambda _: answer
    assert stamp(authority) is None
    assert not Anchor.objects.exists()


def test_an_authority_that_does_not_answer_stops_nothing(
    authority: Authority, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "STEP", 0.2)
    authority.pause = 0.5
    settings.TIMESTAMP_URL = authority.address
    settings.ANCHOR_DIR = tmp_path / "anchors"
    settings.ANCHOR_DIR.mkdir()
    assert tasks.anchor_ledger()
    authority.close()
    assert stamp(authority) is None
    assert [anchor.kind for anchor in Anchor.objects.all()] == ["folder"]


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/x"])
def test_nothing_but_http_is_asked(authority: Authority, address: str) -> None:
    assert timestamping.stamp(address=address, roots=[], now=NOW) is None


def test_the_sweep_stamps_where_an_authority_is_named(
    authority: Authority, settings: Any, tmp_path: Path
) -> None:
    settings.TIMESTAMP_URL, settings.TIMESTAMP_ROOTS = authority.address, [authority.root]
    settings.ANCHOR_DIR = tmp_path
    tasks.anchor_ledger()
    assert set(Anchor.objects.values_list("kind", flat=True)) == {"folder", "timestamp"}


def test_a_file_of_certificates_is_read_or_refused(authority: Authority, tmp_path: Path) -> None:
    read = readers.certificates(Path(settings.BASE_DIR))
    assert read(str(tmp_path / "ca.pem")) == [authority.root]
    assert read("") == []
    with pytest.raises(ValueError, match="cannot be read"):
        read(str(tmp_path / "nothing"))
    with pytest.raises(ValueError, match="There is no certificate"):
        read(str(tmp_path / "serial"))
