"""Simulated people, who know what each image shows and err now and then.

They act through the services, one claim and one decision at a time, as they would through the
pages; what they write says that it is simulated. The hard 4-or-9 items are left to real people.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils import timezone

from governance.models import User
from governance.selectors import principals
from hitlsite.demo.digits import PARTNER
from hitlsite.demo.names import LEAD, PIPELINE, REVIEWERS
from reviews.domain.answers import Judgement
from reviews.enums import ItemStatus, ResolutionKind
from reviews.models import Decision, Resolution, ReviewItem
from reviews.services import assignments, decisions, resolutions

# Of the items of a queue, the share that gets its decisions now.
SHARES: Mapping[str, float] = {"look-alikes": 0.4, "unsure": 0.2, "second-look": 0.6}
ERRORS: Mapping[str, float] = {"look-alikes": 0.06, "unsure": 0.03, "second-look": 0.12}
CHECKS: Mapping[str, Mapping[str, bool]] = {
    "mid": {"strokes": True},
    "low": {},
    "high": {"strokes": True, "guideline": True},
}

Tell = Callable[[int, int], None]


@dataclass
class Desk:
    """The simulated people at work on images whose truth they know."""

    truth: Mapping[str, int]
    tell: Tell
    people: list[User] = field(default_factory=list)
    made: int = 0
    wanted: int = 0

    def work(self) -> int:
        """Decide the share of each queue that is meant to be decided; returns how many were.

        What an earlier, interrupted load has decided counts.
        """
        found = User.objects.in_bulk(REVIEWERS, field_name="username")
        self.people = [found[name] for name in REVIEWERS]
        open_work = {queue: self._missing(queue) for queue in SHARES}
        self.wanted = sum(open_work.values())
        for queue, missing in open_work.items():
            self._work_through(queue, missing)
        return self.made

    def _missing(self, queue: str) -> int:
        items = ReviewItem.objects.filter(pipeline__slug=PIPELINE, queue=queue)
        each = 2 if queue == "second-look" else 1
        done = Decision.objects.filter(item__in=items, reviewer__in=self.people).count()
        return max(round(items.count() * SHARES[queue]) * each - done, 0)

    def _work_through(self, queue: str, missing: int) -> None:
        turn, idle = 0, 0
        while missing > 0 and idle < len(self.people):
            person = self.people[turn % len(self.people)]
            turn += 1
            if not self._decide_next(person, queue):
                idle += 1
                continue
            idle, missing, self.made = 0, missing - 1, self.made + 1
            self.tell(self.made, self.wanted)

    def _decide_next(self, person: User, queue: str) -> bool:
        principal, now = principals.of_person(person), timezone.now()
        held = assignments.claim(
            principal=principal, actor=person, now=now, pipeline=PIPELINE, queue=queue
        )
        if held is None:
            return False
        item = ReviewItem.objects.select_related("prediction").get(pk=held.assignment.item_id)
        decisions.decide(
            principal=principal,
            actor=person,
            assignment_id=held.assignment.pk,
            token=held.token,
            judgement=self._judgement(item, person),
            now=timezone.now(),
        )
        return True

    def _judgement(self, item: ReviewItem, person: User) -> Judgement:
        prediction = item.prediction
        truth = self.truth[prediction.external_id]
        erring = chance(person.username, prediction.external_id) < ERRORS[item.queue]
        answer = {"label": str(PARTNER[truth] if erring else truth)}
        said: dict[str, Any] = {"checklist": CHECKS[item.tier]}
        if item.blind:
            said |= {"answer": answer, "rationale": _reading(answer)}
        elif answer == prediction.output:
            said |= {"verdict": "accept"}
        else:
            said |= {
                "verdict": "correct",
                "answer": answer,
                "reason_codes": ["model_error"],
                "rationale": _reading(answer),
            }
        return Judgement(**said)


def adjudicate(truth: Mapping[str, int]) -> int:
    """Let the lead settle half of the disagreements and leave the others; returns how many."""
    lead = User.objects.get(username=LEAD)
    waiting = ReviewItem.objects.filter(
        pipeline__slug=PIPELINE, status=ItemStatus.AWAITING_ADJUDICATION
    ).select_related("prediction")
    settled = Resolution.objects.filter(
        item__pipeline__slug=PIPELINE, kind=ResolutionKind.ADJUDICATED, actor=lead
    ).count()
    wanted = (settled + waiting.count()) // 2 - settled
    chosen = list(waiting.order_by("pk")[: max(wanted, 0)])
    for item in chosen:
        answer = {"label": str(truth[item.prediction.external_id])}
        resolutions.adjudicate(
            principal=principals.of_person(lead),
            actor=lead,
            item_id=item.pk,
            answer=answer,
            rationale=_reading(answer),
            now=timezone.now(),
        )
    return len(chosen)


def chance(*names: str) -> float:
    """Return a number in [0, 1) that depends on nothing but `names`."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _reading(answer: Mapping[str, str]) -> str:
    return f"Simulated reviewer: the strokes are those of a {answer['label']}."


def counts() -> dict[str, int]:
    """Return how many items of the example are in each status."""
    items = ReviewItem.objects.filter(Q(pipeline__slug=PIPELINE))
    return {status: n for status in ItemStatus.values if (n := items.filter(status=status).count())}
