"""What a system card says beyond its figures: which slices are weak, and what is not known."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from feedback.domain.cards import escaped

Fact = Mapping[str, Any]
FEWEST = 30
LOGS = (
    "`GET /api/v1/predictions/{id}/trace`: which rule sent it where, who decided what, and why.",
    "`GET /api/v1/predictions/{id}/case-file`: the same, with the proof that it is in the ledger.",
    "`manage.py verify_case FILE` checks a case file without a database.",
    "`GET /api/v1/audit/events` lists the ledger; `manage.py verify_ledger` checks all of it.",
)


def weak(performance: Fact) -> list[dict[str, Any]]:
    """Return the slices whose interval lies wholly below the accuracy over all of the set."""
    return [
        {
            "set": performance["set"],
            **each,
            "over_all": performance["accuracy"],
            "record": performance["record"],
        }
        for each in performance["slices"]
        if each["interval"][1] < performance["accuracy"]
    ]


def limits(
    model: str, training: Sequence[Fact], performance: Sequence[Fact]
) -> list[dict[str, str]]:
    """Return what is not known of a model, each with the record that shows it."""
    found = []
    if not training:
        found.append(_limit("What it was trained on is not on record.", model))
    for each in training:
        found += [_limit(f"{each['dataset']}: {gap}", each["record"]) for gap in each["known_gaps"]]
    if not performance:
        found.append(_limit("It was evaluated on no held-out set.", model))
    for each in performance:
        few = [s["slice"] for s in each["slices"] if s["n"] < FEWEST]
        if few:
            text = f"{each['set']} has fewer than {FEWEST} rows of {', '.join(few)}."
            found.append(_limit(text, each["record"]))
        if each["brier"] is None:
            text = f"On {each['set']} it stated no confidence in some rows."
            found.append(_limit(text, each["record"]))
    return found


def _limit(text: str, record: str) -> dict[str, str]:
    return {"text": text, "record": record}


def markdown(card: Mapping[str, Any]) -> str:
    """Return a card as Markdown, each fact followed by the record that it was taken from."""
    model = card["model"]
    lines = [f"# {escaped(model['name'])} {escaped(model['version'])}", ""]
    lines += _list(f"{key}: {model[key]}" for key in ("digest", "artifact_uri", "registered_at"))
    lines += [_source(model)]
    lines += _section("What it is for", card["purpose"], _purpose)
    lines += _section("What it was trained on", card["training"], _training)
    lines += _section("How well it does", card["performance"], _performance)
    for each in card["performance"]:
        lines += _slices(each)
    lines += _section("Where it does worse", card["weak_slices"], _weak)
    lines += _section("Gates", card["gates"], _gate)
    lines += _section("Who watches it", card["oversight"], _oversight)
    lines += _section("Where it is in force", card["in_force"], _in_force)
    lines += _section("Open incidents", card["open_incidents"], _incident)
    lines += _section("Where approving unseen is stopped", card["stops"], _stop)
    lines += _section("What is not known", card["limits"], lambda each: each["text"])
    lines += ["", "## How to read the logs", "", *(f"- {each}" for each in LOGS)]
    return "\n".join(lines) + "\n"


def _list(texts: Iterable[str]) -> list[str]:
    return [f"- {escaped(text)}" for text in texts]


def _source(fact: Fact) -> str:
    return f"- Record: `{fact['record']}`"


def _section(title: str, facts: Sequence[Fact], said: Any) -> list[str]:
    head = ["", f"## {title}", ""]
    if not facts:
        return [*head, "Nothing is on record."]
    return head + [f"- {escaped(said(fact))} (`{fact['record']}`)" for fact in facts]


def _purpose(fact: Fact) -> str:
    return f"{fact['name']} ({fact['pipeline']}): {fact['question']}"


def _training(fact: Fact) -> str:
    sources = ", ".join(fact["sources"]) or "no source declared"
    return f"{fact['dataset']}: {fact['rows']} rows, {sources}, {fact['digest']}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _accuracy(fact: Fact) -> str:
    low, high = fact["interval"]
    return f"{_percent(fact['accuracy'])} of {fact['n']} ({_percent(low)} to {_percent(high)})"


def _performance(fact: Fact) -> str:
    return f"{fact['set']}: right in {_accuracy(fact)}"


def _slices(fact: Fact) -> list[str]:
    rows = [
        f"| {escaped(each['slice'])} | {each['n']} | {_percent(each['accuracy'])} "
        f"| {_percent(each['interval'][0])} to {_percent(each['interval'][1])} |"
        for each in fact["slices"]
    ]
    head = ["| Slice | Rows | Right | 95 % interval |", "|---|---:|---:|---:|"]
    return ["", f"### {escaped(fact['set'])}", "", *head, *rows]


def _weak(fact: Fact) -> str:
    over_all = _percent(fact["over_all"])
    return f"{fact['slice']} in {fact['set']}: {_accuracy(fact)}, {over_all} over all"


def _gate(fact: Fact) -> str:
    return f"{fact['gate']}, {fact['at']}: {fact['report'][0]}"


def _oversight(fact: Fact) -> str:
    tiers = "; ".join(
        f"{tier['tier']} ({tier['criteria'] or 'no criteria stated'}): "
        + (f"{tier['decisions']} decisions" if tier["decisions"] else "approved by rule, of which "
           f"{_percent(tier['monitor_rate'])} are looked at")
        for tier in fact["tiers"]
    )  # fmt: skip
    return f"{fact['pipeline']}: {tiers}; {_percent(fact['random_slice'])} of all at random"


def _in_force(fact: Fact) -> str:
    return f"{fact['pipeline']}, since {fact['since']}"


def _incident(fact: Fact) -> str:
    return f"{fact['pipeline']}: {fact['title']} ({fact['severity']}, {fact['opened_at']})"


def _stop(fact: Fact) -> str:
    return f"{fact['pipeline']}, {fact['tier'] or 'all tiers'}, since {fact['since']}"
