"""What packs say of how reviewers are treated: what they were told, and figures they disputed."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from feedback.models import FigureDispute, FigureDisputeAnswer
from governance.domain.pack_scope import PackScope
from governance.domain.times import rfc3339
from governance.models import NoticeAcknowledgement, ReviewerNotice
from governance.selectors.pack_sections import (
    Sealed,
    Section,
    of_scope,
    pages,
    register,
    streams_named,
)
from reviews.models import Decision

Line = dict[str, Any]
NOTICE, DISPUTE = "reviewer-notice", "figure-dispute"


def notices(scope: PackScope) -> Iterator[Line]:
    """Return each notice that was in force in the time of a pack, and who had read it by its end.

    A notice is for all pipelines, and its events are in each pack. In one of some pipelines, the
    readers are those who decided in them.
    """
    rows = list(ReviewerNotice.objects.filter(written_at__lt=scope.until).order_by("number"))
    sealed = Sealed((f"{NOTICE}:{row.pk}" for row in rows), scope)
    # The text that comes with the software has no event of its own: it was kept in the act in which
    # somebody read it first, or wrote the next.
    written = {
        each.written_at for each in rows for row in rows
        if sealed.has(f"{NOTICE}:{row.pk}", each.written_at)
    }  # fmt: skip
    there = [row for row in rows if row.written_at in written]
    before = [row for row in there if row.written_at < scope.since][-1:]
    for row in [*before, *(row for row in there if row.written_at >= scope.since)]:
        read = _read(scope).filter(notice=row).order_by("at", "pk")
        yield {
            "id": str(row.pk),
            "number": row.number,
            "text": row.text,
            "by": row.written_by_id,
            "written_at": rfc3339(row.written_at),
            "read_by": [
                {"person": each.person_id, "at": rfc3339(each.at)}
                for each in read
                if sealed.has(f"{NOTICE}:{row.pk}", each.at)
            ],
        }


def _read(scope: PackScope) -> "QuerySet[NoticeAcknowledgement]":
    rows = NoticeAcknowledgement.objects.filter(at__lt=scope.until)
    if scope.everything:
        return rows
    decided = Decision.objects.filter(
        reviewer=OuterRef("person"), item__pipeline__in=list(scope.pipelines),
        decided_at__lt=scope.until,
    )  # fmt: skip
    return rows.filter(Exists(decided))


def disputes(scope: PackScope) -> Iterator[Line]:
    """Return each dispute of a figure: what was shown, and what a lead answered until then."""
    rows = FigureDispute.objects.filter(opened_at__lt=scope.until).select_related("answer")
    for page in pages(of_scope(rows, scope, "pipeline")):
        sealed = Sealed((f"{DISPUTE}:{row.pk}" for row in page), scope)
        for row in page:
            answer = _answer(row, sealed)
            moments = (row.opened_at, answer.at if answer else None)
            if sealed.has(f"{DISPUTE}:{row.pk}", row.opened_at) and any(map(scope.covers, moments)):
                yield _dispute(row, answer, scope)


def _answer(row: FigureDispute, sealed: Sealed) -> FigureDisputeAnswer | None:
    answer: FigureDisputeAnswer | None = getattr(row, "answer", None)
    return answer if answer and sealed.has(f"{DISPUTE}:{row.pk}", answer.at) else None


def _dispute(row: FigureDispute, answer: FigureDisputeAnswer | None, scope: PackScope) -> Line:
    said = {"reason": row.reason} if scope.texts else {}
    if answer is not None and scope.texts:
        said["answer"] = answer.text
    return {
        "id": str(row.pk),
        "pipeline": scope.pipelines.get(row.pipeline_id),
        "person": row.person_id,
        "figure": str(row.figure),
        "shown": row.shown,
        "after": str(row.after_id) if row.after_id else None,
        "opened_at": rfc3339(row.opened_at),
        "outcome": str(answer.outcome) if answer else None,
        "judge": answer.judge_id if answer else None,
        "answered_at": rfc3339(answer.at) if answer else None,
        **said,
    }


def _disputed(scope: PackScope) -> Q:
    rows = of_scope(FigureDispute.objects.all(), scope, "pipeline")
    return streams_named(DISPUTE, rows)


def register_all() -> None:
    """Register what reviewers were told and disputed."""
    for section in SECTIONS:
        register(section)


SECTIONS = (
    Section(
        "notices", "What reviewers were told",
        "Each notice of what is measured of them that was in force, and who read it.",
        notices,
    ),
    Section(
        "figure_disputes", "Disputed figures",
        "Each figure that a reviewer disputed, as it was shown, and what a lead answered.",
        disputes, _disputed,
    ),
)  # fmt: skip
