"""What challenges of outcomes put into an audit pack; who stays unnamed stays so in it."""

from collections.abc import Iterator
from typing import Any

from governance.domain.pack_scope import PackScope
from governance.domain.times import rfc3339
from governance.selectors.pack_sections import Sealed, Section, of_scope, pages, register
from reviews.models import Challenge, ChallengeOutcome

Line = dict[str, Any]


def challenges(scope: PackScope) -> Iterator[Line]:
    """Return each challenge of an outcome: what was doubted, how it ended, and who judged."""
    rows = Challenge.objects.filter(opened_at__lt=scope.until)
    rows = rows.select_related("item", "outcome")
    for page in pages(of_scope(rows, scope, "item__pipeline")):
        sealed = Sealed((f"item:{row.item_id}" for row in page), scope)
        for row in page:
            if scope.covers(row.opened_at) and sealed.has(f"item:{row.item_id}", row.opened_at):
                yield _challenge(row, sealed, scope)


def _challenge(row: Challenge, sealed: Sealed, scope: PackScope) -> Line:
    outcome: ChallengeOutcome | None = getattr(row, "outcome", None)
    if outcome is not None and not sealed.has(f"item:{row.item_id}", outcome.at):
        outcome = None
    return {
        "id": str(row.pk),
        "pipeline": scope.pipelines.get(row.item.pipeline_id),
        "item": str(row.item_id),
        "resolution": str(row.resolution_id),
        "anonymous": row.anonymous,
        "opened_by": None if row.anonymous else row.opened_by_id,
        "opened_at": rfc3339(row.opened_at),
        "outcome": _outcome(outcome, scope) if outcome else None,
        **({"reason": row.reason} if scope.texts else {}),
    }


def _outcome(row: ChallengeOutcome, scope: PackScope) -> Line:
    return {
        "state": str(row.state),
        "judge": row.judge_id,
        "at": rfc3339(row.at),
        "resolution": str(row.resolution_id) if row.resolution_id else None,
        **({"rationale": row.rationale} if scope.texts else {}),
    }


def register_all() -> None:
    """Register what challenges have."""
    register(
        Section(
            "challenges", "Challenges of outcomes",
            "What was doubted, by whom where they are named, how it ended, and who judged.",
            challenges,
        )
    )  # fmt: skip
