"""Outcomes: what production showed later of a prediction."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from governance.domain.canonical import digest
from governance.domain.principal import Principal
from governance.exceptions import InvalidInput
from governance.models import User
from governance.services import ledger
from reviews.models import Outcome
from reviews.services import withdrawals

CLOCKS_DIFFER = timedelta(minutes=5)


@transaction.atomic
def record(
    *,
    principal: Principal,
    actor: User,
    prediction_id: uuid.UUID,
    outcome: Mapping[str, Any],
    observed_at: datetime,
    cost: Decimal | None,
    now: datetime,
) -> Outcome:
    """Put on record what came of a prediction; a later outcome stands beside the earlier ones.

    `cost` is money in the pipeline's own currency. InvalidInput when it was observed in the future,
    beyond what two clocks may differ by.
    """
    if observed_at > now + CLOCKS_DIFFER:
        raise InvalidInput.at("/observed_at", "This lies in the future.", code="range")
    prediction = withdrawals.locked(principal=principal, prediction_id=prediction_id)
    row = Outcome.objects.create(
        prediction=prediction,
        outcome=dict(outcome),
        cost=cost,
        observed_at=observed_at,
        actor=actor,
        recorded_at=now,
    )
    ledger.append(
        stream=withdrawals.stream_of(prediction.pk),
        action="outcome.recorded",
        actor=actor,
        now=now,
        detail={
            "outcome": str(row.pk),
            "content": digest(row.outcome),
            "cost": None if cost is None else str(cost),
        },
    )
    return row
