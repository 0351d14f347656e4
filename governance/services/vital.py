"""Signs of life of the parts that run by themselves."""

from datetime import datetime

from django.db.models import F

from governance.models import Heartbeat


def beat(*, name: str, now: datetime) -> None:
    """Note that a part of the system is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": now})


def count(*, name: str, now: datetime) -> None:
    """Note that something happened once more."""
    again = Heartbeat.objects.filter(name=name)
    if not again.update(beat_at=now, times=F("times") + 1):
        _, first = Heartbeat.objects.get_or_create(name=name, defaults={"beat_at": now})
        if not first:
            again.update(beat_at=now, times=F("times") + 1)
