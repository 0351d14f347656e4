"""Revising: a second answer, by who answered blind first and has seen the prediction since."""

import uuid
from datetime import datetime

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import User
from governance.selectors import policies
from governance.services import ledger
from reviews.domain.answers import Judgement, settle
from reviews.enums import Verdict
from reviews.services import assignments, decisions
from reviews.services.decisions import Decided


@transaction.atomic
def revise(
    *,
    principal: Principal,
    actor: User,
    decision_id: uuid.UUID,
    judgement: Judgement,
    now: datetime,
) -> Decided:
    """Let who answered blind first answer once more, now that they see the prediction.

    Both answers stay on record; the second one counts, and is not blind. It is given as long as
    the first could be undone. Conflict when it is too late, or was done already.
    """
    if not principal.may(Permission.REVIEW):
        raise NotPermitted("Revising needs a role with the permission review.")
    first = decisions.own_locked(decision_id, actor)
    item = first.item
    if first.revises_id is not None or not decisions.answered_blind_first(first, item):
        raise Conflict("Only an answer that was given blind first is revised, and only once.")
    decisions.refuse_too_late(first, item, now)
    document = policies.document(item.config_version_id)
    tier = document["tiers"][item.tier]
    if judgement.verdict == Verdict.DEFER:
        raise InvalidInput.at("/verdict", "You have answered already: keep it or change it.")
    settled = settle(
        judgement, output=item.prediction.output, document=document, tier=tier, blind=False
    )
    if settled.faults:
        raise InvalidInput(settled.faults[0].detail, faults=settled.faults)
    undo = decisions.record_undo(first, now)
    claim, reopened = decisions.take_back(first, item, actor, now)
    decision = decisions.put_on_record(
        claim.assignment, actor, judgement, settled, now, revises=first
    )
    resolution = decisions.move_on(claim.assignment, decision, tier, actor, now)
    told = decisions.move_clocks(item, resolution, actor, now)
    ledger.append(
        stream=assignments.stream_of(item.pk),
        action="decision.revised",
        actor=actor,
        now=now,
        commitments={"rationale": ledger.commit(decision.salt, decision.rationale)},
        detail={
            "decision": str(decision.pk),
            "revises": str(first.pk),
            "undo": str(undo.pk),
            "assignment": str(claim.assignment.pk),
            "verdict": decision.verdict,
            "answer": decision.answer,
            "reason_codes": decision.reason_codes,
            "checklist": decision.checklist,
            "evidence_opened": decision.evidence_opened,
            "config_version": str(decision.config_version_id),
            "status": item.status,
            "resolution": str(resolution.pk) if resolution else None,
            "reopened": reopened,
            "clocks": told,
        },
    )
    return Decided(decision, item, resolution)
