"""What a change would put in force, checked before anybody signs it, and how it is put there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.domain import documents, patches
from governance.domain.canonical import digest
from governance.domain.documents.diffs import Change, diff
from governance.domain.documents.fields import suggestion
from governance.domain.faults import Fault
from governance.domain.strict_json import escape
from governance.enums import AdjustmentKind, PolicyKind, PolicyMode
from governance.exceptions import Conflict, InvalidInput
from governance.models import Pipeline, PolicyVersion, User
from governance.selectors import effective
from governance.selectors.effective import Effective, Model
from governance.selectors.policies import known
from governance.services import policies, registered_models, rows

MODEL_FIELDS = ("name", "version", "digest")
MOST_VALUES = 50


@dataclass(frozen=True)
class Plan:
    """What a change comes to: from what is in force to what shall be, step by step."""

    before: dict[str, Any]
    after: dict[str, Any]
    steps: list[Change]


def plan(pipeline: Pipeline, kind: str, change: Mapping[str, Any]) -> Plan:
    """Return what a change of a pipeline comes to; InvalidInput with every fault under /change."""
    now = effective.of(pipeline)
    if kind == AdjustmentKind.MODEL_VERSION:
        model = _model(change)
        step = {"path": "/model", "old": now.model, "new": model}
        return Plan(now.refs, now.refs | {"model": model}, [step] if now.model != model else [])
    if now.config is None:
        raise Conflict(f"Nothing is live in {pipeline.slug} yet: publish a configuration first.")
    live = now.config.document
    document = _whole(pipeline, change) if kind == AdjustmentKind.CONFIG else _with_values(
        pipeline, live, change
    )  # fmt: skip
    return Plan(now.refs, now.refs | {"config": digest(document)}, diff(live, document))


def _model(change: Mapping[str, Any]) -> Model:
    faults = [
        Fault(f"/change/{escape(name)}", "unknown_field",
              f"There is no field {name[:60]!r} here.{suggestion(name, list(MODEL_FIELDS))}")
        for name in change
        if name not in MODEL_FIELDS
    ]  # fmt: skip
    faults += [
        Fault(f"/change/{name}", "required", f"{name} is missing.")
        for name in MODEL_FIELDS[:2]
        if name not in change
    ]
    for name in set(MODEL_FIELDS) & set(change):
        value = change[name]
        if not isinstance(value, str) or not 0 < len(value.strip()) <= 120:
            faults.append(Fault(f"/change/{name}", "text", "Give text of 1 to 120 characters."))
    _refuse(faults)
    return _as_registered({name: change[name] for name in MODEL_FIELDS if name in change})


def _as_registered(model: Model) -> Model:
    """Return a model with the digest that it is registered under, where its name is known."""
    name, version = model["name"], model["version"]
    try:
        known = registered_models.digest(name, version)
    except LookupError:
        detail = f"{name} has no version {version!r}: register it first."
        raise InvalidInput.at("/change/version", detail, code="unknown") from None
    if known is None:
        return model
    if model.get("digest", known) != known:
        detail = f"{name} {version} is registered as {known}."
        raise InvalidInput.at("/change/digest", detail, code="digest")
    return model | {"digest": known}


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        detail = faults[0].detail if len(faults) == 1 else f"{len(faults)} faults."
        raise InvalidInput(detail, faults=tuple(faults))


def _whole(pipeline: Pipeline, change: Mapping[str, Any]) -> dict[str, Any]:
    named = {"kind": change.get("kind", "Pipeline"), "slug": change.get("slug", pipeline.slug)}
    if named != {"kind": "Pipeline", "slug": pipeline.slug}:
        raise InvalidInput.at(
            "/change/slug", f"The change is a Pipeline document of {pipeline.slug}."
        )
    try:
        return validated(pipeline, change)
    except documents.InvalidDocuments as error:
        faults = [
            Fault("/change" + fault.pointer.removeprefix("/0"), fault.code, fault.detail)
            for fault in error.faults
        ]
        _refuse(faults)
        raise


def validated(pipeline: Pipeline, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Pipeline document in its normal form; InvalidDocuments with every fault."""
    source = {**document, "kind": "Pipeline", "slug": pipeline.slug}
    (parsed,) = documents.validate([source], known())
    return parsed.document


def _with_values(
    pipeline: Pipeline, live: Mapping[str, Any], change: Mapping[str, Any]
) -> dict[str, Any]:
    values = change.get("set")
    if set(change) != {"set"} or not isinstance(values, dict) or not values:
        raise InvalidInput.at(
            "/change/set", 'An override says {"set": {path: value}}, as "/routing/random_slice".'
        )
    if len(values) > MOST_VALUES:
        raise InvalidInput.at("/change/set", f"An override sets {MOST_VALUES} values at most.")
    faults = [
        Fault(f"/change/set/{escape(path)}", "unknown", f"Nothing in force stands at {path[:100]}.")
        for path in values
        if not _is_there(live, path)
    ]
    _refuse(faults)
    document = patches.applied(live, [{"path": p, "new": v} for p, v in values.items()])
    try:
        return validated(pipeline, document)
    except documents.InvalidDocuments as error:
        _refuse([
            Fault(f"/change/set/{escape(f.pointer.removeprefix('/0'))}", f.code, f.detail)
            for f in error.faults
        ])  # fmt: skip
        raise


def _is_there(document: Mapping[str, Any], path: str) -> bool:
    try:
        return patches.value_at(document, path) is not patches.MISSING
    except ValueError:
        return False


def outdated(kind: str, planned: Mapping[str, Any], steps: Sequence[Change], now: Effective) -> str:
    """Return why a change no longer fits what is in force, or nothing: compare, then swap."""
    if kind == AdjustmentKind.MODEL_VERSION:
        same = planned["model"] == now.model
        return "" if same else "Another model is in force than the one it was signed against."
    if kind == AdjustmentKind.CONFIG:
        same = planned["config"] == now.refs["config"]
        return "" if same else "Another configuration is live than the one it was signed against."
    clash = patches.conflicts(now.config.document if now.config else {}, steps)
    return f"These values have changed since it was signed: {', '.join(clash)}." if clash else ""


def take(
    pipeline: Pipeline,
    steps: Sequence[Change],
    now_in_force: Effective,
    *,
    actor: User,
    reason: str,
    now: datetime,
) -> Effective:
    """Put what the steps lead to in force in a locked pipeline; returns what then is.

    Raises InvalidDocuments where what comes of them is none that may be published.
    """
    model = [step for step in steps if step["path"] == "/model"]
    if model:
        return Effective(now_in_force.config, model[-1]["new"])
    assert now_in_force.config is not None
    document = patches.applied(now_in_force.config.document, steps)
    version = _version_of(pipeline, document)
    if version is None:
        document = validated(pipeline, document)
    return Effective(_put(pipeline, document, actor, reason, now), now_in_force.model)


def _version_of(pipeline: Pipeline, document: Mapping[str, Any]) -> PolicyVersion | None:
    """Return the version that was in force with just this document: it needs no second check."""
    return PolicyVersion.objects.filter(
        kind=PolicyKind.PIPELINE, slug=pipeline.slug, digest=digest(document)
    ).first()


def _put(
    pipeline: Pipeline, document: Mapping[str, Any], actor: User, reason: str, now: datetime
) -> PolicyVersion:
    live = pipeline.live
    # The working rows follow where nobody has written a draft over them.
    follows = live is not None and rows.document_of(pipeline) == live.document
    act: Any = {"actor": actor, "reason": reason, "now": now}
    version, _ = policies.publish_version(
        kind=PolicyKind.PIPELINE, slug=pipeline.slug, document=document, before=live, **act
    )
    if follows:
        rows.write(pipeline, version.document, actor=actor, reason=reason)
    policies.activate(pipeline=pipeline, version=version, mode=PolicyMode.LIVE, **act)
    return version


class _Rehearsed(Exception):
    """Takes a rehearsal back; holds the digests that were seen."""

    def __init__(self, forth: str, back: str) -> None:
        super().__init__()
        self.forth, self.back = forth, back


def rehearse(pipeline: Pipeline, planned: Plan, *, actor: User, now: datetime) -> None:
    """Do a change and take it back, in a transaction that leaves nothing.

    Conflict unless the state afterwards is, digest for digest, the one that it began with.
    """
    before = effective.of(pipeline)
    act: Any = {"actor": actor, "reason": "Rehearsal", "now": now}
    try:
        with transaction.atomic():
            there = take(pipeline, planned.steps, before, **act)
            back = take(pipeline, patches.inverse(planned.steps), there, **act)
            raise _Rehearsed(there.digest, back.digest)
    except _Rehearsed as seen:
        forth, home = seen.forth, seen.back
    finally:
        pipeline.refresh_from_db()
    if (forth, home) != (digest(planned.after), before.digest):
        raise Conflict("The change could not be taken back exactly: it is not submitted.")
