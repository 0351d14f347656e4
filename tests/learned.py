"""What a small world learned: lessons from signals, and looks back in each state."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from feedback.domain.stakeholder_pages import Written
from feedback.models import FeedbackSignal, Lesson, Retrospective, StakeholderEdition
from feedback.services import lessons, retrospectives, revalidating, signals, stakeholders
from feedback.services.retrospectives import Wanted
from governance.models import User
from governance.selectors import principals
from reviews.models import Resolution


@dataclass(frozen=True)
class Looks:
    """Retrospectives by id: one open, one held with a finding, one of which all is concluded."""

    open: uuid.UUID
    held: uuid.UUID
    done: uuid.UUID
    finding: uuid.UUID
    settled: uuid.UUID


def tell_stakeholders(approver: User, now: datetime) -> StakeholderEdition:
    """Tell those whom the pipeline concerns what it does."""
    wanted = stakeholders.Wanted("intents", "internal", Written("It sorts.", "All."), "For a test")
    return stakeholders.publish(wanted=wanted, **_who(approver, now))


def learn(reviewer: User, now: datetime) -> Lesson:
    """Distil what was resolved, and let somebody conclude something from it."""
    signals.sweep(now=lambda: now)
    who = _who(reviewer, now)
    known = [str(pk) for pk in FeedbackSignal.objects.values_list("pk", flat=True)]
    said = lessons.Said("Cards", "Ask for the last digits.", owner=reviewer.username)
    old = lessons.write(signal_ids=known, said=said, **who)
    adopted = replace(said, state="adopted", revalidate_on=now.date())
    lessons.revise(lesson_id=old.pk, said=adopted, reason="It holds", **who)
    revalidating.sweep(now=lambda: now)
    return lessons.write(signal_ids=known, said=said, **who)


def look_back(lead: User, now: datetime) -> Looks:
    """Look back at one outcome in several retrospectives; `settled` is the item of another."""
    who = _who(lead, now)
    first, second = (
        row.item_id for row in Resolution.objects.filter(item__resolution=F("pk")).order_by("pk")
    )
    lesson = Lesson.objects.get(state="adopted")

    def opened(title: str) -> Retrospective:
        day = timedelta(days=1)
        row = retrospectives.open_one(
            wanted=Wanted("intents", title, now - 30 * day, now + day), **who
        )
        retrospectives.pick(
            retrospective_id=row.pk, item_id=first, kind="near_miss", why="For a test", **who
        )
        return row

    def held(title: str) -> uuid.UUID:
        row = retrospectives.hold(retrospective_id=opened(title).pk, **who)
        return retrospectives.find(retrospective_id=row.pk, text="For a test", **who).pk

    waiting, done, ended = held("Held"), held("Done"), held("Closed")
    for finding in (done, ended):
        retrospectives.conclude(finding_id=finding, lesson=str(lesson.pk), reason="", **who)
    of = {row.title: row.pk for row in Retrospective.objects.all()}
    retrospectives.close(retrospective_id=of["Closed"], **who)
    return Looks(opened("Open").pk, of["Held"], of["Done"], waiting, second)


def _who(user: User, now: datetime) -> dict[str, Any]:
    return {"principal": principals.of_person(user), "actor": user, "now": now}
