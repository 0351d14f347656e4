"""Reading the members of a document: each fault is noted with its place, and reading goes on."""

import difflib
import functools
import re
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from governance.domain.faults import Fault
from governance.domain.strict_json import escape
from governance.domain.times import format_duration, parse_duration

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
NAME = re.compile(r"[A-Za-z0-9][\w.@+-]{0,149}")
MAX_TEXT = 20_000


class Reader:
    """One object of a document. What is read is marked; what is left at the end is unknown."""

    def __init__(self, value: Any, pointer: str, faults: list[Fault]) -> None:
        self.pointer = pointer
        self.faults = faults
        self.read: set[str] = set()
        self.values: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        if not isinstance(value, Mapping):
            self.fault("", "type", "This is an object with named fields.")

    def at(self, name: object) -> str:
        """Return the pointer of a member."""
        return f"{self.pointer}/{escape(name)}"

    def fault(self, name: str, code: str, detail: str) -> None:
        """Note what is wrong with a member, or with the whole when `name` is empty."""
        self.faults.append(Fault(self.at(name) if name else self.pointer or "", code, detail))

    def take(self, name: str, *, default: Any = None, required: bool = False) -> Any:
        """Return a member, noting it as missing when it is required."""
        self.read.add(name)
        value = self.values.get(name)
        if value is None:
            if required:
                self.fault(name, "required", f"{name} is missing.")
            return default
        return value

    def text(
        self, name: str, *, default: str = "", required: bool = False, limit: int = MAX_TEXT
    ) -> str:
        """Return a text member of at most `limit` characters."""
        value = self.take(name, default=default, required=required)
        if not isinstance(value, str):
            self.fault(name, "type", f"{name} is text.")
            return default
        if required and name in self.values and not value.strip():
            self.fault(name, "blank", f"{name} is empty.")
        if len(value) > limit or "\x00" in value:
            self.fault(name, "length", f"{name} has at most {limit} characters, none of them NUL.")
            return default
        return value

    def slug(self, name: str, *, required: bool = True, default: str = "") -> str:
        """Return a member of lower-case letters, digits, - and _."""
        value = self.text(name, required=required, default=default)
        if value and not SLUG.fullmatch(value):
            self.fault(name, "slug", f"{name} has up to 63 of a-z, 0-9, - and _.")
        return value

    def one_of(self, name: str, known: Iterable[str], *, what: str, default: str = "") -> str:
        """Return a member that must be one of `known`, or `default` when it is not there."""
        value = self.text(name, default=default)
        choices = sorted(known)
        if value and value not in choices:
            detail = f"There is no {what} {value!r}." + suggestion(value, choices)
            self.fault(name, "unknown", detail)
        return value

    def number(
        self,
        name: str,
        *,
        default: float = 0.0,
        low: float = 0.0,
        high: float = 1.0,
        above: bool = False,
    ) -> float:
        """Return a number within [low, high], or (low, high] with `above`."""
        value = self.take(name, default=default)
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not low <= value <= high or (above and value == low):
            start = "above" if above else "from"
            self.fault(name, "range", f"{name} is a number {start} {low:g} to {high:g}.")
            return default
        return float(value)

    def whole(self, name: str, *, default: int, low: int = 0, high: int = 32_000) -> int:
        """Return a whole number within [low, high]."""
        value = self.take(name, default=default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fault(name, "range", f"{name} is a whole number from {low} to {high}.")
            return default
        return value

    def flag(self, name: str) -> bool:
        """Return a member that is true or false; false when it is not there."""
        value = self.take(name, default=False)
        if not isinstance(value, bool):
            self.fault(name, "type", f"{name} is true or false.")
            return False
        return value

    def duration(self, name: str, *, default: str = "", above_zero: bool = False) -> str:
        """Return an ISO 8601 duration in its normal form, or an empty string."""
        text = self.text(name, default=default)
        if not text:
            return ""
        try:
            length = parse_duration(text)
        except ValueError as error:
            self.fault(name, "duration", str(error))
            return ""
        if above_zero and not length:
            self.fault(name, "duration", f"{name} must be longer than zero, as PT4H is.")
        return format_duration(length)

    def zone(self, name: str, *, default: str = "") -> str:
        """Return a member that names an IANA time zone; required unless there is a default."""
        value = self.text(name, default=default, required=not default, limit=64)
        if value and value not in _zones():
            detail = f"{value!r} is not an IANA zone, as Europe/London is."
            self.fault(name, "unknown", detail)
        return value

    def sequence(self, name: str, *, limit: int = 1000) -> list[Any]:
        """Return a list member, empty when it is not there."""
        value = self.take(name, default=[])
        if not isinstance(value, list) or len(value) > limit:
            self.fault(name, "type", f"{name} is a list of at most {limit}.")
            return []
        return value

    def texts(self, name: str, *, pattern: re.Pattern[str] | None = None) -> list[str]:
        """Return a list of distinct texts."""
        found: list[str] = []
        for i, entry in enumerate(self.sequence(name)):
            place = f"{self.at(name)}/{i}"
            if not isinstance(entry, str) or not entry or len(entry) > 200 or "\x00" in entry:
                self.faults.append(Fault(place, "type", "This is a text of 1 to 200 characters."))
            elif pattern and not pattern.fullmatch(entry):
                self.faults.append(Fault(place, "slug", f"{entry!r} has a-z, 0-9, - and _ only."))
            elif entry in found:
                self.faults.append(Fault(place, "duplicate", f"{entry!r} stands twice."))
            else:
                found.append(entry)
        return found

    def listed(self, name: str, known: Iterable[str], *, what: str) -> list[str]:
        """Return a list of texts each of which must be one of `known`."""
        found, choices = self.texts(name), sorted(known)
        for i, entry in enumerate(found):
            if entry not in choices:
                detail = f"There is no {what} {entry!r}." + suggestion(entry, choices)
                self.faults.append(Fault(f"{self.at(name)}/{i}", "unknown", detail))
        return found

    def child(self, name: str) -> "Reader":
        """Return the reader of an object member; an empty one when it is not there."""
        return Reader(self.take(name, default={}), self.at(name), self.faults)

    def children(self, name: str, *, limit: int = 1000) -> list["Reader"]:
        """Return the readers of a list of objects."""
        entries = self.sequence(name, limit=limit)
        return [Reader(e, f"{self.at(name)}/{i}", self.faults) for i, e in enumerate(entries)]

    def named(self, name: str, *, what: str) -> dict[str, "Reader"]:
        """Return the readers of an object whose keys are slugs."""
        parent = self.child(name)
        for key in parent.values:
            if not isinstance(key, str) or not SLUG.fullmatch(key):
                parent.fault(str(key), "slug", f"A {what} is named with a-z, 0-9, - and _.")
        return {
            str(key): Reader({} if value is None else value, parent.at(key), self.faults)
            for key, value in parent.values.items()
        }

    def done(self) -> None:
        """Note every member that nobody read as unknown."""
        for name in self.values:
            if name not in self.read:
                detail = f"There is no field {str(name)[:60]!r} here." + suggestion(
                    str(name), sorted(self.read)
                )
                self.fault(str(name), "unknown_field", detail)


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def suggestion(word: str, known: list[str]) -> str:
    """Return a sentence that offers the nearest known word, or lists the few there are."""
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" There are {', '.join(known)}." if 0 < len(known) <= 12 else ""


Check = Callable[[Reader, Any], dict[str, Any]]
