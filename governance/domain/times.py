"""Instants and durations as text: RFC 3339 in UTC, and ISO 8601 durations."""

import re
from datetime import UTC, datetime, timedelta

DURATION = re.compile(
    r"P(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?"
    r"(?:(?P<seconds>\d{1,8}(?:\.\d{1,6})?)S)?)?"
)


def rfc3339(moment: datetime) -> str:
    """Return `moment` in UTC with six digits and Z, so that text sorts as time does."""
    if moment.tzinfo is None:
        raise ValueError("A moment needs an offset.")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_rfc3339(text: str) -> datetime:
    """Return the instant that `text` names, in UTC; ValueError when it has no offset."""
    if not isinstance(text, str) or len(text) > 40 or "T" not in text.upper():
        raise ValueError("Give a time as in 2026-11-20T09:00:00Z.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("Give a time as in 2026-11-20T09:00:00Z.") from None
    if moment.tzinfo is None:
        raise ValueError("The time needs an offset, such as Z or +01:00.")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("The time is out of range.") from None


def parse_duration(text: str) -> timedelta:
    """Return the length of an ISO 8601 duration of days, hours, minutes and seconds."""
    match = DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or not any(match.groupdict().values()):
        raise ValueError("Give a duration as in PT4H or P1DT30M.")
    parts = {name: float(value) for name, value in match.groupdict().items() if value}
    return timedelta(**parts)


def format_duration(length: timedelta) -> str:
    """Return a duration of days or less as ISO 8601, such as PT4H30M."""
    if length < timedelta(0):
        raise ValueError("A duration is not negative.")
    hours, rest = divmod(length, timedelta(hours=1))
    minutes, rest = divmod(rest, timedelta(minutes=1))
    seconds = rest.total_seconds()
    text = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    text += f"{seconds:.6f}".rstrip("0").rstrip(".") + "S" if seconds else ""
    return f"PT{text or '0S'}"
