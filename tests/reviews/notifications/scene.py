"""People who are told things: a pipeline whose ladder names its leads, and what happens in it."""

from datetime import datetime, timedelta
from typing import Any

from governance.models import OutboxMessage, User
from reviews.enums import NotificationKind
from reviews.models import Notification, ReviewItem
from reviews.services import notifications, sweeping
from reviews.services.preferences import Wanted, set_preferences
from tests import factories

LADDER: dict[str, Any] = {
    "levels": [
        {"delay": "PT0S", "notify": ["role:lead"], "actions": ["raise_priority"]},
        {"delay": "PT2H", "notify": ["role:lead"]},
    ]
}
TARGETS = {"decide": "PT4H"}
HOUR = timedelta(hours=1)


class Scene:
    """Lea leads, Ann reviews, and a bot sends; clocks run day and night."""

    def __init__(self, now: datetime, *, ladder: Any = LADDER, zone: str = "Europe/Berlin") -> None:
        self.now = now
        factories.a_pipeline()
        factories.apply(factories.SLA | {"targets": TARGETS, "ladder": ladder})
        self.bot = factories.a_service()
        self.lea = factories.a_person("lea", roles=("reviewer", "lead"), timezone=zone)
        self.ann = factories.a_person("ann", timezone=zone)
        self.leads = [self.lea]

    def lead(self, name: str) -> None:
        """Let one more person lead."""
        self.leads.append(factories.a_person(name, roles=("reviewer", "lead")))

    def item(self, age: timedelta, **payload: Any) -> ReviewItem:
        """Let an item arrive `age` before now."""
        return factories.an_item(self.bot, now=self.now - age, **payload)

    def items(self, count: int, age: timedelta = timedelta(hours=5)) -> None:
        """Let many arrive at once."""
        payloads = [factories.a_payload() for _ in range(count)]
        factories.send(self.bot, *payloads, now=self.now - age)

    def happen(self, now: datetime | None = None) -> int:
        """Let a sweep run and keep what it promised; returns how many notices that made."""
        at = now or self.now
        sweeping.sweep(now=lambda: at)
        return self.tell(at)

    def tell(self, now: datetime | None = None, *, skip: int = 0) -> int:
        """Keep the promises of all sweeps so far, but for the first of them."""
        promised = OutboxMessage.objects.filter(task="reviews.tell").order_by("pk")[skip:]
        return sum(
            notifications.tell(event_ids=message.arguments["events"], now=now or self.now)
            for message in promised
        )

    def give(self, person: User, item: ReviewItem | None = None, number: int = 1) -> None:
        """Tell somebody that an item is theirs now."""
        notifications.announce(
            person_id=person.pk, kind=NotificationKind.ASSIGNED, source=f"assignment:{number}",
            item=item, detail={"subject": "" if item else "adjustment:7"}, now=self.now,
        )  # fmt: skip

    def want(self, person: User, **wanted: Any) -> None:
        """Let somebody say how they want to be told."""
        wanted.setdefault("channels", {})
        set_preferences(person=person, wanted=Wanted(**wanted), now=self.now)


def inbox(person: User) -> list[tuple[str, int]]:
    """Return the kinds and counts of what a person was told, in order."""
    rows = Notification.objects.filter(person=person).order_by("pk")
    return [(row.kind, row.count) for row in rows]
