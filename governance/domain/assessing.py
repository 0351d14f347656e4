"""What an impact assessment says: whom a pipeline touches, and which harms are foreseen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from governance.domain.faults import Fault

LEVELS = ("low", "medium", "high")
MEMBERS = {
    "harm": "Name the harm.",
    "who": "Say whom it hurts.",
    "measure": "Say what is done against it.",
    "remains": "Say what remains.",
}
LONGEST, LONGEST_MEMBER, MOST = 4000, 500, 30


@dataclass(frozen=True)
class Said:
    """An assessment as it is written. `harms` are mappings of MEMBERS, likelihood and severity."""

    purpose: str
    affected: str
    oversight: str
    harms: Sequence[Mapping[str, str]]

    def as_fact(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self) | {"harms": [dict(harm) for harm in self.harms]}


TEXTS = {
    "purpose": "Say what it is for.",
    "affected": "Say who is affected.",
    "oversight": "Say how people watch over it.",
}


def trimmed(said: Said) -> Said:
    """Return what was written without blanks around it."""
    harms = [{name: value.strip() for name, value in harm.items()} for harm in said.harms]
    return Said(said.purpose.strip(), said.affected.strip(), said.oversight.strip(), harms)


def faults(said: Said) -> list[Fault]:
    """Return what is missing or too long, each at its place."""
    found = [
        fault
        for name, ask in TEXTS.items()
        for fault in _text(getattr(said, name), f"/{name}", ask, LONGEST)
    ]
    if not said.harms:
        found.append(Fault("/harms", "required", "Name one harm at least that could come of it."))
    if len(said.harms) > MOST:
        found.append(Fault("/harms", "length", f"At most {MOST} harms."))
    for place, harm in enumerate(said.harms):
        for name, ask in MEMBERS.items():
            found += _text(harm.get(name, ""), f"/harms/{place}/{name}", ask, LONGEST_MEMBER)
        for name in ("likelihood", "severity"):
            if harm.get(name) not in LEVELS:
                detail = f"It is one of {', '.join(LEVELS)}."
                found.append(Fault(f"/harms/{place}/{name}", "choice", detail))
    return found


def _text(text: str, pointer: str, ask: str, longest: int) -> list[Fault]:
    if not text:
        return [Fault(pointer, "required", ask)]
    if len(text) > longest:
        return [Fault(pointer, "length", f"At most {longest} characters.")]
    return []
