"""How a prediction is treated under one version of a pipeline's policy, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from governance.domain import expressions
from governance.domain.documents.pipeline import most_careful_tier
from governance.domain.expressions import Expression, Facts
from reviews.domain import sampling

Trace = tuple[dict[str, Any], ...]
# Traces that are kept so that equal ones are one object, whose JSON a caller need write only once.
MAX_KNOWN = 1024


@dataclass(frozen=True)
class Tier:
    """What routing needs to know of a tier."""

    slug: str
    decisions: int
    monitor_rate: float
    queue: str
    blind: bool
    sla: str
    blind_first: float = 0.0


@dataclass(frozen=True, slots=True)
class Destination:
    """Where predictions go that one rule, or the default, or a failed rule sends there."""

    tier: Tier
    rule: str
    queue: str
    skills: tuple[str, ...]
    priority: int
    asked: int
    propensity: float


@dataclass(frozen=True, slots=True)
class Route:
    """Where a prediction goes. `decisions` is how many people it needs at first; 0: none.

    `blind_first` is the probability with which its tier draws it to be answered blind, None where
    nothing is drawn; `drawn` is how the draw came out.
    """

    to: Destination
    sampled: str
    decisions: int
    trace: Trace
    blind_first: float | None = None
    drawn: bool = False

    @property
    def blind(self) -> bool:
        """Whether people answer before they see the prediction: by their tier, or by the draw."""
        return self.to.tier.blind or self.drawn

    @property
    def disposition(self) -> str:
        """`in_review` when people see it, else `auto_approved`."""
        return "in_review" if self.decisions else "auto_approved"

    @property
    def tier(self) -> Tier:
        """The tier."""
        return self.to.tier

    @property
    def rule(self) -> str:
        """The name of the rule that decided; empty for the default."""
        return self.to.rule

    @property
    def queue(self) -> str:
        """The queue in which it waits if people see it."""
        return self.to.queue

    @property
    def skills(self) -> tuple[str, ...]:
        """What a reviewer must be able to do, sorted."""
        return self.to.skills

    @property
    def priority(self) -> int:
        """How much sooner than its due time it comes."""
        return self.to.priority

    @property
    def propensity(self) -> float:
        """The probability with which it came to people, known before looking."""
        return self.to.propensity


# No rule has a name with a space.
STOP_SWITCH = "stop switch"


def stopped(route: Route, stop_id: str) -> Route:
    """Return where a prediction goes that is stopped from being approved unseen.

    It goes to the review of its own tier: one person sees it, with certainty, whether or not it
    would have been sampled. The trace ends with the stop. Where the tier asks for people anyway,
    the route stays as it is.
    """
    if route.to.asked:
        return route
    step = {"rule": STOP_SWITCH, "result": expressions.TRUE, "stop": stop_id}
    to = replace(route.to, asked=1, propensity=1.0)
    return Route(to, "", 1, (*route.trace, step), route.blind_first, route.drawn)


@dataclass(frozen=True)
class Rule:
    """One rule, compiled."""

    name: str
    when: Expression
    tier: str
    queue: str
    skills: tuple[str, ...]
    priority: int


@dataclass(frozen=True)
class CompiledPolicy:
    """A policy document, ready to route; made once for each version."""

    rules: tuple[Rule, ...]
    tiers: Mapping[str, Tier]
    queues: Mapping[str, tuple[str, ...]]
    default_tier: str
    default_queue: str
    careful_tier: str
    random_slice: float
    wanted: expressions.Plan
    slas: tuple[tuple[Expression, str], ...]
    default_sla: str
    asked_by_slas: expressions.Plan
    subject_path: tuple[str, ...]
    plain_traces: dict[tuple[str, ...], Trace]
    destinations: dict[tuple[str, bool], Destination]

    def route(
        self, prediction: Mapping[str, Any], *, pipeline: str, external_id: str, key: bytes
    ) -> Route:
        """Return the route of a prediction; the same every time for the same policy and key.

        The first rule that holds decides, else the default. A rule that fails sends the prediction
        to the most careful tier, and to a person even if that tier asks for none.
        """
        rule, failed, trace = self._match(prediction)
        to = self._destination(rule, failed=failed)
        sampled = (
            ""
            if to.asked
            else sampling.sample(
                key,
                pipeline,
                external_id,
                monitor_rate=to.tier.monitor_rate,
                random_slice=self.random_slice,
            )
        )
        decisions, rate = to.asked or int(bool(sampled)), to.tier.blind_first
        if not rate:
            return Route(to, sampled, decisions, trace)
        drawn = sampling.draw(key, pipeline, external_id, sampling.BLIND_FIRST) < rate
        return Route(to, sampled, decisions, trace, rate, drawn)

    def sla_of(self, tier: Tier, prediction: Mapping[str, Any]) -> str:
        """Return the SLA policy of an item: its tier's own, else the first whose condition holds.

        Where none holds, or one fails, it is the default; empty when the pipeline has none.
        """
        if tier.sla or not self.slas:
            return tier.sla or self.default_sla
        facts = Facts(prediction, self.asked_by_slas)
        held = (slug for when, slug in self.slas if when.evaluate(facts).result == expressions.TRUE)
        return next(held, self.default_sla)

    def _destination(self, rule: Rule | None, *, failed: bool) -> Destination:
        name = rule.name if rule else ""
        known = self.destinations.get((name, failed))
        if known is None:
            known = self.destinations[name, failed] = self._worked_out(rule, failed=failed)
        return known

    def _worked_out(self, rule: Rule | None, *, failed: bool) -> Destination:
        tier = self.tiers[self.careful_tier if failed else rule.tier if rule else self.default_tier]
        asked = tier.decisions or int(failed)
        held = rule if not failed else None
        queue = (held.queue if held else "") or tier.queue or self.default_queue
        skills = (held.skills if held else ()) + self.queues.get(queue, ())
        return Destination(
            tier=tier,
            rule=rule.name if rule else "",
            queue=queue,
            skills=tuple(sorted(set(skills))),
            priority=held.priority if held else 0,
            asked=asked,
            propensity=sampling.propensity(
                asked=bool(asked), monitor_rate=tier.monitor_rate, random_slice=self.random_slice
            ),
        )

    def _match(self, prediction: Mapping[str, Any]) -> tuple[Rule | None, bool, Trace]:
        facts, matched, failed = Facts(prediction, self.wanted), None, False
        results: list[str] = []
        told: list[dict[str, Any]] = []
        for rule in self.rules:
            if matched:
                results.append(expressions.NOT_RUN)
                continue
            outcome = rule.when.evaluate(facts)
            results.append(outcome.result)
            if outcome.operands or outcome.error:
                told.append(_step(rule, outcome))
            if outcome.result in (expressions.TRUE, expressions.ERROR):
                matched, failed = rule, outcome.result == expressions.ERROR
        return matched, failed, self._trace(tuple(results), told)

    def _trace(self, results: tuple[str, ...], told: list[dict[str, Any]]) -> Trace:
        detailed = {step["rule"]: step for step in told}
        steps = (
            detailed.get(rule.name) or {"rule": rule.name, "result": result}
            for rule, result in zip(self.rules, results, strict=True)
        )
        if told:
            return tuple(steps)
        known = self.plain_traces.get(results)
        if known is None:
            known = tuple(steps)
            if len(self.plain_traces) < MAX_KNOWN:
                self.plain_traces[results] = known
        return known


def _step(rule: Rule, outcome: expressions.Outcome) -> dict[str, Any]:
    step: dict[str, Any] = {"rule": rule.name, "result": outcome.result}
    if outcome.operands:
        step["operands"] = list(outcome.operands)
    if outcome.error:
        step["error"] = outcome.error
    return step


def compile_policy(document: Mapping[str, Any]) -> CompiledPolicy:
    """Return a validated Pipeline document, compiled."""
    routing = document["routing"]
    rules = tuple(_rule(rule) for rule in routing["rules"])
    tiers = {slug: _tier(slug, tier) for slug, tier in document["tiers"].items()}
    entries = document.get("slas", ())
    slas = [
        (expressions.compile_expression(entry["when"]), entry["policy"])
        for entry in entries
        if not entry["default"]
    ]
    return CompiledPolicy(
        rules=rules,
        slas=tuple(slas),
        default_sla=next((entry["policy"] for entry in entries if entry["default"]), ""),
        asked_by_slas=expressions.plan(when for when, _ in slas),
        tiers=tiers,
        queues={slug: tuple(queue["skills"]) for slug, queue in document["queues"].items()},
        default_tier=routing["default"]["tier"],
        default_queue=routing["default"]["queue"],
        careful_tier=most_careful_tier(document),
        random_slice=routing["random_slice"],
        wanted=expressions.plan(rule.when for rule in rules),
        subject_path=subject_path((document.get("privacy") or {}).get("subject_field", "")),
        plain_traces={},
        destinations={},
    )


def subject_path(field: str) -> tuple[str, ...]:
    """Return the members that lead to whom a prediction is about; `subject.ref` unless said."""
    return tuple((field or "subject.ref").split("."))


def _tier(slug: str, tier: Mapping[str, Any]) -> Tier:
    return Tier(
        slug, tier["decisions"], tier["monitor_rate"], tier["queue"], tier["blind"], tier["sla"],
        # Versions from before there was a draw have none.
        tier.get("blind_first", 0.0),
    )  # fmt: skip


def _rule(rule: Mapping[str, Any]) -> Rule:
    return Rule(
        name=rule["name"],
        when=expressions.compile_expression(rule["when"]),
        tier=rule["tier"],
        queue=rule["queue"],
        skills=tuple(rule["skills"]),
        priority=rule["priority"],
    )
