"""The stop switch: one person stops, two others resume."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from governance.db import stop_locks
from governance.domain.documents.fields import suggestion
from governance.domain.principal import Principal
from governance.enums import Permission, UserKind
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import Pipeline, Stop, StopResumption, User
from governance.models.stops import NEEDED
from governance.selectors import adjustments, persons, stops
from governance.services import ledger

STOPPERS = (Permission.APPROVE, Permission.ADJUDICATE)


@dataclass(frozen=True)
class Place:
    """What is stopped; empty means all: of the pipeline, of the models, of the versions."""

    tier: str = ""
    model_name: str = ""
    model_version: str = ""


def stream_of(stop_id: uuid.UUID) -> str:
    """Return the stream of the ledger that tells of a stop."""
    return f"stop:{stop_id}"


@transaction.atomic
def stop(
    *,
    principal: Principal,
    actor: User,
    pipeline: str,
    place: Place,
    reason: str,
    now: Callable[[], datetime],
) -> Stop:
    """Let nothing more be approved without people, there; it is in force when this returns.

    It waits for the auto-approvals that are being written, and reads the clock after them: none is
    later than the stop. What would have been approved goes to people instead.
    """
    target = adjustments.pipeline_in_reach(principal, pipeline)
    if not any(principal.may(permission) for permission in STOPPERS):
        raise NotPermitted("Stopping needs a role with the permission approve or adjudicate.")
    _require_known(target, place, reason)
    stop_locks.hold(connection, target.pk)
    if stops.in_force(target.pk).filter(**vars(place)).exists():
        raise Conflict("This is stopped already.")
    made = Stop(pipeline=target, actor=actor, reason=reason, effective_at=now(), **vars(place))
    made.save()
    ledger.first(
        stream=stream_of(made.pk),
        action="stop.pressed",
        actor=actor,
        now=made.effective_at,
        reason=reason,
        detail={"pipeline": target.slug, **vars(place)},
    )
    return made


def _require_known(target: Pipeline, place: Place, reason: str) -> None:
    tiers = list(target.live.document["tiers"]) if target.live else []
    if place.tier and place.tier not in tiers:
        raise InvalidInput.at(
            "/tier", f"There is no tier {place.tier[:63]!r}.{suggestion(place.tier, tiers)}",
            code="unknown",
        )  # fmt: skip
    if place.model_version and not place.model_name:
        raise InvalidInput.at("/model", "A version is one of a model: name it.", code="required")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why it is stopped.", code="required")


@transaction.atomic
def resume(
    *, principal: Principal, actor: User, stop_id: uuid.UUID, reason: str, now: datetime
) -> Stop:
    """Agree to resume; the second person who does ends the stop. Neither is who stopped it."""
    row = stops.one(principal, stop_id)
    # Whoever would resume waits here for the other.
    Stop.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if not principal.may(Permission.APPROVE) or actor.kind != UserKind.HUMAN:
        raise NotPermitted("Resuming needs a person whose role has the permission approve.")
    person, agreed = persons.person_of(actor), list(row.resumptions.order_by("position"))
    one = persons.linked(actor)
    if persons.person_of(row.actor) in one:
        raise NotPermitted("Who stopped it does not resume it: two others do.")
    if one & {each.person for each in agreed}:
        raise NotPermitted("This person has agreed to resume already; the second is another.")
    if len(agreed) >= NEEDED:
        raise Conflict("It was resumed already.")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why it may go on.", code="required")
    StopResumption(
        stop=row, position=len(agreed) + 1, person=person, stopped_by=row.actor, actor=actor,
        reason=reason, at=now,
    ).save()  # fmt: skip
    ended = len(agreed) + 1 == NEEDED
    ledger.append(
        stream=stream_of(row.pk),
        action="stop.ended" if ended else "stop.resumption_agreed",
        actor=actor,
        now=now,
        reason=reason,
        detail={"pipeline": row.pipeline.slug, "position": len(agreed) + 1},
    )
    return row
