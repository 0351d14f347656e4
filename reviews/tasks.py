"""What the worker does for reviews."""

from celery import shared_task

from governance.selectors import clock
from reviews.services import assignments


@shared_task(name="reviews.expire_leases")
def expire_leases() -> int:
    """Return items whose lease lapsed to their queues; returns how many."""
    return assignments.expire_leases(now=clock.now())
