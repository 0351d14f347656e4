"""Where people may have stopped looking: tiers in which nearly all agree within a few seconds."""

from collections import defaultdict
from dataclasses import dataclass

from governance.domain.principal import Principal
from reviews.domain import attentiveness
from reviews.domain.attentiveness import Attention, Judged
from reviews.enums import Verdict
from reviews.models import Decision

# Enough for the window of each of some dozen tiers, and read by the key: as quick at any size.
NEWEST = 5000


@dataclass(frozen=True)
class Risk:
    """A tier of a pipeline whose reviews may be a formality."""

    pipeline: str
    tier: str
    attention: Attention


def at_risk(principal: Principal) -> list[Risk]:
    """Return the tiers within reach that are at risk, judged by the NEWEST decisions of all."""
    newest = (
        Decision.objects.filter(undoes=None, undone_by=None)
        .order_by("-pk")
        .select_related("item__pipeline", "assignment")
        .only(
            "verdict",
            "decided_at",
            "evidence_opened",
            "item__tier",
            "item__pipeline__slug",
            "assignment__claimed_at",
        )[:NEWEST]
    )
    judged: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for row in newest:
        if principal.sees(row.item.pipeline_id):
            seconds = (row.decided_at - row.assignment.claimed_at).total_seconds()
            place = (row.item.pipeline.slug, row.item.tier)
            looked = bool(row.evidence_opened)
            judged[place].append(Judged(row.verdict == Verdict.ACCEPT, seconds, looked))
    found = [Risk(slug, tier, attentiveness.of(rows)) for (slug, tier), rows in judged.items()]
    return sorted(
        (risk for risk in found if risk.attention.at_risk), key=lambda r: (r.pipeline, r.tier)
    )
