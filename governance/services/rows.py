"""Between a Pipeline document and the rows in which it is authored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.models import (
    ChecklistItem,
    GlossaryTerm,
    Pipeline,
    Queue,
    ReasonCode,
    RoutingRule,
    Tier,
    User,
)
from governance.models.base import TrackedModel

TIER_FIELDS = (
    "criteria", "decisions", "max_decisions", "agreement_min", "blind", "adjudicate_by", "sla",
    "queue", "rationale", "monitor_rate", "blind_first",
)  # fmt: skip
RULE_FIELDS = ("when", "tier", "queue", "skills", "priority")
SETTINGS = ("slas", "safe_default", "gold", "privacy")
QUEUE_FIELDS = ("skills", "backup", "calendar")
TERM_FIELDS = ("meaning", "see")


def document_of(pipeline: Pipeline) -> dict[str, Any]:
    """Return the document that the rows of a pipeline say, in its normal form."""
    tiers = pipeline.tiers.prefetch_related("checklist")
    terms = {row.term: _fields(row, TERM_FIELDS) for row in pipeline.glossary.all()}
    return {
        "name": pipeline.name,
        "question": pipeline.question,
        "reason_codes": [row.code for row in pipeline.reason_codes.all()],
        "guideline": pipeline.guideline,
        "queues": {row.slug: _fields(row, QUEUE_FIELDS) for row in pipeline.queues.order_by("id")},
        "tiers": {
            row.slug: _fields(row, TIER_FIELDS)
            | {"checklist": [{"key": c.key, "text": c.text} for c in row.checklist.all()]}
            for row in tiers
        },
        "routing": {
            "rules": [
                {"name": row.name} | _fields(row, RULE_FIELDS) for row in pipeline.rules.all()
            ],
            "default": {"tier": pipeline.default_tier, "queue": pipeline.default_queue},
            "random_slice": pipeline.random_slice,
        },
        "slas": pipeline.settings.get("slas", []),
        "safe_default": pipeline.settings.get("safe_default", "hold"),
        "gold": pipeline.settings.get("gold", {}),
        "privacy": pipeline.settings.get("privacy", {}),
        **({"glossary": dict(sorted(terms.items()))} if terms else {}),
    }


def write(
    pipeline: Pipeline, document: Mapping[str, Any], *, actor: User | None, reason: str
) -> None:
    """Make the rows say `document`; each row that changes leaves history with the reason."""
    author = _Author(actor, reason)
    routing = document["routing"]
    author.set(
        pipeline,
        {
            "name": document["name"],
            "question": document["question"],
            "guideline": document["guideline"],
            "default_tier": routing["default"]["tier"],
            "default_queue": routing["default"]["queue"],
            "random_slice": routing["random_slice"],
            "settings": {name: document[name] for name in SETTINGS},
        },
    )
    codes = {code: {"position": i} for i, code in enumerate(document["reason_codes"])}
    author.sync(ReasonCode, {"pipeline": pipeline}, "code", codes)
    author.sync(Queue, {"pipeline": pipeline}, "slug", document["queues"])
    author.sync(GlossaryTerm, {"pipeline": pipeline}, "term", document.get("glossary", {}))
    rules = {
        rule["name"]: _only(rule, RULE_FIELDS) | {"position": i}
        for i, rule in enumerate(routing["rules"])
    }
    author.sync(RoutingRule, {"pipeline": pipeline}, "name", rules)
    _write_tiers(pipeline, document["tiers"], author)


def _write_tiers(pipeline: Pipeline, tiers: Mapping[str, Any], author: "_Author") -> None:
    # A cascade would delete the questions of a tier without a reason.
    for row in pipeline.tiers.exclude(slug__in=tiers):
        author.sync(ChecklistItem, {"tier": row}, "key", {})
    wanted = {
        slug: _only(tier, TIER_FIELDS) | {"position": i}
        for i, (slug, tier) in enumerate(tiers.items())
    }
    author.sync(Tier, {"pipeline": pipeline}, "slug", wanted)
    for row in pipeline.tiers.all():
        questions = {
            item["key"]: {"text": item["text"], "position": i}
            for i, item in enumerate(tiers[row.slug]["checklist"])
        }
        author.sync(ChecklistItem, {"tier": row}, "key", questions)


def _fields(row: TrackedModel, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _only(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: values[name] for name in names}


@dataclass(frozen=True)
class _Author:
    """Who changes rows, and why."""

    actor: User | None
    reason: str

    def set(self, row: TrackedModel, values: Mapping[str, Any]) -> None:
        """Save a row that is new or says something else."""
        if not row._state.adding and all(getattr(row, n) == v for n, v in values.items()):
            return
        for name, value in values.items():
            setattr(row, name, value)
        row.because(self.actor, self.reason).save()

    def sync(
        self,
        model: type[TrackedModel],
        of: Mapping[str, Any],
        key: str,
        wanted: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Make the rows of `model` under `of` be those of `wanted`, told apart by `key`."""
        rows = {getattr(row, key): row for row in model.objects.filter(**of)}
        for name in rows.keys() - wanted.keys():
            rows[name].because(self.actor, self.reason).delete()
        for name, values in wanted.items():
            self.set(rows.get(name) or model(**of), {key: name, **values})
