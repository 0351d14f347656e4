"""Signs of life of the parts that run by themselves."""

from datetime import datetime

from governance.models import Heartbeat


def beat(*, name: str, now: datetime) -> None:
    """Note that a part of the system is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": now})
