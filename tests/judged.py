"""What a small world judges models by: a held-out set, two versions, evaluations and a gate."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedback.domain.registry import Registration
from feedback.enums import DatasetKind
from feedback.models import Evaluation, ModelVersion
from feedback.services import datasets, evaluations, gates, held_out, registry
from feedback.services.gates import Wanted
from governance.models import User
from governance.selectors import principals

MODEL = "sorter"
ROWS = (("edge-1", "card_arrival", "cards"), ("edge-2", "balance", "accounts"))


@dataclass(frozen=True)
class Bench:
    """By id: an evaluation of which nothing is said, one of which all is, and a run of a gate."""

    open: uuid.UUID
    filled: uuid.UUID
    run: uuid.UUID


def judge_models(bot: User, now: datetime) -> Bench:
    """Hold rows of somebody out, register two versions, evaluate both and judge the second."""
    who = {"principal": principals.of_person(bot), "actor": bot, "now": now}
    datasets.create(
        slug="edge", pipeline="intents", kind=DatasetKind.EVALUATION, wanted=None, include=None,
        **who,
    )  # fmt: skip
    held_out.seal(slug="edge", lines=[(f"/{row[0]}", _row(row)) for row in ROWS], **who)
    first = _register("1", who, trained_on=(("answers", 1),))
    second = _register("2", who, trained_on=(("answers", 1),), parent="1")
    gates.create(
        slug="release", pipeline="intents", model=MODEL,
        wanted=Wanted(
            "accuracy", ({"dataset": "edge", "version": 1},), (), critical={"cards": 0.1}
        ),
        **who,
    )  # fmt: skip
    for version, right in ((first, False), (second, True)):
        row = _evaluate(version, who, right=right)
        evaluations.finish(evaluation_id=row.pk, **who)
    run = gates.run(slug="release", baseline="1", candidate="2", **who)
    return Bench(
        open=_begin(second, who).pk, filled=_evaluate(second, who, right=True).pk, run=run.pk
    )


def _row(row: tuple[str, str, str]) -> dict[str, Any]:
    name, label, scenario = row
    return {
        "external_id": name, "input": {"text": name}, "answer": {"label": label},
        "scenario_type": scenario, "subject_ref": f"c-{name}",
    }  # fmt: skip


def _register(version: str, who: dict[str, Any], **more: Any) -> ModelVersion:
    wanted = Registration(MODEL, version, f"file:{version}", f"sha256:{version * 64}", **more)
    return registry.register(wanted=wanted, **who)


def _begin(version: ModelVersion, who: dict[str, Any]) -> Evaluation:
    return evaluations.start(
        model=MODEL, version=version.version, dataset="edge", dataset_version=1, **who
    )


def _evaluate(version: ModelVersion, who: dict[str, Any], *, right: bool) -> Evaluation:
    row = _begin(version, who)
    lines = [
        ("", {"external_id": name, "output": {"label": label if right else "?"}, "confidence": 0.9})
        for name, label, _ in ROWS
    ]
    evaluations.add(evaluation_id=row.pk, lines=lines, **who)
    return row
