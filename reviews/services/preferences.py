"""How a person wants to be told: theirs to say, and no act that anybody governs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from governance.exceptions import InvalidInput
from governance.models import User
from reviews.domain.wishes import AT_ONCE, CHANNELS, DAILY, HOURLY, KINDS
from reviews.models import NotificationPreference


@dataclass(frozen=True)
class Wanted:
    """What a person wants: the channels of each kind, when mail comes, and when it waits."""

    channels: Mapping[str, Sequence[str]]
    digest: str = AT_ONCE
    quiet_from: time | None = None
    quiet_until: time | None = None


def set_preferences(*, person: User, wanted: Wanted, now: datetime) -> NotificationPreference:
    """Keep what a person wants, in place of what they wanted before."""
    _refuse(wanted)
    channels = {kind: sorted(set(wanted.channels[kind])) for kind in wanted.channels}
    row, _ = NotificationPreference.objects.update_or_create(
        person=person,
        defaults={
            "channels": channels,
            "digest": wanted.digest,
            "quiet_from": wanted.quiet_from,
            "quiet_until": wanted.quiet_until,
            "changed_at": now,
        },
    )
    return row


def _refuse(wanted: Wanted) -> None:
    for kind, channels in wanted.channels.items():
        if kind not in KINDS:
            raise InvalidInput.at(f"/channels/{kind}", f"{kind!r} is no kind of notification.")
        if not set(channels) <= set(CHANNELS):
            raise InvalidInput.at(
                f"/channels/{kind}", f"Choose of {', '.join(CHANNELS)}.", code="unknown"
            )
    if wanted.digest not in (AT_ONCE, HOURLY, DAILY):
        raise InvalidInput.at("/digest", "Choose off, hourly or daily.", code="unknown")
    begins, ends = wanted.quiet_from, wanted.quiet_until
    if (begins is None) != (ends is None):
        missing = "/quiet_from" if begins is None else "/quiet_until"
        raise InvalidInput.at(missing, "Quiet hours need both times, or none.", code="required")
    if begins is not None and begins == ends:
        raise InvalidInput.at("/quiet_until", "Quiet hours end at another time than they begin.")
