"""O1: a plan is frozen before anything is known of what it judges, and is judged by as it was."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction

from feedback.models import DatasetVersion, Gate, GatePlan, GateRun, GateRunEvaluation, ModelVersion
from feedback.services import gates
from feedback.services.gates import Wanted
from governance.domain.canonical import digest
from governance.exceptions import Conflict, InvalidInput, NotFound, PreconditionFailed
from governance.models import AuditEvent
from governance.models.base import uuid7
from tests import factories, governed
from tests.factories import NOW
from tests.feedback.gates.conftest import Lab, a_row

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NAMES = [f"q-{i:02}" for i in range(40)]
RIGHT = dict.fromkeys(NAMES, "card_arrival")
HALF = dict.fromkeys(NAMES, "balance") | dict.fromkeys(NAMES[:20], "card_arrival")


def wanted(**changes: Any) -> Wanted:
    return Wanted(
        **({"metric": "accuracy", "improve": ({"dataset": "edge", "version": 1},), "keep": ()})
        | changes
    )


class Bench:
    """A held-out set, a gate, and two versions: the first half right, the second all."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.held: DatasetVersion = lab.held([a_row(name) for name in NAMES])
        self.first: ModelVersion = lab.model("1")
        self.second: ModelVersion = lab.model("2", parent="1")

    def plan(self, now: Any = NOW, **changes: Any) -> Gate:
        return gates.create(
            slug="release", pipeline="intents", model="intents", wanted=wanted(**changes),
            **self.lab.who(now),
        )  # fmt: skip

    def run(self, now: Any = NOW + 2 * HOUR, candidate: str = "2") -> GateRun:
        return gates.run(slug="release", baseline="1", candidate=candidate, **self.lab.who(now))

    def evaluate(self, now: Any = NOW + HOUR) -> None:
        self.lab.evaluated(self.first, self.held, HALF, now)
        self.lab.evaluated(self.second, self.held, RIGHT, now)


@pytest.fixture
def bench(lab: Lab) -> Bench:
    return Bench(lab)


def test_o1_a_run_stands_under_the_digest_of_a_plan_that_was_frozen_first(bench: Bench) -> None:
    gate = bench.plan()
    plan = GatePlan.objects.get(gate=gate)
    assert plan.digest == digest(plan.document)
    assert plan.document["improve"][0]["digest"] == bench.held.digest
    bench.evaluate()
    run = bench.run()
    assert run.verdict == "pass"
    assert (run.plan_digest, run.plan_frozen_at) == (plan.digest, plan.frozen_at)
    assert plan.frozen_at <= run.candidate_evaluated_at <= run.started_at
    assert run.digest == digest(run.result)
    (check,) = [c for c in run.result["checks"] if c["kind"] == "improve"]
    assert (check["baseline"], check["candidate"], check["n"]) == (0.5, 1.0, 40)
    event = AuditEvent.objects.get(action="gate.finished")
    assert event.stream == f"gate:{gate.pk}"
    assert (event.detail["verdict"], event.detail["result"]) == ("pass", run.digest)
    assert GateRunEvaluation.objects.filter(run=run).count() == 2


def test_o1_a_candidate_that_was_evaluated_before_the_plan_is_refused(bench: Bench) -> None:
    bench.evaluate(NOW - HOUR)
    bench.plan()
    with pytest.raises(Conflict, match="intents@2 was not evaluated on edge@1 since plan 1"):
        bench.run()
    assert not GateRun.objects.exists()
    bench.lab.evaluated(bench.second, bench.held, RIGHT, NOW + HOUR)
    run = bench.run()
    assert "2 had been evaluated on edge@1 before plan 1." in run.result["report"]


def test_o1_the_database_refuses_a_run_that_began_before_its_plan(bench: Bench) -> None:
    bench.plan()
    bench.evaluate()
    good = bench.run()
    columns = {f.attname: getattr(good, f.attname) for f in good._meta.concrete_fields}
    for changes, name in (
        ({"candidate_evaluated_at": NOW - HOUR}, "gaterun_plan_frozen_first"),
        ({"started_at": NOW}, "gaterun_plan_frozen_first"),
        ({"plan_frozen_at": NOW - HOUR}, "gaterun_plan_as_frozen"),
        ({"plan_digest": "0" * 64}, "gaterun_plan_as_frozen"),
    ):
        row = GateRun(**columns | {"id": uuid7()} | changes)
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            models.QuerySet(GateRun).bulk_create([row])


def test_o1_another_plan_is_another_number_and_asks_for_another_evaluation(bench: Bench) -> None:
    bench.plan()
    bench.evaluate()
    first = bench.run()
    gates.replan(
        slug="release", wanted=wanted(confidence=0.99), number=1, **bench.lab.who(NOW + 3 * HOUR)
    )
    assert list(GatePlan.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    with pytest.raises(Conflict, match="since plan 2"):
        bench.run(NOW + 4 * HOUR)
    bench.lab.evaluated(bench.second, bench.held, RIGHT, NOW + 4 * HOUR)
    second = bench.run(NOW + 5 * HOUR)
    assert second.plan.number == 2
    first.refresh_from_db()
    assert first.plan.number == 1


def test_o1_whatever_the_order_no_run_is_older_than_what_it_is_judged_by(bench: Bench) -> None:
    """Plans, evaluations and runs in any order: what stands, stands under a plan frozen first."""
    draw, now = random.Random(11), NOW
    bench.plan()
    number, refused = 1, 0
    for _ in range(60):
        now += timedelta(minutes=draw.randint(1, 9))
        act = draw.choice(("plan", "first", "second", "run", "run"))
        if act == "plan":
            number += 1
            gates.replan(
                slug="release", wanted=wanted(confidence=draw.uniform(0.6, 0.99)),
                number=number - 1, **bench.lab.who(now),
            )  # fmt: skip
        elif act == "run":
            try:
                bench.run(now)
            except Conflict:
                refused += 1
        else:
            model, said = {"first": (bench.first, HALF), "second": (bench.second, RIGHT)}[act]
            bench.lab.evaluated(model, bench.held, said, now)
    runs = list(GateRun.objects.select_related("plan"))
    assert runs
    assert refused
    for run in runs:
        began = GateRunEvaluation.objects.filter(
            run=run, evaluation__model=run.candidate_id
        ).values_list("evaluation__started_at", flat=True)
        assert run.plan.frozen_at <= min(began) == run.candidate_evaluated_at <= run.started_at


def test_a_plan_that_changes_nothing_is_no_other_plan(bench: Bench) -> None:
    bench.plan()
    gates.replan(slug="release", wanted=wanted(), number=1, **bench.lab.who(NOW + HOUR))
    assert GatePlan.objects.count() == 1


def test_two_who_change_a_plan_do_not_overwrite_each_other(bench: Bench) -> None:
    bench.plan()
    gates.replan(slug="release", wanted=wanted(confidence=0.9), number=1, **bench.lab.who())
    with pytest.raises(PreconditionFailed):
        gates.replan(slug="release", wanted=wanted(confidence=0.8), number=1, **bench.lab.who())


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"metric": "beauty"}, "/metric"),
        ({"slices": "colour"}, "/slices"),
        ({"improve": ()}, "/improve"),
        ({"improve": ({"dataset": "edge", "version": 2},)}, "/improve/0"),
        ({"keep": ({"dataset": "answers", "version": 1, "margin": 0.1},)}, "/keep/0"),
        ({"keep": ({"dataset": "edge", "version": 1, "margin": 0.1},)}, "/keep"),
        ({"slices": None, "critical": {"cards": 0.1}}, "/critical"),
    ],
)
def test_a_plan_that_is_not_valid_is_refused_with_its_place(
    bench: Bench, changes: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        bench.plan(**changes)
    assert refused.value.faults[0].pointer == pointer
    assert not Gate.objects.exists()


def test_what_was_not_evaluated_is_named(bench: Bench) -> None:
    bench.plan()
    named = r"intents@1 was not .*; intents@2 was not evaluated on edge@1"
    with pytest.raises(Conflict, match=named):
        bench.run()
    with pytest.raises(InvalidInput) as refused:
        bench.run(candidate="9")
    assert refused.value.faults[0].pointer == "/candidate"


def test_nothing_is_added_to_what_a_run_rests_on(bench: Bench) -> None:
    bench.plan()
    bench.evaluate()
    run = bench.run()
    other = bench.lab.begun(bench.first, bench.held)
    refusal = "feedback_gaterunevaluation_sealed"
    with pytest.raises(IntegrityError, match=refusal), transaction.atomic():
        GateRunEvaluation(run=run, evaluation=other).save()


def test_a_set_that_was_used_often_is_said_to_be_worn(bench: Bench) -> None:
    bench.plan()
    bench.evaluate()
    for _ in range(gates.MANY_USES):
        said = bench.run().result["report"]
        assert not any("Make a new set" in sentence for sentence in said)
    assert any("Make a new set" in sentence for sentence in bench.run().result["report"])


def test_a_gate_of_a_pipeline_out_of_reach_is_not_there(bench: Bench, api: Any) -> None:
    bench.plan()
    factories.a_pipeline("others")
    stranger = factories.a_service("stranger", pipelines=["others"])
    who = {"principal": bench.lab.principal, "actor": stranger, "now": NOW}
    client = api(stranger, pipelines=("others",))
    assert client.get("/gates/release").status_code == 404
    assert client.get("/gates").json()["results"] == []
    with pytest.raises(NotFound):
        gates.create(slug="x", pipeline="nothing", model="intents", wanted=wanted(), **who)


def test_a_gate_is_made_changed_and_run_over_http(bench: Bench, api: Any) -> None:
    client = api(bench.lab.bot, "models:write")
    body = {
        "slug": "release", "pipeline": "intents", "model": "intents",
        "improve": [{"dataset": "edge", "version": 1}],
    }  # fmt: skip
    made = client.post("/gates", body)
    assert made.status_code == 201, made.content
    assert made.json()["plan"]["number"] == 1
    assert {each["name"] for each in made.json()["power"]} == {"edge@1", "(none)"}
    shown = client.get("/gates/release")
    plan = {"improve": body["improve"], "confidence": 0.9}
    assert client("PUT", "/gates/release", plan).status_code == 428
    changed = client("PUT", "/gates/release", plan, if_match=shown["ETag"])
    assert changed.json()["plan"]["number"] == 2
    assert client("PUT", "/gates/release", plan, if_match=shown["ETag"]).status_code == 412
    later = GatePlan.objects.latest("number").frozen_at + timedelta(microseconds=1)
    bench.evaluate(later)
    run = client.post("/gates/release/runs", {"baseline": "1", "candidate": "2"})
    assert run.status_code == 201, run.content
    assert run.json()["verdict"] == "pass"
    assert client.get(run["Location"].removeprefix("/api/v1")).json() == run.json()
    assert client.get("/gates/release/runs").json()["results"] == [run.json()]


def test_a_gate_without_a_model_judges_the_one_in_force(bench: Bench) -> None:
    with pytest.raises(InvalidInput) as refused:
        gates.create(slug="x", pipeline="intents", model="", wanted=wanted(), **bench.lab.who())
    assert refused.value.faults[0].pointer == "/model"
    governed.in_force(governed.of_model(bench.lab.bot, "1"), *governed.approvers())
    made = gates.create(slug="x", pipeline="intents", model="", wanted=wanted(), **bench.lab.who())
    assert made.model_name == "intents"


def test_a_run_is_evidence_of_a_change_by_the_digest_of_its_result(bench: Bench) -> None:
    bench.plan()
    bench.evaluate()
    run = bench.run()
    draft = governed.of_model(bench.lab.bot, "2", evidence={"gate_run": str(run.pk)})
    (revision,) = draft.revisions.all()
    assert revision.bound == {"gate_run": [run.digest]}
    for wrong in (str(uuid7()), "release"):
        with pytest.raises(InvalidInput) as refused:
            governed.of_model(bench.lab.bot, "2", evidence={"gate_run": wrong})
        assert refused.value.faults[0].pointer == "/evidence/gate_run"
