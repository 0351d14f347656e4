"""Proof that the person who signs is the one who is signed in."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest

from governance.exceptions import LockedOut
from governance.models import User


def proven_at(request: HttpRequest, user: User, password: str, *, now: datetime) -> datetime | None:
    """Return `now` when `password` is the user's own, else None.

    Failures count towards the lock-out of the sign-in; while that lasts, LockedOut is raised.
    """
    if not password:
        return None
    found = authenticate(request=request, username=user.get_username(), password=password)
    if found is None and getattr(request, "axes_locked_out", False):
        # Said here, so that nobody answers with the page of the sign-in.
        request.axes_locked_out = False  # type: ignore[attr-defined]
        wait = int(settings.AXES_COOLOFF_TIME.total_seconds())
        raise LockedOut(
            f"The password was wrong too often: try again in {wait // 60} minutes.",
            retry_after=wait,
        )
    return now if found is not None and found.pk == user.pk else None
