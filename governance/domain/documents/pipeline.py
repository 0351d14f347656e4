"""The Pipeline document: question, tiers, queues and routing of one pipeline."""

from collections.abc import Mapping
from typing import Any

from governance.domain.documents.fields import SLUG, Reader
from governance.domain.documents.glossary import glossary
from governance.domain.documents.known import Known
from governance.domain.expressions import ExpressionError, compile_expression
from governance.domain.faults import Fault
from governance.domain.retention import FLOOR_DAYS

QUESTIONS = ("choice", "multiple_choice", "number", "text", "boolean", "fields")
RATIONALES = ("never", "on_change", "always")
SAFE_DEFAULTS = ("hold", "deny")


def pipeline(reader: Reader, known: Known) -> dict[str, Any]:
    """Return a Pipeline document, normalised: every default is written out."""
    queues = {
        slug: _queue(queue, reader, known)
        for slug, queue in reader.named("queues", what="queue").items()
    }
    tiers = {
        slug: _tier(tier, known, frozenset(queues))
        for slug, tier in reader.named("tiers", what="tier").items()
    }
    if not tiers:
        reader.fault("tiers", "required", "A pipeline needs at least one tier.")
    document = {
        "name": reader.text("name", required=True, limit=200),
        "question": _question(reader.child("question")),
        "reason_codes": reader.texts("reason_codes", pattern=SLUG),
        "guideline": reader.text("guideline", limit=200_000),
        "queues": queues,
        "tiers": tiers,
        "routing": _routing(reader.child("routing"), tiers, queues),
        "slas": _slas(reader, known),
        "safe_default": reader.one_of(
            "safe_default", SAFE_DEFAULTS, what="safe default", default="hold"
        ),
        "gold": _gold(reader.child("gold")),
        "privacy": _privacy(reader.child("privacy")),
    }
    # A document without a glossary has no member for it: such a one keeps the digest it always had.
    if terms := glossary(reader.child("glossary")):
        document["glossary"] = terms
    _check_reachable(reader, document)
    if str(reader.values.get("slug")) in known.with_default:
        _check_default_stays(reader, document)
    return document


def most_careful_tier(document: Mapping[str, Any]) -> str:
    """Return the tier that looks hardest: most decisions, then blind, most at most, rationale.

    Of equals, the last by name, since a stored document keeps no order of names.
    """
    tiers: Mapping[str, Any] = document["tiers"]
    return max(
        tiers,
        key=lambda slug: (
            tiers[slug]["decisions"],
            tiers[slug]["blind"],
            tiers[slug]["max_decisions"],
            RATIONALES.index(tiers[slug]["rationale"]),
            slug,
        ),
    )


def needing_default(document: Mapping[str, Any]) -> list[str]:
    """Return the tiers whose items follow the default SLA policy, because they name none."""
    everywhere = document["routing"]["random_slice"]
    return [
        slug
        for slug, tier in document["tiers"].items()
        if not tier["sla"] and (tier["decisions"] or tier["monitor_rate"] or everywhere)
    ]


def _question(reader: Reader) -> dict[str, Any]:
    kind = reader.one_of("kind", QUESTIONS, what="kind of question", default="text")
    choices = reader.texts("choices")
    if kind in ("choice", "multiple_choice") and not choices:
        reader.fault("choices", "required", "A choice needs choices.")
    question: dict[str, Any] = {
        "kind": kind,
        "prompt": reader.text("prompt", default="Is this right?", limit=500),
        "choices": choices,
        "allow_other": reader.flag("allow_other"),
    }
    question["fields"] = _fields(reader)
    if kind == "fields" and not question["fields"]:
        reader.fault("fields", "required", "A question of kind fields needs fields.")
    reader.done()
    return question


def _fields(reader: Reader) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = []
    for entry in reader.children("fields", limit=50):
        field = _field(entry)
        if field["name"] in {known["name"] for known in fields}:
            entry.fault("name", "duplicate", f"The field {field['name']!r} stands twice.")
        if field["kind"] in ("choice", "multiple_choice") and not field["choices"]:
            entry.fault("choices", "required", "A choice needs choices.")
        fields.append(field)
    return fields


def _field(reader: Reader) -> dict[str, Any]:
    field = {
        "name": reader.slug("name"),
        "kind": reader.one_of("kind", QUESTIONS[:-1], what="kind of field", default="text"),
        "choices": reader.texts("choices"),
    }
    reader.done()
    return field


def _queue(reader: Reader, parent: Reader, known: Known) -> dict[str, Any]:
    queue = {
        "skills": sorted(reader.texts("skills", pattern=SLUG)),
        "backup": reader.one_of("backup", parent.values.get("queues") or (), what="queue"),
        "calendar": reader.one_of("calendar", known.calendars, what="calendar"),
    }
    if queue["backup"] and reader.pointer.endswith(f"/{queue['backup']}"):
        reader.fault("backup", "self", "A queue is not its own backup.")
    reader.done()
    return queue


def _tier(reader: Reader, known: Known, queues: frozenset[str]) -> dict[str, Any]:
    decisions = reader.whole("decisions", default=1, high=20)
    max_decisions = reader.whole("max_decisions", default=decisions, high=20)
    tier = {
        "criteria": reader.text("criteria", limit=2000),
        "decisions": decisions,
        "max_decisions": max_decisions,
        "agreement_min": reader.number("agreement_min", default=1.0, above=True),
        "blind": reader.flag("blind"),
        "adjudicate_by": reader.one_of("adjudicate_by", known.roles, what="role"),
        "sla": reader.one_of("sla", known.sla_policies, what="SLA policy"),
        "queue": reader.one_of("queue", queues, what="queue"),
        "rationale": reader.one_of("rationale", RATIONALES, what="rule", default="never"),
        "monitor_rate": reader.number("monitor_rate"),
        "blind_first": reader.number("blind_first"),
        "checklist": _checklist(reader),
    }
    if max_decisions < decisions:
        reader.fault("max_decisions", "range", f"max_decisions is at least {decisions}.")
    if tier["blind"] and not decisions:
        reader.fault("blind", "blind", "A tier that asks for no decision cannot be blind.")
    if tier["blind"] and tier["blind_first"]:
        reader.fault("blind_first", "blind", "Everything here is answered blind; none is drawn.")
    if tier["monitor_rate"] and decisions:
        reader.fault("monitor_rate", "range", "Everything here is reviewed; nothing is monitored.")
    reader.done()
    return tier


def _checklist(reader: Reader) -> list[dict[str, str]]:
    items: list[dict[str, str]] = []
    for entry in reader.children("checklist", limit=30):
        item = {"key": entry.slug("key"), "text": entry.text("text", required=True, limit=500)}
        entry.done()
        if item["key"] in {known["key"] for known in items}:
            entry.fault("key", "duplicate", f"The key {item['key']!r} stands twice.")
        items.append(item)
    return items


def _routing(reader: Reader, tiers: Mapping[str, Any], queues: Mapping[str, Any]) -> dict[str, Any]:
    rules = [_rule(rule, tiers, queues) for rule in reader.children("rules", limit=200)]
    names = [rule["name"] for rule in rules]
    for i, name in enumerate(names):
        if name and name in names[:i]:
            place = f"{reader.at('rules')}/{i}/name"
            reader.faults.append(Fault(place, "duplicate", f"The rule {name!r} stands twice."))
    default = reader.child("default")
    if default.take("tier") is None:
        default.fault("tier", "required", "The default needs a tier.")
    routing = {
        "rules": rules,
        "default": {
            "tier": default.one_of("tier", tiers, what="tier"),
            "queue": _default_queue(default, queues),
        },
        "random_slice": reader.number("random_slice"),
    }
    default.done()
    reader.done()
    return routing


def _default_queue(reader: Reader, queues: Mapping[str, Any]) -> str:
    queue = reader.one_of("queue", queues, what="queue")
    if not queue and len(queues) > 1:
        reader.fault("queue", "required", "There are several queues: name the one to use.")
    return queue or min(queues, default="")


def _rule(reader: Reader, tiers: Mapping[str, Any], queues: Mapping[str, Any]) -> dict[str, Any]:
    when = reader.text("when", required=True, limit=2000)
    if when:
        try:
            compile_expression(when)
        except ExpressionError as error:
            reader.fault("when", "expression", str(error))
    if reader.take("tier") is None:
        reader.fault("tier", "required", "A rule names a tier.")
    rule = {
        "name": reader.slug("name"),
        "when": when,
        "tier": reader.one_of("tier", tiers, what="tier"),
        "queue": reader.one_of("queue", queues, what="queue"),
        "skills": sorted(reader.texts("skills", pattern=SLUG)),
        "priority": reader.whole("priority", default=0, low=-1000, high=1000),
    }
    reader.done()
    return rule


def _slas(reader: Reader, known: Known) -> list[dict[str, Any]]:
    """Return the SLA policies of tiers that name none: the first whose condition holds, in order.

    Exactly one entry is the default, which has no condition and stands last.
    """
    entries = [_sla(entry, known) for entry in reader.children("slas", limit=50)]
    defaults = [i for i, entry in enumerate(entries) if entry["default"]]
    if entries and len(defaults) != 1:
        found = f"there are {len(defaults)}" if defaults else "there is none"
        reader.fault("slas", "default", f"Exactly one entry of slas is the default; {found}.")
    return sorted(entries, key=lambda entry: entry["default"])


def _sla(reader: Reader, known: Known) -> dict[str, Any]:
    if reader.take("policy") is None:
        reader.fault("policy", "required", "policy is missing.")
    entry = {
        "policy": reader.one_of("policy", known.sla_policies, what="SLA policy"),
        "when": reader.text("when", limit=2000),
        "default": reader.flag("default"),
    }
    if entry["default"] and entry["when"]:
        reader.fault("when", "default", "The default has no condition.")
    elif not entry["default"] and not entry["when"]:
        reader.fault("when", "required", "An empty condition never holds: say when, or default.")
    elif entry["when"]:
        try:
            compile_expression(entry["when"])
        except ExpressionError as error:
            reader.fault("when", "expression", str(error))
    reader.done()
    return entry


def _gold(reader: Reader) -> dict[str, Any]:
    if not reader.values:
        return {}
    gold = {
        "rate": reader.number("rate"),
        "pause_below": reader.number("pause_below"),
        "after": reader.whole("after", default=20, low=1, high=10_000),
    }
    reader.done()
    return gold


def _privacy(reader: Reader) -> dict[str, Any]:
    if not reader.values:
        return {}
    privacy = {
        "subject_field": reader.text("subject_field", limit=200),
        "retain_days": reader.whole("retain_days", default=730, low=FLOOR_DAYS, high=36_500),
    }
    reader.done()
    return privacy


def _check_reachable(reader: Reader, document: Mapping[str, Any]) -> None:
    """Note when an item could have no queue to wait in. A rule may fail, and then there is one."""
    routing, tiers = document["routing"], document["tiers"].values()
    if not document["queues"] and (
        routing["rules"]
        or routing["random_slice"]
        or any(tier["decisions"] or tier["monitor_rate"] for tier in tiers)
    ):
        reader.fault("queues", "required", "Items need a queue to wait in.")


def _check_default_stays(reader: Reader, document: Mapping[str, Any]) -> None:
    """Note when the only default would go while items follow it: they would have no deadline."""
    needing = needing_default(document)
    if needing and not document["slas"] and not reader.values.get("slas"):
        reader.fault(
            "slas",
            "needed",
            f"The only default stays: these tiers name no SLA policy: {', '.join(needing)}. "
            "Give each a sla of its own, or keep the default.",
        )
