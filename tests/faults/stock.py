"""What the database of a fault test begins with, and ends as: `python -m tests.faults.stock …`.

`base` makes the tables, people and a pipeline, and prints tokens as JSON. `items COUNT AGE` sends
so many predictions AGE seconds ago: each has one clock of an hour, and a ladder with one level at
once and an end after days. `subjects COUNT` makes the keys of so many data subjects, and `opened`
prints as JSON by which names those open that there are. `audit` runs the commands of manage.py
that say whether all is sound; in one process, for that is most of what they cost.
"""

import json
import os
import sys
from datetime import datetime, timedelta
from typing import Any

TARGET = 3600
LEVELS = [{"delay": "PT0S", "notify": ["role:lead"]}, {"delay": "P9D"}]
SCOPES = {"bot": ("predictions:write", "audit:read"), "rita": ("review",)}


def _base(now: datetime) -> dict[str, str]:
    from governance.models import User
    from governance.services import configuration, tokens
    from tests import factories

    sla = factories.SLA | {"targets": {"decide": "PT1H"}, "ladder": {"levels": LEVELS}}
    people = [
        {"kind": "Person", "username": name, "email": f"{name}@example.org", "roles": roles,
         "pipelines": ["intents"]}
        for name, roles in (("bot", []), ("rita", ["reviewer"]), ("lea", ["lead"]))
    ]  # fmt: skip
    documents: list[Any] = [
        factories.CALENDAR, sla, *factories.ROLES, factories.PIPELINE, *people
    ]  # fmt: skip
    configuration.apply(
        sources=documents, actor=None, reason="For a test", now=now - timedelta(days=2), secrets={}
    )
    return {
        name: tokens.create(
            user=User.objects.get(username=name),
            scopes=scopes,
            pipelines=(),
            days=30,
            actor=None,
            now=now,
        )[1]
        for name, scopes in SCOPES.items()
    }


def _items(count: int, age: float, now: datetime) -> None:
    from governance.models import User
    from tests import factories

    sender = User.objects.get(username="bot")
    then = now - timedelta(seconds=age)
    for first in range(0, count, 500):
        names = (f"late-{then.timestamp():.3f}-{n}" for n in range(first, min(first + 500, count)))
        factories.send(sender, *(factories.a_payload(external_id=name) for name in names), now=then)


def _subjects(count: int, now: datetime) -> None:
    from governance.services import subjects

    for n in range(count):
        subjects.key_for(f"person-{n:04}", now=now)


def _opened() -> list[str]:
    from governance.models import SubjectKey
    from governance.services import subjects

    names = [subjects.reference_of(row) for row in SubjectKey.objects.order_by("pk")]
    assert all(subjects.known(name) for name in names)
    return names


def _main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitlsite.settings")
    django.setup()
    from django.core.management import CommandError, call_command

    from governance.selectors import clock

    what, *numbers = sys.argv[1:]
    if what == "base":
        call_command("migrate", verbosity=0)
        sys.stdout.write(json.dumps(_base(clock.now())))
    elif what == "subjects":
        _subjects(int(numbers[0]), clock.now())
    elif what == "opened":
        sys.stdout.write(json.dumps(_opened()))
    elif what == "audit":
        try:
            call_command("audit_invariants")
            call_command("recompute_clocks")
        except CommandError as error:
            sys.exit(str(error))
    else:
        _items(int(numbers[0]), float(numbers[1]), clock.now())


if __name__ == "__main__":
    _main()
