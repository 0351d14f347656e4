"""Saying what those whom a pipeline concerns are told of it: edition after edition."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from feedback.domain.stakeholder_pages import Written
from feedback.enums import Publicity
from feedback.models import StakeholderEdition
from feedback.selectors import stakeholders
from governance.domain.canonical import digest
from governance.domain.principal import Principal
from governance.enums import PolicyKind
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import Pipeline, User
from governance.selectors import adjustments
from governance.services import ledger

LONGEST, LONGEST_LINE, LONGEST_REASON, MOST = 2000, 300, 500, 20


@dataclass(frozen=True)
class Wanted:
    """What is to be told of a pipeline, to whom, and why it is told anew."""

    pipeline: str
    publicity: str
    written: Written
    reason: str


@transaction.atomic
def publish(
    *, principal: Principal, actor: User, wanted: Wanted, now: datetime
) -> StakeholderEdition:
    """Tell what is written, beside what follows from the record now; taking down is an edition too.

    Raises NotFound, NotPermitted, Conflict where nothing is in force, and InvalidInput.
    """
    pipeline = adjustments.pipeline_in_reach(principal, wanted.pipeline)
    if not stakeholders.may_publish(principal):
        raise NotPermitted(
            "What is told of a pipeline is said by roles with the permission approve."
        )
    if wanted.publicity not in Publicity.values:
        raise InvalidInput.at("/publicity", f"It is one of {', '.join(Publicity.values)}.")
    written = checked(wanted.written)
    reason = _text(wanted.reason, "/reason", "Say why it is told now.", LONGEST_REASON)
    rows = Pipeline.objects.select_for_update(of=("self",)).select_related("live")
    # What is in force is read under the lock, so that no edition tells of what just went.
    pipeline = rows.get(pk=pipeline.pk)
    if pipeline.live_id is None:
        raise Conflict("This pipeline has no policy in force: there is nothing to tell yet.")
    last = StakeholderEdition.objects.filter(pipeline=pipeline).order_by("-number").first()
    said = stakeholders.content(principal, actor, pipeline, written, now)
    row = StakeholderEdition(
        pipeline=pipeline, number=last.number + 1 if last else 1, publicity=wanted.publicity,
        content=said, digest=digest(said), reason=reason, published_by=actor, published_at=now,
    )  # fmt: skip
    row.save()
    ledger.append(
        stream=f"{PolicyKind.PIPELINE}:{pipeline.slug}", action="stakeholders.told", actor=actor,
        now=now, reason=reason,
        detail={
            "edition": str(row.pk), "number": row.number, "publicity": row.publicity,
            "digest": row.digest,
        },
    )  # fmt: skip
    return row


def checked(written: Written) -> Written:
    """Return what was written, trimmed. Raises InvalidInput, which names the member."""
    return Written(
        does=_text(written.does, "/does", "Say what it does.", LONGEST),
        concerns=_text(written.concerns, "/concerns", "Say whom it concerns.", LONGEST),
        limits=_lines(written.limits, "/limits"),
        planned=_lines(written.planned, "/planned"),
    )


def _lines(lines: tuple[str, ...], pointer: str) -> tuple[str, ...]:
    said = tuple(line.strip() for line in lines if line.strip())
    if len(said) > MOST:
        raise InvalidInput.at(pointer, f"At most {MOST} lines.", code="length")
    for place, line in enumerate(said):
        if len(line) > LONGEST_LINE:
            detail = f"A line has at most {LONGEST_LINE} characters."
            raise InvalidInput.at(f"{pointer}/{place}", detail, code="length")
    return said


def _text(text: str, pointer: str, ask: str, longest: int) -> str:
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise InvalidInput.at(pointer, ask, code="required")
    if len(said) > longest:
        raise InvalidInput.at(pointer, f"At most {longest} characters.", code="length")
    return said
