"""An office in Berlin: Monday to Friday, 09 to 17, and what a test does there at local times."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from governance.models import User
from governance.selectors import principals
from reviews.models import ClockEvent, Escalation, Maintenance, ReviewItem, SLAClock
from reviews.selectors import clocks
from reviews.services import maintenance, pauses, reassignments, reopenings, sweeping
from reviews.services.reassignments import Move
from tests import factories

BERLIN = ZoneInfo("Europe/Berlin")
MONTHS = {"Oct": 10, "Nov": 11, "Dec": 12}
HOURS = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
B: dict[str, Any] = {
    "kind": "Calendar",
    "slug": "b",
    "timezone": "Europe/Berlin",
    "windows": HOURS,
    "holidays": ["2026-12-25", "2026-12-28"],
}


def at(text: str) -> datetime:
    """Return the instant of a local time of 2026, as in `24 Nov 10:00`."""
    day, month, clock = text.split()
    parts = [float(part) for part in clock.split(":")]
    seconds = timedelta(hours=parts[0], minutes=parts[1], seconds=sum(parts[2:]))
    return datetime(2026, MONTHS[month], int(day), tzinfo=BERLIN) + seconds


def policy(slug: str = "quick", *, target: str | None = "PT4H", **more: Any) -> dict[str, Any]:
    """Return an SLA policy with a target to decide, in Berlin."""
    targets = {"decide": target} if target else {}
    given = {"kind": "SLAPolicy", "slug": slug, "calendar": "b", "targets": targets, "at_risk": []}
    return given | more


def ladder(*delays: str, notify: Sequence[str] = ("role:lead",), **more: Any) -> dict[str, Any]:
    """Return a ladder that tells the leads after each of these delays."""
    return {"levels": [{"delay": each, "notify": list(notify)} for each in delays]} | more


def two_tiers() -> dict[str, Any]:
    """Return the tiers, the middle one of a long and the high one of a short target."""
    tiers = {slug: dict(tier) for slug, tier in factories.PIPELINE["tiers"].items()}
    tiers["mid"]["sla"], tiers["high"]["sla"] = "long", "short"
    return tiers


class Office:
    """A pipeline, who works on it, and one item."""

    def __init__(self, *documents: dict[str, Any], tier: str = "mid", **changes: Any) -> None:
        self.tier = tier
        factories.apply(B, *factories.ROLES, factories.CALENDAR)
        self.bot: User
        given = {d["slug"]: d for d in documents if d["kind"] == "SLAPolicy"} or {"q": policy()}
        bare = [policy(slug, target=None) for slug in given]
        factories.apply(*[d for d in documents if d["kind"] == "Calendar"], *bare)
        self.pipeline = None
        factories.apply(factories.pipeline_document(**changes))
        self.bot = factories.a_service()
        self.ann = factories.a_person("ann")
        self.ben = factories.a_person("ben")
        self.lea = factories.a_person("lea", roles=("lead",))
        self.max = factories.a_person("max", roles=("lead", "approver"))
        factories.apply(*given.values())
        self.item: ReviewItem

    def start(self, when: str, **payload: Any) -> "Office":
        """Let an item arrive."""
        self.item = factories.an_item(self.bot, self.tier, now=at(when), **payload)
        return self

    def clock(self, kind: str = "decide", cycle: int = 1) -> SLAClock:
        return SLAClock.objects.get(item=self.item, kind=kind, cycle=cycle)

    def state(self, kind: str = "decide", cycle: int = 1) -> Any:
        row = self.clock(kind, cycle)
        return clocks.states([row])[row.pk]

    def events(self, kind: str = "decide", cycle: int = 1) -> list[str]:
        rows = ClockEvent.objects.filter(clock=self.clock(kind, cycle)).order_by("seq")
        return [row.kind for row in rows]

    def due(self) -> datetime | None:
        self.item.refresh_from_db()
        assert self.item.due_at == self.clock(cycle=self.item.cycle).due_at
        return self.item.due_at

    def pause(self, when: str, reason: str = "awaiting_submitter") -> None:
        pauses.pause(
            principal=principals.of_person(self.ann), actor=self.ann, item_id=self.item.pk,
            reason=reason, now=at(when),
        )  # fmt: skip

    def resume(self, when: str) -> None:
        pauses.resume(
            principal=principals.of_person(self.ann), actor=self.ann, item_id=self.item.pk,
            now=at(when),
        )  # fmt: skip

    def claim(self, who: User, when: str) -> Any:
        held = factories.claim(who, now=at(when))
        assert held is not None
        return held

    def decide(self, who: User, when: str, label: str = "card_arrival") -> Any:
        moment = at(when)
        held = factories.claim(who, now=moment)
        assert held is not None
        return factories.decide(who, held, label, now=moment - timedelta(seconds=1))

    def move(self, who: User, when: str, **to: str) -> None:
        reassignments.reassign(
            principal=principals.of_person(who), actor=who, item_id=self.item.pk,
            move=Move(**to), reason="For a test", now=at(when),
        )  # fmt: skip

    def reopen(self, when: str) -> None:
        reopenings.reopen(
            principal=principals.of_person(self.lea), actor=self.lea, item_id=self.item.pk,
            reason="Appeal", now=at(when),
        )  # fmt: skip

    def sweep(self, when: str) -> sweeping.Swept:
        return sweeping.sweep(now=lambda: at(when))

    def fired(self) -> list[tuple[int, int, datetime]]:
        rows = Escalation.objects.filter(item=self.item).order_by("fired_at", "loop", "level")
        return [(row.loop, row.level, row.fired_at.astimezone(BERLIN)) for row in rows]


def begin(when: str, actor: User | None = None) -> Maintenance:
    """Declare maintenance."""
    return maintenance.begin(
        principal=None, actor=actor, reason="The vendor is down", now=lambda: at(when)
    )


def end(when: str, actor: User | None = None) -> Maintenance:
    """End the maintenance."""
    return maintenance.end(principal=None, actor=actor, now=lambda: at(when))
