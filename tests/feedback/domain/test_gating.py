"""The verdict of a gate: proven gains, losses ruled out, and no slice proven worse."""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

from feedback.domain import gating, paired
from feedback.domain.gating import Judged, Plan
from tests.shared import SHARED

CLINC = SHARED / "data" / "clinc150_intents"


def a_plan(**changes: Any) -> Plan:
    return Plan(
        **(
            {
                "improve": ["edge"], "keep": {"regular": 0.02}, "critical": {}, "slices": True,
                "confidence": 0.95,
            }
            | changes
        )
    )  # fmt: skip


def rows(slice_: str, *counts: int) -> list[Judged]:
    """Return rows that both, only the candidate, only the baseline, and neither has right."""
    kinds = ((True, True), (False, True), (True, False), (False, False))
    found: list[Judged] = []
    for kind, number in zip(kinds, counts, strict=True):
        found += [Judged(slice_, *kind)] * number
    return found


GAIN, SAME = (100, 40, 10, 50), (800, 10, 10, 180)


def verdicts(result: dict[str, Any]) -> dict[str, str]:
    return {f"{check['kind']} {check['name']}": check["verdict"] for check in result["checks"]}


def test_a_proven_gain_without_a_loss_passes() -> None:
    result = gating.judge(a_plan(), {"edge": rows("e", *GAIN), "regular": rows("r", *SAME)})
    assert result["verdict"] == "pass"
    assert verdicts(result) == {
        "improve edge": "pass", "keep regular": "pass", "slice e": "pass", "slice r": "pass",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("edge", "regular", "verdict"),
    [
        ((100, 12, 8, 80), SAME, "inconclusive"),
        ((100, 5, 60, 35), SAME, "fail"),
        (GAIN, (800, 10, 90, 100), "fail"),
        (GAIN, (80, 3, 3, 14), "inconclusive"),
    ],
)
def test_what_is_not_proven_does_not_pass(
    edge: tuple[int, ...], regular: tuple[int, ...], verdict: str
) -> None:
    plan = a_plan(slices=False)
    result = gating.judge(plan, {"edge": rows("e", *edge), "regular": rows("r", *regular)})
    assert result["verdict"] == verdict


def test_a_slice_that_is_proven_worse_fails_what_is_better_over_all() -> None:
    sets = {
        "edge": rows("e", *GAIN),
        "regular": rows("a", 700, 60, 0, 40) + rows("b", 80, 0, 30, 0),
    }
    result = gating.judge(a_plan(), sets)
    assert verdicts(result)["keep regular"] == "pass"
    assert verdicts(result)["slice b"] == "fail"
    assert result["verdict"] == "fail"


def test_a_slice_too_small_to_judge_is_named_and_stops_nobody() -> None:
    sets = {"edge": rows("e", *GAIN), "regular": rows("r", *SAME) + rows("tiny", 4, 0, 0, 0)}
    result = gating.judge(a_plan(), sets)
    assert verdicts(result)["slice tiny"] == "inconclusive"
    assert result["verdict"] == "pass"
    said = gating.report(result, baseline="1", candidate="2")
    assert any("tiny" in sentence and "Too few rows" in sentence for sentence in said)


def test_a_critical_slice_must_be_shown_to_be_kept() -> None:
    sets = {"edge": rows("e", *GAIN), "regular": rows("r", *SAME) + rows("tiny", 4, 0, 0, 0)}
    result = gating.judge(a_plan(critical={"tiny": 0.05}), sets)
    assert verdicts(result)["critical tiny"] == "inconclusive"
    assert result["verdict"] == "inconclusive"


def with_errors(found: Sequence[Judged], before: float, after: float) -> list[Judged]:
    spread = [0.05 if i % 2 else -0.05 for i in range(len(found))]
    return [
        Judged(row.slice, row.baseline, row.candidate, (before, after + apart))
        for row, apart in zip(found, spread, strict=True)
    ]


@pytest.mark.parametrize(
    ("after", "verdict"), [(0.10, "pass"), (0.25, "fail"), (0.15, "inconclusive")]
)
def test_the_guard_of_calibration_looks_at_the_brier_score(after: float, verdict: str) -> None:
    sets = {
        "edge": with_errors(rows("e", *GAIN), 0.1, after),
        "regular": with_errors(rows("r", *SAME), 0.1, 0.1),
    }
    found = verdicts(gating.judge(a_plan(calibration=0.05), sets))
    assert found["calibration edge"] == verdict
    assert found["calibration regular"] == "pass"


def test_without_confidence_in_every_row_calibration_is_not_judged() -> None:
    sets = {"edge": rows("e", *GAIN), "regular": rows("r", *SAME)}
    result = gating.judge(a_plan(calibration=0.05), sets)
    assert result["verdict"] == "inconclusive"
    assert "not every row has a confidence" in " ".join(
        gating.report(result, baseline="1", candidate="2")
    )


def test_the_report_says_in_words_what_the_figures_say() -> None:
    sets = {"edge": rows("e", *GAIN), "regular": rows("r", *SAME)}
    said = gating.report(gating.judge(a_plan(), sets), baseline="1", candidate="2")
    assert said[0] == "2 passes against 1."
    assert said[1] == (
        "edge: 55.0% to 70.0% of 200 rows, a difference of +15.0 points (+9.5 to +20.7); "
        "the gain is proven."
    )
    assert "a loss of more than 2 points is ruled out" in said[2]
    assert said[-1] == "None of 2 slices is proven worse."


def test_power_names_the_slices_that_cannot_be_judged() -> None:
    found = gating.power(a_plan(), {"edge": 300, "regular": 5_000}, {"a": 400, "b": 40})
    by_name = {each["name"]: each for each in found}
    assert by_name["regular"]["can_be_judged"]
    assert by_name["regular"]["needed"] == 2_141
    assert by_name["a"]["can_be_judged"]
    assert not by_name["b"]["can_be_judged"]
    assert by_name["edge"]["needed"] is None
    assert by_name["edge"]["detectable"] == pytest.approx(0.0534, abs=1e-4)


def flagged(seed: int, harmed: float) -> bool:
    """Return whether one of ten slices of 400, with 6 % discordance, is proven worse."""
    draw, values = random.Random(seed), []
    for number in range(10):
        loss = harmed if number == 0 else 0.0
        shares = (0.03 - loss / 2, 0.03 + loss / 2)
        said = draw.choices(("gained", "lost", "same"), (*shares, 1 - sum(shares)), k=400)
        values.append(paired.mid_p(said.count("lost"), said.count("gained")))
    return any(paired.holm(values, alpha=0.05))


def test_a_harmless_candidate_is_flagged_in_at_most_one_of_twenty_gates() -> None:
    assert sum(flagged(seed, 0.0) for seed in range(2_000)) / 2_000 <= 0.05


def test_a_slice_that_lost_five_points_is_caught_in_nearly_every_gate() -> None:
    assert sum(flagged(seed, 0.05) for seed in range(500)) / 500 >= 0.95


@pytest.mark.skipif(not CLINC.exists(), reason="The shared data are not here.")
def test_good_candidates_pass_and_bad_ones_are_refused_though_all_raise_the_edge_figure() -> None:
    truth, slices = {}, {}
    for name in ("edge", "regular"):
        for line in (CLINC / f"{name}_holdout.jsonl").read_text().splitlines():
            row = json.loads(line)
            truth[row["external_id"]] = row["label"]
            slices[row["external_id"]] = row.get("edge_kind") or row.get("domain")
    right: dict[str, dict[tuple[str, str], bool]] = defaultdict(dict)
    for line in (CLINC / "candidate_predictions.jsonl").read_text().splitlines():
        row = json.loads(line)
        said = (
            row["prediction"]["label"] if isinstance(row["prediction"], dict) else row["prediction"]
        )
        key = (row["set"], row["external_id"])
        right[row["model_version"]][key] = said == truth[row["external_id"]]
    base = right.pop("1.0.0")
    for version, found in right.items():
        sets: dict[str, list[Judged]] = {"edge": [], "regular": []}
        for (name, row_id), correct in found.items():
            sets[name].append(Judged(slices[row_id], base[name, row_id], correct))
        result = gating.judge(a_plan(), sets)
        assert result["checks"][0]["difference"] > 0
        assert result["verdict"] == ("pass" if "good" in version else "fail"), version
