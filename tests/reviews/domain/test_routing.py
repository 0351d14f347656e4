import orjson
import pytest

from governance.domain.documents import Known, validate
from reviews.domain import sampling
from reviews.domain.routing import compile_policy

KEY = b"k" * 32
KNOWN = Known(roles=frozenset({"expert"}), sla_policies=frozenset({"quick"}))
RULES = [
    {"name": "out-of-scope", "when": 'scenario_type == "oos"', "tier": "high",
     "queue": "specialists", "skills": ["visa", "cards"], "priority": 10},
    {"name": "unsure", "when": "confidence < 0.6", "tier": "mid", "queue": "general"},
    {"name": "confident", "when": "confidence >= 0.9", "tier": "low"},
]  # fmt: skip
TIERS = {
    "low": {"decisions": 0, "monitor_rate": 0.05},
    "mid": {"decisions": 1, "sla": "quick"},
    "high": {"decisions": 2, "max_decisions": 3, "blind": True, "queue": "specialists"},
}


def policy(rules=RULES, tiers=TIERS, random_slice=0.0, default="mid"):
    (parsed,) = validate(
        [{"kind": "Pipeline", "slug": "p", "name": "P",
          "queues": {"general": {}, "specialists": {"skills": ["cards"]}},
          "tiers": tiers,
          "routing": {"rules": rules, "default": {"tier": default, "queue": "general"},
                      "random_slice": random_slice}}],
        KNOWN,
    )  # fmt: skip
    return compile_policy(parsed.document)


def prediction(**facts):
    return {"input": {"text": "hi"}, "output": {"label": "a"}, "scenario_type": "cards",
            "confidence": 0.75, "model": {"name": "m", "version": "1"}} | facts  # fmt: skip


def route(compiled, external_id="q-1", **facts):
    return compiled.route(prediction(**facts), pipeline="p", external_id=external_id, key=KEY)


def results(found):
    return [(step["rule"], step["result"]) for step in found.trace]


def test_the_first_rule_that_holds_decides_and_the_rest_are_not_run():
    found = route(policy(), confidence=0.58)
    assert (found.tier.slug, found.rule, found.queue) == ("mid", "unsure", "general")
    assert (found.disposition, found.decisions, found.propensity) == ("in_review", 1, 1.0)
    assert found.sampled == ""
    assert list(found.trace) == [
        {"rule": "out-of-scope", "result": "false"},
        {"rule": "unsure", "result": "true"},
        {"rule": "confident", "result": "not_run"},
    ]


def test_the_skills_of_queue_and_rule_are_joined_and_sorted():
    found = route(policy(), scenario_type="oos")
    assert (found.skills, found.priority, found.decisions) == (("cards", "visa"), 10, 2)


def test_without_a_rule_that_holds_the_default_decides():
    found = route(policy())
    assert (found.tier.slug, found.rule, found.queue, found.skills) == ("mid", "", "general", ())
    assert [result for _, result in results(found)] == ["false"] * 3


def test_a_missing_field_skips_its_rule():
    found = route(policy(), confidence=None)
    assert results(found)[1:] == [("unsure", "inapplicable"), ("confident", "inapplicable")]
    assert found.tier.slug == "mid"


def test_the_queue_is_the_rules_then_the_tiers_then_the_defaults():
    bare = [{"name": "r", "when": "confidence < 0.6", "tier": "high"}]
    assert route(policy(bare), confidence=0.1).queue == "specialists"
    bare[0]["tier"] = "mid"
    assert route(policy(bare), confidence=0.1).queue == "general"


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_rule_that_fails_sends_to_the_most_careful_tier_and_stops(position):
    rules = list(RULES)
    rules.insert(position, {"name": "broken", "when": "input.text > 3", "tier": "low"})
    found = route(policy(rules), confidence=0.7)
    assert (found.tier.slug, found.rule, found.decisions) == ("high", "broken", 2)
    assert (found.queue, found.skills, found.priority) == ("specialists", ("cards",), 0)
    assert (found.propensity, found.sampled) == (1.0, "")
    step = found.trace[position]
    assert step["result"] == "error"
    assert step["error"]
    assert all(result == "not_run" for _, result in results(found)[position + 1 :])


def test_a_failing_rule_brings_a_person_even_where_no_tier_asks_for_one():
    rules = [{"name": "broken", "when": "input.text > 3", "tier": "low"}]
    compiled = policy(rules, {"low": {"decisions": 0}}, default="low")
    found = route(compiled)
    assert (found.disposition, found.decisions, found.propensity) == ("in_review", 1, 1.0)
    assert found.queue == "general"


def test_an_and_is_shown_by_its_operands():
    rules = [{"name": "r", "when": "confidence < 0.8 && output.label == 'a'", "tier": "mid"}]
    (step,) = route(policy(rules)).trace
    assert step["operands"] == [
        {"expression": "confidence < 0.8", "result": "true", "observed": {"confidence": 0.75}},
        {"expression": "output.label == 'a'", "result": "true", "observed": {"output.label": "a"}},
    ]


def test_what_is_sampled_of_a_tier_without_decisions_gets_one():
    compiled = policy(random_slice=0.02)
    found = {i: route(compiled, f"q-{i}", confidence=0.95) for i in range(5000)}
    for i, entry in found.items():
        assert entry.propensity == 1 - 0.95 * 0.98
        assert entry.decisions == int(bool(entry.sampled))
        assert entry.disposition == ("in_review" if entry.sampled else "auto_approved")
        assert entry.queue == "general"
        assert entry.sampled == sampling.sample(
            KEY, "p", f"q-{i}", monitor_rate=0.05, random_slice=0.02
        )
    assert {entry.sampled for entry in found.values()} == {"", "monitor", "random_slice"}


def test_where_a_tier_asks_for_decisions_nothing_is_sampled():
    compiled = policy(random_slice=1.0)
    assert route(compiled, confidence=0.1).sampled == ""
    assert route(compiled, confidence=0.95).sampled == "random_slice"


def test_routing_again_gives_the_same():
    compiled, other = policy(random_slice=0.5), policy(random_slice=0.5)
    for i in range(200):
        assert route(compiled, f"q-{i}", confidence=0.95) == route(other, f"q-{i}", confidence=0.95)


def test_equal_traces_are_one_object():
    compiled = policy()
    assert route(compiled, "a", confidence=0.1).trace is route(compiled, "b", confidence=0.2).trace
    assert route(compiled, "a", confidence=0.1).trace is not route(compiled, "b").trace


def test_a_trace_is_json():
    rules = [*RULES, {"name": "broken", "when": "confidence > 0 && input > 3", "tier": "low"}]
    for facts in ({}, {"confidence": 0.1}, {"confidence": None}, {"input": {"a": ["x"]}}):
        assert orjson.loads(orjson.dumps(route(policy(rules[:3]), **facts).trace))
