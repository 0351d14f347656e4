"""Challenges: an outcome is doubted, by name or unnamed, and another person judges the doubt.

An outcome that is overturned is superseded, never edited. Until a challenge is judged the outcome
stands, and counts neither for nor against anybody.
"""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import User
from governance.selectors import policies
from governance.services import dispatch, ledger
from reviews.domain.consensus import key
from reviews.enums import ChallengeState, NotificationKind, ResolutionKind
from reviews.models import Challenge, ChallengeOutcome, Decision, Resolution, ReviewItem
from reviews.selectors import challenges as selector
from reviews.selectors import recipients, records
from reviews.services import assignments, challenge_clocks, notifications, resolutions

LONGEST = 2000
OF_AUDIT = "Who challenged it is read by roles with the permission audit."


@transaction.atomic
def challenge(
    *,
    principal: Principal,
    actor: User,
    resolution_id: uuid.UUID,
    reason: str,
    anonymous: bool,
    now: datetime,
) -> Challenge:
    """Doubt the outcome that stands. Who is `anonymous` is named to compliance alone.

    Those whose decisions it is about are told, and who may judge it. One challenge of an outcome is
    open at a time.
    """
    known = records.resolutions(principal).filter(pk=resolution_id).first()
    if known is None:
        raise NotFound("There is no such resolution by people.")
    item = _locked(known.item_id)
    if not any(map(principal.may, selector.MAY_OPEN)):
        raise NotPermitted("Challenging an outcome needs a role.")
    _refuse_text("/reason", reason, "Say what is wrong with it")
    if item.resolution_id != known.pk:
        raise Conflict("This outcome does not stand any more.")
    if selector.of_resolution(known.pk).exists():
        raise Conflict("This outcome is challenged already: its judge decides first.")
    made = Challenge(
        item=item, resolution=known, after=_last(known), opened_by=actor, anonymous=anonymous,
        reason=reason, salt=ledger.new_salt(), name_salt=ledger.new_salt(), opened_at=now,
    )  # fmt: skip
    made.save()
    assignments.touch(item)
    _record_opened(made, actor, now)
    _tell_of_opening(made, now)
    dispatch.enqueue(
        "reviews.follow_challenge", now=now, dedupe=f"challenge:{made.pk}",
        challenge_id=str(made.pk),
    )  # fmt: skip
    return made


def _locked(item_id: uuid.UUID) -> ReviewItem:
    rows = ReviewItem.objects.select_for_update(of=("self",)).select_related("prediction")
    return rows.get(pk=item_id)


def _refuse_text(pointer: str, text: str, ask: str) -> None:
    if not text.strip() or len(text) > LONGEST:
        raise InvalidInput.at(pointer, f"{ask}, in 1 to {LONGEST} characters.", code="length")


def _last(row: Resolution) -> ChallengeOutcome | None:
    ended = ChallengeOutcome.objects.filter(challenge__resolution=row, followed_by=None)
    return ended.order_by("-pk").first()


def _record_opened(made: Challenge, actor: User, now: datetime) -> None:
    """Write the event. Without a name it has no actor, wherever the ledger is read."""
    commitments = {"reason": ledger.commit(made.salt, made.reason)}
    if made.anonymous:
        commitments["opened_by"] = ledger.commit(made.name_salt, str(actor.pk))
    ledger.append(
        stream=assignments.stream_of(made.item_id),
        action="challenge.opened",
        actor=None if made.anonymous else actor,
        now=now,
        commitments=commitments,
        detail={
            "challenge": str(made.pk),
            "resolution": str(made.resolution_id),
            "anonymous": made.anonymous,
        },
    )


@transaction.atomic
def uphold(
    *,
    principal: Principal,
    actor: User,
    challenge_id: uuid.UUID,
    rationale: str,
    now: datetime,
) -> Challenge:
    """Judge that the outcome stands."""
    row = _to_judge(principal, actor, challenge_id)
    _refuse_text("/rationale", rationale, "Say why it stands")
    outcome = _end(row, ChallengeState.UPHELD, actor, rationale, now)
    assignments.touch(row.item)
    _record_judged(outcome, "challenge.upheld", {}, actor, now)
    _tell_of_outcome(row, outcome, now)
    return row


@transaction.atomic
def overturn(
    *,
    principal: Principal,
    actor: User,
    challenge_id: uuid.UUID,
    rationale: str,
    now: datetime,
    answer: Any = None,
) -> Challenge:
    """Judge that another answer is right: a resolution of its own supersedes the one that stood.

    An answer of None rejects the prediction without a better one. Datasets that hold the earlier
    outcome keep it, and say so.
    """
    row = _to_judge(principal, actor, challenge_id)
    item, before = row.item, row.resolution
    _refuse_text("/rationale", rationale, "Say why it is overturned")
    resolutions.refuse_incomplete(answer, rationale, policies.document(item.config_version_id))
    if key(answer) == key(before.answer):
        raise InvalidInput.at("/answer", "That is the answer that stands: uphold it, or give"
                              " another.", code="unchanged")  # fmt: skip
    decisions = list(Decision.objects.filter(pk__in=before.decided_on).order_by("pk"))
    made = resolutions.resolve(
        item=item,
        act="overturn",
        kind=ResolutionKind.OVERTURNED,
        answer=answer,
        agreement=resolutions.share_of(decisions, answer),
        decided_on=decisions,
        actor=actor,
        now=now,
        rationale=rationale,
    )
    outcome = _end(row, ChallengeState.OVERTURNED, actor, rationale, now, made)
    detail = {
        "resolution": str(made.pk), "supersedes": str(before.pk), "verdict": made.verdict,
        "answer": answer, "decided_on": made.decided_on,
    }  # fmt: skip
    _record_judged(outcome, "challenge.overturned", detail, actor, now)
    _tell_of_outcome(row, outcome, now)
    return row


def _to_judge(principal: Principal, actor: User, challenge_id: uuid.UUID) -> Challenge:
    """Return a challenge, its item locked, that this person may judge."""
    known = selector.one(principal, challenge_id)
    item = _locked(known.item_id)
    if not principal.may(Permission.ADJUDICATE):
        raise NotPermitted("Judging a challenge needs a role with the permission adjudicate.")
    tier = policies.document(item.config_version_id)["tiers"][item.tier]
    resolutions.refuse_other_roles(actor, tier["adjudicate_by"])
    if ChallengeOutcome.objects.filter(challenge=known).exists():
        raise Conflict("This challenge is judged already.")
    if refusal := selector.refuses(actor, known):
        raise NotPermitted(refusal)
    known.item = item
    return known


def _end(
    row: Challenge,
    state: ChallengeState,
    judge: User,
    rationale: str,
    now: datetime,
    made: Resolution | None = None,
) -> ChallengeOutcome:
    outcome = ChallengeOutcome(
        item_id=row.item_id, challenge=row, state=state, judge=judge, rationale=rationale,
        resolution=made, salt=ledger.new_salt(), at=now,
    )  # fmt: skip
    outcome.save()
    challenge_clocks.end(outcome)
    return outcome


def _record_judged(
    outcome: ChallengeOutcome, action: str, more: dict[str, Any], actor: User, now: datetime
) -> None:
    ledger.append(
        stream=assignments.stream_of(outcome.item_id),
        action=action,
        actor=actor,
        now=now,
        commitments={"rationale": ledger.commit(outcome.salt, outcome.rationale)},
        detail={"judgement": str(outcome.pk), "of": str(outcome.challenge_id)} | more,
    )


def end_unjudged(
    resolution_id: uuid.UUID | None, *, actor: User, why: str, now: datetime
) -> str | None:
    """End the open challenge of an outcome that stops to stand; returns its id for the event.

    The caller holds the lock of the item, and decides it anew.
    """
    row = selector.of_resolution(resolution_id).select_related("item", "resolution").first()
    if row is None:
        return None
    outcome = _end(row, ChallengeState.MOOT, actor, why, now)
    _tell_of_outcome(row, outcome, now)
    return str(row.pk)


@transaction.atomic
def challenger(
    *, principal: Principal, actor: User, challenge_id: uuid.UUID, now: datetime
) -> User:
    """Return who opened a challenge; for compliance, and that it was read is on record."""
    row = selector.one(principal, challenge_id)
    if not principal.may(Permission.AUDIT):
        raise NotPermitted(OF_AUDIT)
    _locked(row.item_id)
    ledger.append(
        stream=assignments.stream_of(row.item_id),
        action="challenge.named",
        actor=actor,
        now=now,
        detail={"of": str(row.pk)},
    )
    return row.opened_by


def _tell_of_opening(row: Challenge, now: datetime) -> None:
    concerned = {user.pk for user in selector.challenged(row.resolution)}
    judges = set(recipients.owners(row.item.pipeline_id)) - concerned
    for people, whom in ((concerned, "decided"), (judges, "judge")):
        for person in sorted(people - {row.opened_by_id}):
            notifications.announce(
                person_id=person, kind=NotificationKind.CHALLENGE,
                source=f"challenge:{row.pk}", item=row.item,
                detail={"challenge": str(row.pk), "to": whom}, now=now,
            )  # fmt: skip


def _tell_of_outcome(row: Challenge, outcome: ChallengeOutcome, now: datetime) -> None:
    people = {user.pk for user in selector.challenged(row.resolution)} | {row.opened_by_id}
    for person in sorted(people - {outcome.judge_id}):
        notifications.announce(
            person_id=person, kind=NotificationKind.JUDGED, source=f"judgement:{outcome.pk}",
            item=row.item, detail={"challenge": str(row.pk), "state": str(outcome.state)}, now=now,
        )  # fmt: skip
