"""Telling people that a receiver has not acknowledged what it was told."""

import uuid
from datetime import datetime
from urllib.parse import urlsplit

from governance.models import User, WebhookMessage
from reviews.enums import NotificationKind
from reviews.selectors import recipients
from reviews.services import notifications


def tell(*, message_id: uuid.UUID, now: datetime) -> int:
    """Tell the owners of the pipeline, or the administrators; once, however often it is asked."""
    row = WebhookMessage.objects.select_related("endpoint").filter(pk=message_id).first()
    if row is None or row.acknowledged_at is not None:
        return 0
    home, host = row.endpoint.pipeline_id, urlsplit(row.endpoint.url).hostname
    administrators = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    people = recipients.owners(home) if home else administrators.values_list("pk", flat=True)
    return sum(
        notifications.announce(
            person_id=person, kind=NotificationKind.WEBHOOK, source=f"webhook:{row.pk}", item=None,
            detail={
                "pipeline": home, "subject": row.endpoint.description or host, "told": row.kind,
            },
            now=now,
        )
        for person in people
    )  # fmt: skip
