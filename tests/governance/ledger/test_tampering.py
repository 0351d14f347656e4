"""Whoever has the database can change it; whoever verifies the ledger finds what was changed."""

import io
import json
import uuid
import weakref
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from governance.db import append_only
from governance.domain import signed_notes as notes
from governance.models import (
    AuditEvent,
    Checkpoint,
    LedgerKey,
    LedgerLeaf,
    LedgerNode,
    UnsealedEvent,
)
from governance.models.base import uuid7
from governance.selectors import verification
from governance.services import anchoring, ledger, sealing
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SIGNER = notes.Signer("countersign.test", b"\x01" * 32)
EVENTS, LEAVES, POINTS, NODES, KEYS, WAITING = (
    model._meta.db_table
    for model in (AuditEvent, LedgerLeaf, Checkpoint, LedgerNode, LedgerKey, UnsealedEvent)
)


def write(stream: str, count: int) -> list[AuditEvent]:
    return [
        ledger.append(stream=stream, action="thing.done", actor=None, now=NOW, detail={"n": n})
        for n in range(count)
    ]


def run(sql: str, *values: Any) -> None:
    if connection.vendor == "sqlite":
        values = tuple(value.hex if isinstance(value, uuid.UUID) else value for value in values)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.ANCHOR_DIR = tmp_path
    settings.LEDGER_SIGNER = SIGNER
    return tmp_path


@pytest.fixture
def sealed(folder: Path) -> list[AuditEvent]:
    """Return 300 events of three streams, sealed in two steps and copied to a folder."""
    events = write("thing:a", 100) + write("thing:b", 100)
    sealing.seal(now=NOW)
    anchoring.in_folder(folder=folder, now=NOW)
    events += write("thing:c", 100)
    sealing.seal(now=NOW)
    anchoring.in_folder(folder=folder, now=NOW)
    append_only.remove(connection)
    return events


def verify(*options: str) -> tuple[int, dict[str, Any], str]:
    """Return the exit code of the command, its report, and its last words."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify_ledger", *options, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, json.loads(out.getvalue() or "{}"), str(error)
    return 0, json.loads(out.getvalue()), err.getvalue()


def first() -> tuple[str, int | None]:
    code, report, _ = verify()
    assert code == 1
    assert report["verdict"] == "wrong"
    return report["first"]["fault"], report["first"]["index"]


def test_an_untouched_ledger_verifies(sealed: list[AuditEvent]) -> None:
    code, report, said = verify()
    assert (code, report["verdict"], report["findings"]) == (0, "right", [])
    assert (report["leaves"], report["checkpoints"], report["copies"]) == (301, 2, 2)
    assert (report["anchored"], report["not_anchored"], report["unsealed"]) == (301, 0, 0)
    assert said.strip() == "The ledger is what was sealed: 301 events."


def test_an_empty_ledger_verifies(folder: Path) -> None:
    code, report, _ = verify()
    assert (code, report["leaves"]) == (0, 0)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reason", "Something else"),
        ("action", "thing.undone"),
        ("detail", '{"n": 8}'),
        ("at", "2026-11-20 00:00:00+00:00"),
        ("request_id", "x"),
        ("digest", "0" * 64),
        ("commitments", '{"a": "b"}'),
    ],
)
def test_tampering_1_one_value_of_one_event(
    sealed: list[AuditEvent], column: str, value: str
) -> None:
    run(f"UPDATE {EVENTS} SET {column} = %s WHERE id = %s", value, sealed[7].pk)
    assert first() == ("altered", 7)


def test_tampering_1_one_byte_of_one_leaf(sealed: list[AuditEvent]) -> None:
    digest = sealed[7].digest
    changed = ("0" if digest[0] != "0" else "1") + digest[1:]
    run(f"UPDATE {LEAVES} SET digest = %s WHERE position = 7", changed)
    assert first() == ("altered", 7)


def test_tampering_2_two_events_swapped(sealed: list[AuditEvent]) -> None:
    one, two = sealed[3], sealed[9]
    for event, other in ((one, two), (two, one)):
        run(
            f"UPDATE {EVENTS} SET detail = %s, digest = %s WHERE id = %s",
            json.dumps(other.detail), other.digest, event.pk,
        )  # fmt: skip
    assert first() == ("altered", 3)


def test_tampering_2_two_leaves_swapped(sealed: list[AuditEvent]) -> None:
    run(f"UPDATE {LEAVES} SET position = 9999 WHERE position = 3")
    run(f"UPDATE {LEAVES} SET position = 3 WHERE position = 9")
    run(f"UPDATE {LEAVES} SET position = 9 WHERE position = 9999")
    assert first() == ("moved", 3)


def drop_tail(count: int) -> None:
    gone = f"SELECT event FROM {LEAVES} WHERE position >= %s"
    run(f"DELETE FROM {EVENTS} WHERE id IN ({gone})", count)
    run(f"DELETE FROM {LEAVES} WHERE position >= %s", count)


def test_tampering_3_the_last_ten_gone(sealed: list[AuditEvent]) -> None:
    drop_tail(291)
    assert first() == ("removed", 291)
    # Without the checkpoint that tells of them, the copy outside still does.
    run(
        "DELETE FROM governance_anchor WHERE checkpoint_id IN "
        f"(SELECT id FROM {POINTS} WHERE size = 301)"
    )
    run(f"DELETE FROM {POINTS} WHERE size = 301")
    assert first() == ("anchor", 291)


def test_tampering_4_a_stream_gone(sealed: list[AuditEvent]) -> None:
    run(f"DELETE FROM {EVENTS} WHERE stream = 'thing:b'")
    assert first() == ("removed", 100)


def test_tampering_4_a_stream_gone_with_its_leaves(sealed: list[AuditEvent]) -> None:
    run(f"DELETE FROM {LEAVES} WHERE event IN (SELECT id FROM {EVENTS} WHERE stream = 'thing:b')")
    run(f"DELETE FROM {EVENTS} WHERE stream = 'thing:b'")
    assert first() == ("removed", 100)


def test_tampering_4_the_end_of_a_stream_that_was_not_sealed_yet(
    sealed: list[AuditEvent],
) -> None:
    event = write("thing:d", 1)[0]
    run(f"DELETE FROM {EVENTS} WHERE id = %s", event.pk)
    code, report, _ = verify()
    assert (code, report["first"]["event"]) == (1, str(event.pk))
    # It never keeps others from being sealed.
    write("thing:e", 2)
    assert sealing.seal(now=NOW) == 2


def forge(moment: Any, sequence: int = 101) -> AuditEvent:
    """Write an event as somebody would who wants it to be old."""
    stamp = int(moment.timestamp() * 1000) << 80
    event = ledger.composed(
        stream="thing:a", action="thing.done", actor=None, now=moment, detail={},
        event_id=uuid.UUID(int=uuid7().int & ((1 << 80) - 1) | stamp), sequence=sequence,
    )  # fmt: skip
    event.save()
    return event


def test_tampering_5_a_backdated_insert(sealed: list[AuditEvent]) -> None:
    forge(NOW - timedelta(days=400))
    sealing.seal(now=NOW)
    assert first() == ("inserted", 301)


def test_tampering_5_a_backdated_insert_past_the_trigger(sealed: list[AuditEvent]) -> None:
    event = forge(NOW - timedelta(days=400))
    run(f"DELETE FROM {WAITING} WHERE event = %s", event.pk)
    code, report, _ = verify()
    assert (code, report["first"]["fault"], report["first"]["sequence"]) == (1, "inserted", 101)


def test_tampering_5_a_backdated_insert_with_a_leaf_of_its_own(sealed: list[AuditEvent]) -> None:
    event = forge(NOW - timedelta(days=400))
    run(f"UPDATE {LEAVES} SET position = position + 1000 WHERE position >= 50")
    run(f"UPDATE {LEAVES} SET position = position - 999 WHERE position >= 1050")
    run(
        f"INSERT INTO {LEAVES} (position, event, digest) VALUES (50, %s, %s)",
        event.pk, event.digest,
    )  # fmt: skip
    fault, index = first()
    assert fault in {"inserted", "moved"}
    assert index is not None
    assert index <= 50


def rehash(signer: notes.Signer) -> None:
    """Write the whole proof anew over what is there now."""
    for table in ("governance_anchor", POINTS, LEAVES, NODES, KEYS, WAITING):
        run(f"DELETE FROM {table}")
    for event in AuditEvent.objects.order_by("pk"):
        run(f"UPDATE {EVENTS} SET digest = %s WHERE id = %s", ledger.leaf_digest(event), event.pk)
        run(f"INSERT INTO {WAITING} (event) VALUES (%s)", event.pk)
    sealing.seal_all(now=NOW, signer=signer)


def test_tampering_6_everything_hashed_anew_with_the_key(sealed: list[AuditEvent]) -> None:
    run(f"UPDATE {EVENTS} SET reason = 'Nothing happened' WHERE id = %s", sealed[7].pk)
    rehash(SIGNER)
    assert first()[0] == "anchor"


def test_tampering_6_is_not_found_where_no_copy_lies_outside_and_that_is_said(
    sealed: list[AuditEvent], folder: Path
) -> None:
    for path in folder.iterdir():
        path.unlink()
    run(f"UPDATE {EVENTS} SET reason = 'Nothing happened' WHERE id = %s", sealed[7].pk)
    rehash(SIGNER)
    code, report, said = verify()
    assert (code, report["anchored"], report["not_anchored"]) == (0, 0, report["leaves"])
    assert "No copy outside covers" in said


def test_tampering_6_everything_hashed_anew_without_the_key(sealed: list[AuditEvent]) -> None:
    run(f"UPDATE {EVENTS} SET reason = 'Nothing happened' WHERE id = %s", sealed[7].pk)
    rehash(notes.Signer("countersign.test", b"\x02" * 32))
    code, report, _ = verify("--key", str(SIGNER.verifier))
    assert code == 1
    assert {finding["fault"] for finding in report["findings"]} >= {"checkpoint", "anchor"}
    assert first()[0] == "anchor"


def test_tampering_7_a_checkpoint_replaced(sealed: list[AuditEvent]) -> None:
    forged = notes.signed(
        notes.Checkpoint("countersign.test", 301, b"\x00" * 32),
        notes.Signer("countersign.test", b"\x02" * 32),
    )
    run(f"UPDATE {POINTS} SET root = %s, note = %s WHERE size = 301", "00" * 32, forged)
    code, report, _ = verify()
    assert code == 1
    assert {"checkpoint", "moved"} <= {finding["fault"] for finding in report["findings"]}


def test_tampering_7_a_root_that_was_not_signed(sealed: list[AuditEvent]) -> None:
    run(f"UPDATE {POINTS} SET root = %s WHERE size = 301", "00" * 32)
    code, report, _ = verify()
    assert code == 1
    assert "differs from what was signed" in json.dumps(report)


def test_a_kept_hash_of_a_tile_that_is_not_its_own_is_found(sealed: list[AuditEvent]) -> None:
    run(f"UPDATE {NODES} SET digest = %s", "00" * 32)
    assert first() == ("moved", 0)


def test_a_copy_that_is_no_checkpoint_is_found(sealed: list[AuditEvent], folder: Path) -> None:
    (folder / "000000000000001.checkpoint").write_text("Nothing")
    assert first() == ("anchor", None)


def test_a_gap_in_a_stream_is_found(sealed: list[AuditEvent]) -> None:
    forge(NOW, sequence=150)
    code, _, said = verify()
    assert code == 1
    assert "thing:a has 101 events and counts to 150" in said


def test_what_waits_to_be_sealed_is_counted_and_checked(sealed: list[AuditEvent]) -> None:
    event = write("thing:d", 2)[0]
    code, report, said = verify()
    assert (code, report["unsealed"]) == (0, 2)
    assert "2 more wait to be sealed" in said
    run(f"UPDATE {EVENTS} SET reason = 'x' WHERE id = %s", event.pk)
    code, report, _ = verify()
    assert (code, report["first"]["fault"]) == (1, "altered")


def test_a_file_that_cannot_be_read_is_no_verdict(sealed: list[AuditEvent]) -> None:
    code, report, said = verify("--checkpoint", "/nowhere/at/all")
    assert (code, report) == (2, {})
    assert "/nowhere/at/all" in said


def test_what_was_told_later_than_it_happened_is_counted(folder: Path) -> None:
    ledger.append(
        stream="thing:a", action="thing.done", actor=None, now=NOW - timedelta(days=900), detail={}
    )
    sealing.seal(now=timezone.now())
    assert verify()[1]["backdated"] == 1


def test_the_first_bad_row_is_named_among_any_number_of_bad_copies(
    sealed: list[AuditEvent], folder: Path
) -> None:
    for number in range(verification.MOST + 1):
        (folder / f"{number:015}.checkpoint").write_text("Nothing")
    run(f"UPDATE {EVENTS} SET reason = 'x' WHERE id = %s", sealed[150].pk)
    code, report, _ = verify()
    assert (code, report["first"]["event"]) == (1, str(sealed[150].pk))
    assert (report["faults"], report["copies"]) == (verification.MOST + 2, verification.MOST + 3)


def test_copies_are_taken_one_at_a_time_and_none_that_agrees_is_remembered(
    sealed: list[AuditEvent],
) -> None:
    told = [row.note for row in Checkpoint.objects.order_by("size")]

    class Place(str):
        """A place of which it is known when nobody remembers it any more."""

    places: list[weakref.ref[Place]] = []
    most = 0

    def copies() -> Iterator[tuple[str, str]]:
        nonlocal most
        for number in range(50):
            place = Place(number)
            places.append(weakref.ref(place))
            yield place, told[number % 2]
            del place
            most = max(most, sum(one() is not None for one in places))

    report = verification.verify(copies())
    assert (report.count, report.anchored) == (0, 301)
    assert most <= 2


def test_a_copy_of_another_ledger_of_the_same_size_tells_where_it_parts(
    sealed: list[AuditEvent], folder: Path
) -> None:
    other = notes.signed(notes.Checkpoint("countersign.test", 301, b"\x07" * 32), SIGNER)
    (folder / "other.checkpoint").write_text(other)
    code, report, _ = verify()
    assert (code, report["first"]["fault"], report["first"]["last"]) == (1, "anchor", 300)


def test_many_findings_are_counted_and_the_first_is_named(sealed: list[AuditEvent]) -> None:
    run(f"UPDATE {EVENTS} SET reason = 'x'")
    _, report, _ = verify()
    assert (report["faults"], len(report["findings"])) == (301, verification.MOST)
    assert report["first"]["index"] == 0
