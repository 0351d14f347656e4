"""Role and Person documents."""

import re
from datetime import date
from typing import Any

from governance.domain.documents.fields import SLUG, Reader
from governance.domain.documents.known import Known

PERMISSIONS = ("review", "adjudicate", "approve", "audit")
SHARES = (
    "agreement_min",
    "correction_precision_min",
    "gold_accuracy_min",
    "debiasing_min",
)
DURATIONS = ("turnaround_p50", "turnaround_p90")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
LONGEST_EVIDENCE = 300
VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")


def role(reader: Reader, known: Known) -> dict[str, Any]:
    """Return a Role document, normalised."""
    permissions = reader.listed("permissions", PERMISSIONS, what="permission")
    given = reader.child("expectations")
    expectations: dict[str, Any] = {}
    for name in SHARES:
        if name in given.values:
            expectations[name] = given.number(name)
    for name in DURATIONS:
        if name in given.values:
            expectations[name] = given.duration(name, above_zero=True)
    given.read.update((*SHARES, *DURATIONS))
    given.done()
    return {
        "permissions": [name for name in PERMISSIONS if name in permissions],
        "expectations": expectations,
    }


def person(reader: Reader, known: Known) -> dict[str, Any]:
    """Return a Person document, normalised."""
    email = reader.text("email", limit=254)
    if email and not EMAIL.fullmatch(email):
        reader.fault("email", "email", "This is not an e-mail address.")
    zone = reader.zone("timezone", default="UTC")
    if "password" in reader.values:
        reader.read.add("password")
        reader.fault(
            "password",
            "secret",
            "A password is not written here: name a variable that holds it in password_from_env.",
        )
    variable = reader.text("password_from_env", limit=100)
    if variable and not VARIABLE.fullmatch(variable):
        detail = "Name an environment variable, as MY_PASSWORD."
        reader.fault("password_from_env", "variable", detail)
    capacity = reader.child("capacity")
    document = {
        "email": email,
        "roles": sorted(reader.listed("roles", known.roles, what="role")),
        "skills": _skills(reader),
        "pipelines": sorted(reader.listed("pipelines", known.pipelines, what="pipeline")),
        "capacity": {
            "open": capacity.whole("open", default=5, low=1, high=1000),
            "per_day": capacity.whole("per_day", default=500, low=0, high=1_000_000),
        },
        "timezone": zone,
        "password_from_env": variable,
    }
    capacity.done()
    return document


def shown(evidence: str) -> dict[str, str]:
    """Return the member that says what shows a skill; without it there is none."""
    return {"evidence": evidence} if evidence else {}


def _skills(reader: Reader) -> list[dict[str, Any]]:
    skills: dict[str, dict[str, Any]] = {}
    for entry in reader.children("skills"):
        name = entry.text("name", required=True, limit=63)
        if name and not SLUG.fullmatch(name):
            entry.fault("name", "slug", "A skill is named with a-z, 0-9, - and _.")
        if name in skills:
            entry.fault("name", "duplicate", f"The skill {name!r} stands twice.")
        expires = entry.take("expires")
        if expires is not None:
            try:
                expires = date.fromisoformat(expires).isoformat()
            except (TypeError, ValueError):
                entry.fault("expires", "date", "Give a date as in 2027-06-30.")
        level = entry.whole("level", default=1, low=1, high=10)
        evidence = entry.text("evidence", limit=LONGEST_EVIDENCE).strip()
        entry.done()
        skills[name] = {"name": name, "level": level, "expires": expires} | shown(evidence)
    return [skills[name] for name in sorted(skills)]
