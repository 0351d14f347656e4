"""The sealer: every event once, in a tree that only grows, under a signature."""

import itertools
import uuid
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from governance.db import awaiting_seal
from governance.domain import signed_notes as notes
from governance.models import (
    Anchor,
    AuditEvent,
    Checkpoint,
    LedgerKey,
    LedgerLeaf,
    LedgerNode,
    UnsealedEvent,
)
from governance.models.base import uuid7
from governance.selectors import proving
from governance.services import anchoring, ledger, sealing
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SIGNER = notes.Signer("countersign.test", b"\x01" * 32)


def write(count: int = 1, stream: str = "thing:a") -> list[AuditEvent]:
    return [
        ledger.append(stream=stream, action="thing.done", actor=None, now=NOW, detail={"n": n})
        for n in range(count)
    ]


def seal() -> int:
    return sealing.seal(now=NOW, signer=SIGNER)


def test_what_is_written_waits_and_is_sealed_once() -> None:
    events = write(3)
    assert UnsealedEvent.objects.count() == 3
    # The first sealing with a key puts that on record as well.
    assert seal() == 4
    assert seal() == 0
    assert UnsealedEvent.objects.count() == 0
    sealed = list(LedgerLeaf.objects.order_by("position").values_list("event", flat=True))
    assert sealed[:3] == [event.pk for event in events]
    assert list(LedgerLeaf.objects.order_by("position").values_list("position", flat=True)) == [
        0,
        1,
        2,
        3,
    ]


def test_an_event_of_an_earlier_id_that_is_committed_late_is_sealed() -> None:
    early = uuid7()
    write(2)
    seal()
    event = ledger.first(
        stream="late:a", action="thing.done", actor=None, now=NOW, detail={}, event_id=early
    )
    assert seal() == 1
    assert LedgerLeaf.objects.get(event=event.pk).position == 3


def test_a_checkpoint_says_and_signs_what_the_tree_is() -> None:
    write(5)
    seal()
    row = Checkpoint.objects.get()
    said = notes.opened(row.note, proving.verifiers())
    assert (said.origin, said.size, said.root.hex()) == ("countersign.test", 6, row.root)


def test_each_checkpoint_begins_with_the_one_before() -> None:
    from governance.domain import merkle

    for count in (1, 2, 7, 260, 1, 300):
        write(count)
        seal()
    points = list(Checkpoint.objects.order_by("size"))
    for old, new in itertools.pairwise(points):
        path = [bytes.fromhex(node) for node in proving.consistency(old.size, new.size)]
        assert merkle.consistent(
            old=old.size, new=new.size, old_root=bytes.fromhex(old.root),
            new_root=bytes.fromhex(new.root), path=path,
        )  # fmt: skip
    assert LedgerNode.objects.count() == points[-1].size // 256


def test_every_event_is_proved_to_be_in_the_last_checkpoint() -> None:
    from governance.domain import merkle

    events = write(600)
    seal()
    point = proving.latest()
    assert point is not None
    chosen = [events[n] for n in (0, 1, 255, 256, 511, 599)]
    proofs = proving.inclusions([event.pk for event in chosen], point)
    for event in chosen:
        proof = proofs[event.pk]
        assert merkle.includes(
            leaf=bytes.fromhex(event.digest), index=proof.index, size=point.size,
            path=[bytes.fromhex(node) for node in proof.path], expected=bytes.fromhex(point.root),
        )  # fmt: skip


def test_what_is_not_sealed_yet_has_no_proof() -> None:
    write()
    seal()
    (event,) = write()
    point = proving.latest()
    assert point is not None
    assert proving.inclusions([event.pk, uuid.uuid4()], point) == {}


def test_another_key_goes_on_and_the_former_stays_verifiable() -> None:
    write()
    seal()
    other = notes.Signer("countersign.test", b"\x02" * 32)
    write()
    assert sealing.seal(now=NOW, signer=other) == 2
    assert LedgerKey.objects.count() == 2
    for row in Checkpoint.objects.all():
        assert notes.opened(row.note, proving.verifiers()).size == row.size
    told = AuditEvent.objects.filter(stream="ledger:keys").order_by("sequence")
    assert [event.detail["follows"] for event in told] == [None, SIGNER.verifier.key_id]


def test_sealing_at_most_so_many_leaves_the_rest_for_the_next() -> None:
    write(5)
    assert sealing.seal(now=NOW, signer=SIGNER, most=4) == 4
    assert sealing.seal_all(now=NOW, signer=SIGNER) == 2


def test_a_failure_while_sealing_leaves_everything_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    write(2)
    monkeypatch.setattr(notes, "signed", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        seal()
    assert UnsealedEvent.objects.count() == 2
    assert not LedgerLeaf.objects.exists()
    assert not LedgerKey.objects.exists()


def test_raw_sql_cannot_add_an_event_that_the_sealer_passes_over() -> None:
    write()
    table = AuditEvent._meta.db_table
    fields = [f.column for f in AuditEvent._meta.fields]
    copied = ", ".join({"id": "%s", "stream": "'forged:a'"}.get(c, c) for c in fields)
    value = str(uuid7()) if connection.vendor == "postgresql" else uuid7().hex
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(fields)}) SELECT {copied} FROM {table}", [value]
        )
    assert UnsealedEvent.objects.count() == 2


def test_what_was_written_before_the_trigger_was_there_is_gathered_with_it() -> None:
    suffix = f" ON {awaiting_seal.EVENTS}" if connection.vendor == "postgresql" else ""
    write()
    seal()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {awaiting_seal.NAME}{suffix}")
    events = write(2)
    assert awaiting_seal.missing(connection) == [awaiting_seal.NAME]
    awaiting_seal.install(connection)
    assert awaiting_seal.missing(connection) == []
    assert set(UnsealedEvent.objects.values_list("event", flat=True)) == {e.pk for e in events}


def test_leaves_and_checkpoints_are_made_once_and_never_changed() -> None:
    write()
    seal()
    leaf = LedgerLeaf.objects.get(position=0)
    for model, column in ((LedgerLeaf, "digest"), (Checkpoint, "root"), (LedgerKey, "verifier")):
        with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(f"UPDATE {model._meta.db_table} SET {column} = ''")
    with pytest.raises(IntegrityError, match=r"uniq|UNIQUE"), transaction.atomic():
        LedgerLeaf(position=9, event=leaf.event, digest=leaf.digest).save()


def test_a_checkpoint_is_written_to_the_folder_once(tmp_path: Path) -> None:
    assert anchoring.in_folder(folder=tmp_path, now=NOW) is None
    write()
    seal()
    assert anchoring.in_folder(folder=tmp_path, now=NOW) is not None
    assert anchoring.in_folder(folder=tmp_path, now=NOW) is None
    (path,) = tmp_path.iterdir()
    assert path.name == "000000000000002.checkpoint"
    assert path.stat().st_mode & 0o777 == 0o444
    assert path.read_text() == Checkpoint.objects.get().note
    assert Anchor.objects.count() == 1


def test_a_file_of_another_text_is_never_written_over(tmp_path: Path) -> None:
    write()
    seal()
    (tmp_path / anchoring.file_name(2)).write_text("Somebody was here")
    with pytest.raises(FileExistsError):
        anchoring.in_folder(folder=tmp_path, now=NOW)
    assert not Anchor.objects.exists()


def test_a_file_whose_row_was_lost_is_taken_as_it_is(tmp_path: Path) -> None:
    write()
    seal()
    (tmp_path / anchoring.file_name(2)).write_text(Checkpoint.objects.get().note)
    assert anchoring.in_folder(folder=tmp_path, now=NOW) is not None


def test_a_letter_with_the_checkpoint_goes_out_once_a_day(
    mailoutbox, django_capture_on_commit_callbacks
) -> None:
    from datetime import timedelta

    def promise(after: timedelta) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            anchoring.promise_mail(address="auditor@example.org", now=NOW + after)

    write()
    seal()
    promise(timedelta())
    write()
    seal()
    promise(timedelta(hours=23))
    promise(timedelta(hours=25))
    promise(timedelta(hours=50))
    assert [mail.to for mail in mailoutbox] == [["auditor@example.org"]] * 2
    assert Checkpoint.objects.order_by("size").first().note in mailoutbox[0].body
