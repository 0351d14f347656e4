"""What exists already, for references between documents."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Known:
    """The slugs that a document may refer to: those on record and those of its own batch.

    `with_default` are the pipelines that have a default among their SLA policies now.
    """

    calendars: frozenset[str] = frozenset()
    sla_policies: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    usernames: frozenset[str] = frozenset()
    pipelines: frozenset[str] = frozenset()
    with_default: frozenset[str] = frozenset()
    superusers: frozenset[str] = field(default=frozenset())
