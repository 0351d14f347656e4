"""Retention: for how long records of a class are kept."""

from datetime import datetime

from django.db import transaction

from governance.domain import retention
from governance.enums import RecordClass
from governance.exceptions import InvalidInput
from governance.models import RetentionRule, User
from governance.services import ledger


@transaction.atomic
def keep_for(
    *, record_class: str, days: int, actor: User | None, reason: str, now: datetime
) -> RetentionRule:
    """Set for how many days a class is kept; InvalidInput below the floor of the law."""
    if record_class not in RecordClass.values:
        detail = f"A class is one of {', '.join(RecordClass.values)}."
        raise InvalidInput.at("/record_class", detail, code="unknown")
    try:
        retention.checked(days)
    except retention.BelowFloor as error:
        raise InvalidInput.at("/days", str(error), code="range") from None
    # The row may not be there yet, so that the class itself cannot be locked: the constraint on
    # the class, and that on the sequence of its stream, settle a race.
    row = RetentionRule.objects.select_for_update().filter(record_class=record_class).first()
    row = row or RetentionRule(record_class=record_class)
    before, row.days = row.days, days
    row.because(actor, reason).save()
    ledger.append(
        stream=f"retention:{record_class}",
        action="retention.set",
        actor=actor,
        now=now,
        reason=reason,
        detail={"class": record_class, "days": days, "before": before},
    )
    return row
