"""What goes into an audit pack: everything follows from the scope and the checkpoint it names."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from feedback.domain import controls
from feedback.selectors import pack_events
from feedback.services.pack_files import Staging
from governance.domain.canonical import canonical
from governance.domain.pack_scope import PackScope
from governance.domain.principal import Principal
from governance.domain.signed_notes import Signer
from governance.domain.times import rfc3339
from governance.domain.verifier_source import source
from governance.models import Anchor, Checkpoint, LedgerKey, User
from governance.selectors import pack_sections, proving

ALWAYS = {
    "README.html": "This page.",
    "anchors.jsonl": "Copies of checkpoints that lie outside, the last of each day and kind.",
    "checkpoints.jsonl": "Those checkpoints, and the one of this pack, with the proof that each is "
    "the start of it.",
    "controls.json": "The control matrix: what rules ask, what the software does, the evidence.",
    "decisions.jsonl": "What people decided and wrote, by the event that tells of it.",
    "events.jsonl": "Each event of the ledger, as its digest is made of it.",
    "people.jsonl": "The names of those who acted.",
    "proofs.jsonl": "The proof of each event, in the same order.",
    "scope.json": "What was asked for: pipelines, time, purpose, requester, and what it rests on.",
    "verify.py": "The program that checks all of it with nothing but Python.",
}  # fmt: skip


@dataclass
class _Seen:
    """What the events of a pack told of."""

    actions: Counter[str] = field(default_factory=Counter)
    people: set[int] = field(default_factory=set)
    hidden: int = 0
    redacted: int = 0


def write(
    folder: Path, scope: PackScope, *, reader: Principal | None, signer: Signer
) -> tuple[Staging, str]:
    """Write the files of a pack into `folder`; return them with the root over them, in hex.

    What is blind to `reader` is left out.
    """
    point = Checkpoint.objects.get(size=scope.checkpoint)
    staging = Staging(folder)
    seen = _events(staging, scope, point, reader)
    rows = {"decisions": staging.files["decisions.jsonl"].rows}
    for section in pack_sections.sections():
        rows[section.name] = staging.lines(f"{section.name}.jsonl", section.lines(scope))
    staging.lines("people.jsonl", _people(seen.people))
    staging.lines("anchors.jsonl", _anchors(scope, point))
    staging.lines("checkpoints.jsonl", _checkpoints(scope, point))
    staging.text("scope.json", _json(scope.as_json()))
    stated = controls.statement(rows, seen.actions)
    staging.text("controls.json", _json(stated))
    staging.text("verify.py", source())
    keys = _keys(point, signer)
    staging.text("README.html", _readme(staging, scope, point, seen, stated, keys))
    return staging, staging.close(checkpoint=point.note, keys=keys, signer=signer)


def _json(value: Any) -> str:
    return canonical(value).decode() + "\n"


def _events(
    staging: Staging, scope: PackScope, point: Checkpoint, reader: Principal | None
) -> _Seen:
    seen = _Seen()
    with (
        staging.open("events.jsonl") as events,
        staging.open("proofs.jsonl") as proofs,
        staging.open("decisions.jsonl") as texts,
    ):
        for batch in pack_events.batches(scope, point, reader):
            for file, lines in (
                (events, batch.events), (proofs, batch.proofs), (texts, batch.texts)
            ):  # fmt: skip
                for line in lines:
                    file.line(line)
            seen.hidden += batch.hidden
            seen.redacted += batch.redacted
            for event in batch.events:
                seen.actions[event["action"]] += 1
                seen.people.add(event["actor"])
    return seen


def _people(keys: set[int]) -> Iterator[dict[str, Any]]:
    found = User.objects.filter(pk__in=keys - {None}).order_by("pk")
    for key, name in found.values_list("pk", "username"):
        yield {"id": key, "username": name}


def _anchors(scope: PackScope, point: Checkpoint) -> Iterator[dict[str, Any]]:
    for row in _copies(scope, point):
        yield {
            "size": row.checkpoint.size,
            "kind": str(row.kind),
            "place": row.place,
            "at": rfc3339(row.at),
            "token": row.token,
        }


def _copies(scope: PackScope, point: Checkpoint) -> Iterator[Anchor]:
    """Return the last copy of each day, kind and place that was made when the pack is of."""
    rows = Anchor.objects.select_related("checkpoint").filter(
        at__gte=scope.since, at__lte=point.sealed_at, checkpoint__size__lte=point.size
    )
    last: dict[tuple[str, str], Anchor] = {}
    for row in rows.order_by("at", "pk").iterator():
        kept = last.get((row.kind, row.place))
        if kept is not None and kept.at.date() != row.at.date():
            yield kept
        last[row.kind, row.place] = row
    yield from (last[place] for place in sorted(last))


def _checkpoints(scope: PackScope, point: Checkpoint) -> Iterator[dict[str, Any]]:
    copied = {row.checkpoint.size: row.checkpoint for row in _copies(scope, point)}
    for size, row in sorted((copied | {point.size: point}).items()):
        yield {
            "size": size,
            "note": row.note,
            "sealed_at": rfc3339(row.sealed_at),
            "path": proving.consistency(size, point.size) if size < point.size else [],
        }


def _keys(point: Checkpoint, signer: Signer) -> list[str]:
    known = LedgerKey.objects.filter(first_used_at__lte=point.sealed_at)
    words = set(known.values_list("verifier", flat=True)) | {str(signer.verifier)}
    return sorted(words)


def _readme(
    staging: Staging,
    scope: PackScope,
    point: Checkpoint,
    seen: _Seen,
    stated: dict[str, Any],
    keys: list[str],
) -> str:
    says = {f"{each.name}.jsonl": each.says for each in pack_sections.sections()} | ALWAYS
    files = [
        {"name": name, "says": says[name], "rows": staging.files[name].rows if name in staging.files
         and name.endswith(".jsonl") else None}
        for name in sorted(says)
    ]  # fmt: skip
    context = {
        "scope": scope, "pipelines": sorted(scope.pipelines.values()), "point": point,
        "files": files, "seen": seen, "stated": stated, "keys": keys,
        "since": rfc3339(scope.since), "until": rfc3339(scope.until),
        "sealed_at": rfc3339(point.sealed_at),
        "copied": staging.files["anchors.jsonl"].rows,
    }  # fmt: skip
    with translation.override("en"):
        return render_to_string("feedback/audit_pack.html", context)
