"""Whether the ledger is what it says it is, read once from end to end.

What it cannot know is said apart from what is wrong: events that are not sealed yet, and how far
copies outside of the database reach. What no copy covers, whoever holds both the database and the
key could have written anew.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography.x509 import Certificate

from governance.db import leaves
from governance.domain import merkle, timestamps
from governance.domain import signed_notes as notes
from governance.enums import AnchorKind
from governance.models import Anchor, Checkpoint, LedgerNode
from governance.selectors import proving

# How long an act may take from the making of its event to its end.
LONGEST_ACT = timedelta(hours=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MOST = 100


class Fault(StrEnum):
    """What is wrong."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    MOVED = "moved"
    CHECKPOINT = "checkpoint"
    ANCHOR = "anchor"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `index` is the leaf, or the first of those up to `last`."""

    fault: Fault
    says: str
    index: int | None = None
    event: uuid.UUID | None = None
    stream: str = ""
    sequence: int | None = None
    last: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what the report holds."""
        return {
            "fault": str(self.fault),
            "says": self.says,
            "index": self.index,
            "last": self.last,
            "event": str(self.event) if self.event else None,
            "stream": self.stream or None,
            "sequence": self.sequence,
        }


@dataclass
class Report:
    """What was read, what is wrong (the first leaf first), and what cannot be judged."""

    leaves: int = 0
    checkpoints: int = 0
    unsealed: int = 0
    oldest_unsealed: datetime | None = None
    anchored: int = 0
    anchored_at: datetime | None = None
    backdated: int = 0
    stamps: int = 0
    stamped: int = 0
    stamped_at: datetime | None = None
    stamps_unread: int = 0
    findings: list[Finding] = field(default_factory=list)
    count: int = 0

    def add(self, finding: Finding) -> None:
        """Keep a finding, or count it when there are too many; the first is always kept."""
        self.count += 1
        if len(self.findings) < MOST:
            self.findings.append(finding)
        elif self.first is not None and _place(finding) < _place(self.first):
            self.findings[-1] = finding

    @property
    def first(self) -> Finding | None:
        """Return the finding at the lowest leaf."""
        return min(self.findings, key=_place, default=None)


def _place(finding: Finding) -> tuple[bool, int]:
    # What is known of many leaves comes after what is known of one of them.
    return finding.index is None, (finding.last or finding.index or 0)


def verify(
    copies: Iterable[tuple[str, str]] = (),
    trusted: Iterable[notes.Verifier] = (),
    roots: Sequence[Certificate] = (),
) -> Report:
    """Return the report over the whole ledger.

    `copies` are checkpoints from outside, each with where it lies; they are taken one at a time,
    and only those that contradict the database are remembered. With `trusted` keys, no other key is
    believed, whatever the database says of it. `roots` vouch for time-stamp authorities; without
    them a stamp is compared with what it stamps, and not with who made it.
    """
    report = Report()
    keys = {key.key_id: key for key in trusted} or proving.verifiers()
    points = _Checkpoints(keys, copies, report)
    _walk(points, report)
    _tail(points, report)
    _not_sealed(report)
    _streams(report)
    _stamps(report, roots)
    report.findings.sort(key=_place)
    return report


class _Checkpoints:
    """The roots that must be found on the way, by size: of checkpoints and of copies of them.

    Checkpoints are read as the walk comes to them. A copy that says what the checkpoint of its
    size says asks for nothing more: `others` are the copies that do not.
    """

    def __init__(
        self, keys: dict[str, notes.Verifier], copies: Iterable[tuple[str, str]], report: Report
    ) -> None:
        self.keys, self.report = keys, report
        self.others: dict[int, list[tuple[str, bytes]]] = {}
        self.torn = False
        for place, note in copies:
            if said := self._opened(note, f"The copy {place}", Fault.ANCHOR):
                self._compare(said, f"the copy {place}")
                report.anchored = max(report.anchored, said.size)
        kept = Anchor.objects.exclude(kind=AnchorKind.TIMESTAMP)
        at = kept.filter(checkpoint__size=report.anchored).order_by("at").first()
        report.anchored_at = at.at if at else None
        self.rows = Checkpoint.objects.order_by("size").iterator()
        self.next = self._read()

    def _compare(self, said: notes.Checkpoint, what: str) -> None:
        if not Checkpoint.objects.filter(size=said.size, root=said.root.hex()).exists():
            self.others.setdefault(said.size, []).append((what, said.root))

    def _read(self) -> Checkpoint | None:
        row = next(self.rows, None)
        if row is None:
            return None
        self.report.checkpoints += 1
        said = self._opened(row.note, f"The checkpoint of {row.size} leaves", Fault.CHECKPOINT)
        if said and (said.size, said.root.hex()) != (row.size, row.root):
            says = f"The checkpoint of {row.size} leaves differs from what was signed."
            self.report.add(Finding(Fault.CHECKPOINT, says))
        return row

    def _opened(self, note: str, what: str, fault: Fault) -> notes.Checkpoint | None:
        try:
            return notes.opened(note, self.keys)
        except notes.NoteError as error:
            self.report.add(Finding(fault, f"{what} is not valid: {error}"))
            return None

    def said_of(self, size: int) -> list[tuple[str, bytes]]:
        """Return what was said of a tree of `size` leaves, and pass on; sizes only grow."""
        said = []
        while self.next is not None and self.next.size <= size:
            # Smaller ones fell into a gap of leaves, which is told of by itself.
            if self.next.size == size:
                said.append(("the checkpoint", bytes.fromhex(self.next.root)))
            self.next = self._read()
        return said + self.others.pop(size, [])

    def beyond(self, size: int) -> Iterator[tuple[int, str]]:
        """Yield each larger size of which something was said, and what said it, the least first."""
        others = {more: said[0][0] for more, said in self.others.items() if more > size}
        while self.next is not None:
            others.pop(self.next.size, None)
            for more in sorted(other for other in others if other < self.next.size):
                yield more, others.pop(more)
            if self.next.size > size:
                yield self.next.size, "the checkpoint"
            self.next = self._read()
        yield from sorted(others.items())

    def meet(self, tree: merkle.RunningRoot, since: int) -> bool:
        """Compare the tree with what was said of one of its size; False when nothing was."""
        said = self.said_of(tree.size)
        if not said:
            return False
        root = tree.root()
        for what, expected in said:
            if self.torn or root == expected:
                continue
            # No root after this one can be right: the first tells where.
            self.torn = True
            fault = Fault.ANCHOR if what.startswith("the copy") else Fault.MOVED
            self.report.add(
                Finding(
                    fault,
                    f"Leaves {since} to {tree.size - 1} are not those of {what} of {tree.size}.",
                    since,
                    last=tree.size - 1,
                )
            )
        return True


def _walk(points: _Checkpoints, report: Report) -> None:
    """Read all leaves in order, with their events; meet every checkpoint on the way."""
    tree, since = merkle.RunningRoot(), 0
    order = _Order(report)
    for leaf in leaves.in_order():
        while tree.size < leaf.index:
            says = f"Leaf {tree.size} is gone."
            report.add(Finding(Fault.REMOVED, says, tree.size))
            # Its place is kept, so that those after it are judged by themselves.
            tree.add(bytes(32))
            points.torn = True
        _judge(leaf, report)
        order.see(leaf)
        tree.add(bytes.fromhex(leaf.digest))
        if points.meet(tree, since):
            since = tree.size
            order.close()
    report.leaves = tree.size
    _nodes(tree, report)


def _judge(leaf: leaves.Leaf, report: Report) -> None:
    if leaf.computed is None:
        says = f"The event of leaf {leaf.index} is gone."
        report.add(Finding(Fault.REMOVED, says, leaf.index, leaf.event))
    elif leaf.computed != leaf.digest or leaf.stored != leaf.digest:
        report.add(_about(Fault.ALTERED, leaf, "It is not what was sealed."))
    elif leaf.at and leaf.written_at - leaf.at > LONGEST_ACT:
        report.backdated += 1


class _Order:
    """Within one sealing, leaves stand in the order of their ids; and nothing old comes late."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.batch: list[leaves.Leaf] = []
        self.newest = self.before = LONG_AGO

    def see(self, leaf: leaves.Leaf) -> None:
        """Look at the next leaf."""
        self.batch.append(leaf)
        written_at = leaf.written_at
        if written_at < self.before - LONGEST_ACT:
            says = "It was sealed long after it says it was written."
            self.report.add(_about(Fault.INSERTED, leaf, says))
        self.newest = max(self.newest, written_at)

    def close(self) -> None:
        """Judge the leaves since the last checkpoint, which one sealing gave their places."""
        for leaf, right in zip(self.batch, sorted(self.batch, key=_event), strict=True):
            if leaf is not right:
                self.report.add(_about(Fault.MOVED, leaf, "It was sealed in another place."))
                break
        self.batch.clear()
        self.before = self.newest


def _event(leaf: leaves.Leaf) -> uuid.UUID:
    return leaf.event


def _about(fault: Fault, leaf: leaves.Leaf, says: str) -> Finding:
    what = f"Leaf {leaf.index}, {leaf.stream} #{leaf.sequence}:"
    return Finding(fault, f"{what} {says}", leaf.index, leaf.event, leaf.stream, leaf.sequence)


def _nodes(tree: merkle.RunningRoot, report: Report) -> None:
    """Compare the kept hashes of whole tiles: proofs rest on them."""
    computed = {(level, index): node.hex() for level, index, node in tree.completed}
    stored = {
        (level, index): digest
        for level, index, digest in LedgerNode.objects.values_list("level", "position", "digest")
    }
    for place in sorted(computed.keys() | stored.keys()):
        if computed.get(place) != stored.get(place):
            level, index = place
            start, last = index << level, ((index + 1) << level) - 1
            says = f"The hash kept for leaves {start} to {last} is not theirs."
            report.add(Finding(Fault.MOVED, says, start, last=last))


def _tail(points: _Checkpoints, report: Report) -> None:
    """Report what was said of a larger ledger than there is."""
    for size, what in points.beyond(report.leaves):
        fault = Fault.ANCHOR if what.startswith("the copy") else Fault.REMOVED
        gone = size - report.leaves
        says = f"{gone} leaves at the end are gone: {what} tells of {size}."
        report.add(Finding(fault, says, report.leaves))


def _not_sealed(report: Report) -> None:
    waiting = leaves.waiting()
    report.unsealed, report.oldest_unsealed = waiting.count, waiting.oldest
    for event in waiting.gone:
        says = f"An event that waits for its seal is gone: {event}."
        report.add(Finding(Fault.REMOVED, says, event=event))
    for row in leaves.strangers():
        says = f"{row.stream} #{row.sequence} is neither sealed nor waiting to be."
        report.add(Finding(Fault.INSERTED, says, None, row.pk, row.stream, row.sequence))
    for event, stream, sequence in leaves.altered_waiting():
        says = f"{stream} #{sequence} is not what its digest was made of."
        report.add(Finding(Fault.ALTERED, says, None, event, stream, sequence))


def _streams(report: Report) -> None:
    """Each stream counts from 1 without gaps."""
    for stream, count, last in leaves.gaps():
        says = f"{stream} has {count} events and counts to {last}."
        report.add(Finding(Fault.REMOVED, says, stream=stream, sequence=last))


def _stamps(report: Report, roots: Sequence[Certificate]) -> None:
    """Check each time stamp: it is of its checkpoint, by an authority that `roots` vouch for."""
    rows = Anchor.objects.filter(kind=AnchorKind.TIMESTAMP).select_related("checkpoint")
    if not timestamps.available():
        report.stamps_unread = rows.count()
        return
    for row in rows.order_by("at", "pk").iterator():
        size = row.checkpoint.size
        try:
            answer = timestamps.from_text(row.token)
            moment = timestamps.checked(answer, row.checkpoint.note, roots=roots)
        except timestamps.BadTimestamp as error:
            says = f"The time stamp of {row.place} over {size} leaves is not valid: {error}"
            report.add(Finding(Fault.ANCHOR, says))
            continue
        report.stamps += 1
        if size > report.stamped:
            report.stamped, report.stamped_at = size, moment


def lines(report: Report) -> Iterator[str]:
    """Return the report for a person."""
    for finding in report.findings:
        yield finding.says
    if report.count > len(report.findings):
        yield f"And {report.count - len(report.findings)} more."
