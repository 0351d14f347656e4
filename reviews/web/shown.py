"""An item as its page shows it. What is blind is left out here, before any template sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from governance.domain.faults import Fault
from governance.domain.principal import Principal
from governance.selectors import policies
from reviews.domain.legible import legible
from reviews.models import Assignment, Prediction, ReviewItem
from reviews.selectors import badges, desk, slice_records
from reviews.web import answers, glossaries, guidelines, inputs
from reviews.web.drafts import Draft

TOP = 4
SHORT_GUIDELINE = 500


@dataclass(frozen=True)
class Predicted:
    """What the model said."""

    output: Any
    confidence: float | None
    scores: list[tuple[str, float]]
    model: str

    @property
    def members(self) -> list[tuple[str, Any]]:
        """The members of an output that has several."""
        several = isinstance(self.output, Mapping) and len(self.output) > 1
        return list(self.output.items()) if several else []


def item(row: ReviewItem, *, reader: Principal, blind: bool, now: datetime) -> dict[str, Any]:
    """Return the context of an item; blind, nothing in it follows from the prediction."""
    document = policies.document(row.config_version_id)
    guideline: str = document["guideline"]
    shown: dict[str, Any] = {
        "id": row.pk,
        "external_id": row.prediction.external_id,
        "pipeline": row.pipeline,
        "queue": row.queue,
        "tier": row.tier,
        "clock": badges.of_item(row, now),
        "blind": blind,
        "prompt": document["question"]["prompt"],
        "input": inputs.view(row.prediction.input, glossaries.of(row.config_version_id)),
        "guideline": guidelines.rendered(row.config_version_id) if guideline.strip() else "",
        "guideline_open": len(guideline) <= SHORT_GUIDELINE,
        "guideline_version": row.config_version.guideline_version,
        "glossary": glossaries.shown(row, reader),
        "notes": list(desk.notes(row)),
        "why": _("You answer without seeing what the model said; it is shown afterwards."),
        "predicted": None,
        "slice": None,
        "trace": [],
        "facts": [],
    }
    if blind:
        return shown
    return shown | {
        "why": why(row.prediction, document),
        "predicted": predicted(row.prediction),
        "slice": slice_records.of(row.prediction),
        "trace": row.prediction.trace,
        "facts": facts(row.prediction),
    }


def predicted(row: Prediction) -> Predicted:
    """Return what the model said, with its likeliest labels."""
    known = row.scores if isinstance(row.scores, Mapping) else {}
    numbers = {k: float(v) for k, v in known.items() if type(v) in (int, float)}
    top = sorted(numbers.items(), key=lambda entry: -entry[1])[:TOP]
    return Predicted(row.output, row.confidence, top, f"{row.model_name} {row.model_version}")


def facts(row: Prediction) -> list[tuple[str, Any]]:
    """Return what else the pipeline said of the case."""
    scenario = [(_("Scenario"), row.scenario_type)] if row.scenario_type else []
    return scenario + list(row.characteristics.items())


def why(row: Prediction, document: Mapping[str, Any]) -> str:
    """Return in one sentence why people see a prediction."""
    failed = next((step["rule"] for step in row.trace if step["result"] == "error"), None)
    rules = {rule["name"]: rule["when"] for rule in document["routing"]["rules"]}
    if row.sampled == "random_slice":
        share = document["routing"]["random_slice"]
        text = _("Drawn at random: %(share)s of everything is looked at, whatever the rules say.")
        return text % {"share": f"{100 * share:g} %"}
    if row.sampled == "monitor":
        share = document["tiers"][row.tier]["monitor_rate"]
        text = _("A sample: %(share)s of what tier %(tier)s approves by rule is looked at.")
        return text % {"share": f"{100 * share:g} %", "tier": row.tier}
    if failed:
        return _("The rule %(rule)s failed, so it goes to the most careful tier.") % {
            "rule": failed
        }
    if row.rule:
        return _("The rule %(rule)s holds: %(when)s") % {
            "rule": row.rule,
            "when": rules.get(row.rule, ""),
        }
    return _("No rule holds, so the default applies: tier %(tier)s.") % {"tier": row.tier}


def form(
    row: ReviewItem, draft: Draft, faults: tuple[Fault, ...], *, blind: bool
) -> dict[str, Any]:
    """Return the context of the form of a judgement; a correction starts from the prediction."""
    document = policies.document(row.config_version_id)
    tier, question = document["tiers"][row.tier], document["question"]
    output = None if blind else row.prediction.output
    fields = answers.fields_of(
        question,
        answer=output if draft.answer is None else draft.answer,
        predicted=output,
        scores=None if blind else row.prediction.scores,
    )
    codes, glossary = document["reason_codes"], glossaries.of(row.config_version_id)
    return {
        "blind": blind,
        "draft": draft,
        "fields": fields,
        "faults": by_place(faults, fields),
        "reason_codes": [
            (code, code in draft.reason_codes, glossary.number_of(code)) for code in codes
        ],
        "rationale_rule": tier["rationale"],
        "checklist": [
            (
                entry["key"],
                glossary.marked(legible(entry["text"])),
                draft.checklist.get(entry["key"]),
            )
            for entry in tier["checklist"]
        ],
        "certainties": answers.CERTAINTIES,
        "quick": not tier["checklist"] and tier["rationale"] != "always",
    }


def by_place(faults: tuple[Fault, ...], fields: list[answers.AnswerField]) -> dict[str, list[str]]:
    """Return faults by the pointer of the control they stand at; all others under ``""``."""
    places = {entry.pointer for entry in fields}
    found: dict[str, list[str]] = {}
    for fault in faults:
        found.setdefault(_place(fault.pointer, places, fields), []).append(_said(fault))
    return found


def _said(fault: Fault) -> str:
    """Return the words of a fault; a page has buttons where a caller of the API names a verdict."""
    if (fault.pointer, fault.code) == ("/verdict", "required"):
        return _("Choose a decision first.")
    return fault.detail


def _place(pointer: str, places: set[str], fields: list[answers.AnswerField]) -> str:
    known = next((p for p in places if pointer == p or pointer.startswith(f"{p}/")), None)
    if known:
        return known
    if pointer.startswith("/answer") and fields:
        return fields[0].pointer
    if pointer.startswith("/reason_codes"):
        return "/reason_codes"
    return pointer if pointer.startswith(("/checklist/", "/rationale", "/verdict")) else ""


def lease(row: Assignment, now: datetime) -> dict[str, Any]:
    """Return what the page needs to keep a lease: when it ends, and how long it was, in seconds."""
    length = max((row.lease_expires_at - now).total_seconds(), 0)
    return {"until": row.lease_expires_at, "seconds": int(length)}
