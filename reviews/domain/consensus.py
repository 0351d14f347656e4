"""When several answers settle an item, when more are needed, and when somebody must judge."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

AGREED, MORE, ADJUDICATE, WAIT = "agreed", "more", "adjudicate", "wait"
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Judgement:
    """`outcome` is agreed, more, adjudicate or wait; `share` is that of the commonest `answer`."""

    outcome: str
    answer: Any
    share: float


def judge(answers: Sequence[Any], *, needed: int, maximum: int, agreement_min: float) -> Judgement:
    """Return what follows from the answers given so far.

    With fewer than `needed` the item waits, unless even `maximum` answers could no longer agree.
    The answers agree when the commonest one's share reaches `agreement_min`; else one more is asked
    for, up to `maximum`. None stands for a rejection without an answer.
    """
    if not answers:
        return Judgement(WAIT, None, 0.0)
    counts = Counter(key(answer) for answer in answers)
    top, votes = max(counts.items(), key=lambda entry: (entry[1], entry[0]))
    share = votes / len(answers)
    answer = json.loads(top)
    if len(answers) >= needed and share >= agreement_min - TOLERANCE:
        return Judgement(AGREED, answer, share)
    remaining = max(maximum - len(answers), 0)
    reachable = (votes + remaining) / (len(answers) + remaining) >= agreement_min - TOLERANCE
    if not reachable or not remaining:
        return Judgement(ADJUDICATE, answer, share)
    return Judgement(MORE if len(answers) >= needed else WAIT, answer, share)


def key(answer: Any) -> str:
    """Return the text by which two answers are the same."""
    return json.dumps(answer, sort_keys=True, ensure_ascii=False)


def derive_verdict(answer: Any, output: Any) -> str:
    """Return `accept` when the answer is the prediction, else `correct`."""
    return "accept" if key(answer) == key(output) else "correct"
