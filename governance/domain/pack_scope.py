"""What an audit pack is about: which pipelines, which time, for what, as of which checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.domain.times import parse_rfc3339, rfc3339


@dataclass(frozen=True)
class PackScope:
    """The scope of a pack, which alone decides what is in it.

    `pipelines` are slugs by id; with `everything` the pack holds what belongs to no pipeline, too.
    `since` is in it and `until` is not. `checkpoint` is the size of the ledger that it is bound to:
    what was sealed later is not in it. `texts`: whether what people wrote is. `basis` says of each
    pipeline with personal data what the purpose rests on.
    """

    pipelines: Mapping[int, str]
    everything: bool
    since: datetime
    until: datetime
    checkpoint: int
    purpose: str
    texts: bool
    requester: str
    requester_id: int | None
    basis: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the scope as it is kept and travels."""
        return {
            "pipelines": {slug: key for key, slug in sorted(self.pipelines.items())},
            "everything": self.everything,
            "since": rfc3339(self.since),
            "until": rfc3339(self.until),
            "checkpoint": self.checkpoint,
            "purpose": self.purpose,
            "texts": self.texts,
            "requester": self.requester,
            "requester_id": self.requester_id,
            "basis": [dict(each) for each in self.basis],
        }

    def covers(self, moment: datetime | None) -> bool:
        """Return whether a moment lies in the time of the pack."""
        return moment is not None and self.since <= moment < self.until


def scope_of(kept: Mapping[str, Any]) -> PackScope:
    """Return the scope that `as_json` wrote."""
    return PackScope(
        pipelines={key: slug for slug, key in kept["pipelines"].items()},
        everything=kept["everything"],
        since=parse_rfc3339(kept["since"]),
        until=parse_rfc3339(kept["until"]),
        checkpoint=kept["checkpoint"],
        purpose=kept["purpose"],
        texts=kept["texts"],
        requester=kept["requester"],
        requester_id=kept["requester_id"],
        basis=tuple(kept["basis"]),
    )
