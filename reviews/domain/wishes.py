"""How a person wants to be told, and when a mail to them is due. Pure; local times become UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from reviews.enums import NotificationKind

INBOX, EMAIL = "inbox", "email"
CHANNELS = (INBOX, EMAIL)
AT_ONCE, HOURLY, DAILY = "off", "hourly", "daily"
MORNING = time(8)
DAY = timedelta(days=1)
# What no preference holds back and no preference keeps out of the inbox.
URGENT = (NotificationKind.ESCALATED, NotificationKind.EXPIRED)
# What a person chooses channels for; a digest goes where what it stands for would go.
KINDS = tuple(kind for kind in NotificationKind if kind != NotificationKind.DIGEST)


@dataclass(frozen=True)
class Wishes:
    """What one person wants. A kind that `channels` does not name goes to all of them.

    `quiet` are local times, and span midnight when the second is not after the first.
    """

    zone: tzinfo = UTC
    channels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    digest: str = AT_ONCE
    quiet: tuple[time, time] | None = None

    def wants(self, kind: str, channel: str) -> bool:
        """Return whether a kind goes to a channel; what is urgent is always in the inbox."""
        if channel == INBOX and kind in URGENT:
            return True
        return channel in self.channels.get(kind, CHANNELS)

    def mail_at(self, now: datetime, *, urgent: bool) -> datetime:
        """Return when a mail about what happens at `now` may go out. What is urgent: at once."""
        if urgent:
            return now
        return self._after_quiet(self._gathered(now))

    def _gathered(self, now: datetime) -> datetime:
        local = now.astimezone(self.zone)
        if self.digest == HOURLY:
            full = local.replace(minute=0, second=0, microsecond=0)
            past = local.replace(tzinfo=None) - full.replace(tzinfo=None)
            return now + timedelta(hours=1) - past
        if self.digest == DAILY:
            at = self.quiet[1] if self.quiet else MORNING
            today = instant(local.date(), at, self.zone)
            return today if today > now else instant(local.date() + DAY, at, self.zone)
        return now

    def _after_quiet(self, now: datetime) -> datetime:
        if self.quiet is None or self.quiet[0] == self.quiet[1]:
            return now
        begins, ends = self.quiet
        today = now.astimezone(self.zone).date()
        for day in (today - DAY, today):
            last = day if begins < ends else day + DAY
            # An hour that comes twice is quiet from its first until its second time.
            if instant(day, begins, self.zone) <= now < instant(last, ends, self.zone, last=True):
                return instant(last, ends, self.zone, last=True)
        return now


def instant(day: date, at: time, zone: tzinfo, *, last: bool = False) -> datetime:
    """Return the instant of a local time; one that is skipped moves on by the gap.

    Of a local time that comes twice, the first, or with `last` the second.
    """
    first, second = (
        datetime.combine(day, at.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)
    )
    return max(first, second) if last else first
