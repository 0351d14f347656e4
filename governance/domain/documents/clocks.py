"""Calendar and SLAPolicy documents."""

import itertools
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import holidays

from governance.domain.business_time import WEEKDAYS, parse_window
from governance.domain.documents.fields import Reader, suggestion
from governance.domain.documents.known import Known
from governance.domain.faults import Fault

# Whom a level tells that names no role and no person: who administers then.
ADMINISTRATORS = "administrators"
TARGETS = ("claim", "decide", "adjudicate", "signoff")
ACTIONS = ("notify", "reassign", "raise_priority", "add_reviewer", "open_backup_queue")
FINAL = ("expire_unreviewed",)
BASES = ("calendar", "wall")
STARTS = ("receipt", "occurred_at")
REOPENS = ("fresh", "resume")
CATCH_UPS = ("rebase", "jump")
AT_RISK = (0.75, 0.9)


def calendar(reader: Reader, known: Known) -> dict[str, Any]:
    """Return a Calendar document, normalised."""
    zone = reader.zone("timezone")
    weekly = reader.child("windows")
    windows = {day: _windows(weekly, day) for day in WEEKDAYS}
    weekly.done()
    exceptions = _exceptions(reader)
    if not any(windows.values()) and not any(e["windows"] for e in exceptions):
        reader.fault("windows", "empty", "A calendar needs at least one window.")
    return {
        "timezone": zone,
        "windows": windows,
        "holidays": _holidays(reader),
        "exceptions": exceptions,
    }


def _windows(reader: Reader, name: str) -> list[str]:
    found: list[tuple[int, int]] = []
    for i, text in enumerate(reader.sequence(name)):
        place = f"{reader.at(name)}/{i}"
        try:
            window = parse_window(text)
        except ValueError as error:
            reader.faults.append(Fault(place, "window", str(error)))
            continue
        if any(window[0] < end and start < window[1] for start, end in found):
            reader.faults.append(Fault(place, "overlap", "This window overlaps another."))
        found.append(window)
    return [f"{_clock(start)}-{_clock(end)}" for start, end in sorted(found)]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _date(reader: Reader, name: str, text: Any) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except (TypeError, ValueError):
        reader.fault(name, "date", "Give a date as in 2026-12-24.")
        return ""


def _exceptions(reader: Reader) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for entry in reader.children("exceptions"):
        given = entry.take("date", required=True)
        day = "" if given is None else _date(entry, "date", given)
        if day and day in found:
            entry.fault("date", "duplicate", f"The date {day} stands twice.")
        found[day] = {"date": day, "windows": _windows(entry, "windows")}
        entry.done()
    return [found[day] for day in sorted(found)]


def _holidays(reader: Reader) -> Any:
    if not isinstance(reader.take("holidays", default=[]), Mapping):
        return sorted({_date(reader, "holidays", entry) for entry in reader.sequence("holidays")})
    public = reader.child("holidays")
    found = {
        "country": public.text("country", required=True, limit=8),
        "subdivision": public.text("subdivision", limit=64),
    }
    public.done()
    country, part = found["country"], found["subdivision"]
    codes = holidays.list_supported_countries()
    if country not in codes:
        if country:
            detail = f"No public holidays are known for {country!r}, only for codes such as GB."
            public.fault("country", "unknown", detail + _meant(country, codes))
    elif part:
        names = holidays.country_holidays(country).get_subdivision_aliases()
        parts = [*names, *itertools.chain.from_iterable(names.values())]
        if part not in parts:
            detail = f"{country} has no part {part!r} with holidays of its own."
            public.fault("subdivision", "unknown", detail + _meant(part, parts))
    return found


def _meant(word: str, known: Iterable[str]) -> str:
    """Return a sentence with what was meant, or the few words there are."""
    same = next((each for each in known if each.casefold() == word.casefold()), None)
    return f" Did you mean {same!r}?" if same else suggestion(word, list(known))


def sla_policy(reader: Reader, known: Known) -> dict[str, Any]:
    """Return an SLAPolicy document, normalised."""
    if reader.take("calendar") is None:
        reader.fault("calendar", "required", "calendar is missing.")
    slug = reader.one_of("calendar", known.calendars, what="calendar")
    given = reader.child("targets")
    targets = {name: given.duration(name, above_zero=True) for name in TARGETS}
    given.done()
    at_risk = list(reader.sequence("at_risk") if "at_risk" in reader.values else AT_RISK)
    good = all(type(s) in (int, float) and 0 < s < 1 for s in at_risk)
    if not good or at_risk != sorted(set(at_risk)):
        reader.fault("at_risk", "range", "at_risk has ascending shares between 0 and 1.")
    ladder = reader.child("ladder")
    return {
        "calendar": slug,
        "targets": {name: target for name, target in targets.items() if target},
        "at_risk": [float(share) for share in at_risk] if good else [],
        "ladder": _ladder(ladder, known) if ladder.values else {},
        "start": reader.one_of("start", STARTS, what="start", default="receipt"),
        "max_backdate": reader.duration("max_backdate", default="P1D", above_zero=True),
        "max_pause_days": reader.whole("max_pause_days", default=5, low=1, high=365),
        "reopen": reader.one_of("reopen", REOPENS, what="rule", default="fresh"),
        "reopen_target": reader.duration("reopen_target", above_zero=True),
    }


def _ladder(reader: Reader, known: Known) -> dict[str, Any]:
    levels = [_level(level, known) for level in reader.children("levels", limit=20)]
    if not levels:
        reader.fault("levels", "required", "A ladder has at least one level.")
    final = reader.text("final", default="expire_unreviewed")
    if final not in FINAL:
        reader.fault(
            "final", "final", "A ladder ends in expire_unreviewed; it never ends in an approval."
        )
    ladder = {
        "levels": levels,
        "repeat": reader.whole("repeat", default=0, high=20),
        "ack_timeout": reader.duration("ack_timeout", default="PT1H", above_zero=True),
        "catch_up": reader.one_of("catch_up", CATCH_UPS, what="rule", default="rebase"),
        "final": final,
    }
    reader.done()
    return ladder


def _level(reader: Reader, known: Known) -> dict[str, Any]:
    targets = reader.texts("notify")
    for i, target in enumerate(targets):
        if target == ADMINISTRATORS:
            continue
        kind, _, name = target.partition(":")
        exists = name in (known.roles if kind == "role" else known.usernames)
        if kind not in ("role", "user") or not exists:
            place = f"{reader.at('notify')}/{i}"
            reader.faults.append(
                Fault(
                    place,
                    "unknown",
                    f"{target!r} is no role:SLUG or user:NAME that exists, nor {ADMINISTRATORS}.",
                )
            )
    level = {
        "delay": reader.duration("delay", default="PT0S"),
        "basis": reader.one_of("basis", BASES, what="basis", default="calendar"),
        "notify": targets,
        "actions": reader.listed("actions", ACTIONS, what="action"),
    }
    reader.done()
    return level
