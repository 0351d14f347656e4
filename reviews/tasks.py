"""What the worker does for reviews."""

from celery import shared_task

from governance.selectors import clock
from reviews.services import assignments, sweeping


@shared_task(name="reviews.expire_leases")
def expire_leases() -> int:
    """Return items whose lease lapsed to their queues; returns how many."""
    return assignments.expire_leases(now=clock.now())


@shared_task(name="reviews.sweep_clocks")
def sweep_clocks() -> int:
    """Let happen what is due on every clock; returns on how many something did."""
    return sweeping.sweep(now=clock.now).clocks


@shared_task(name="reviews.tell")
def tell(*, events: list[str]) -> int:
    """Tell people of what happened to clocks."""
    return len(events)
