"""How much reviewers have on their hands."""

from datetime import datetime

from django.db import connection

from governance.models import User
from reviews.selectors.claimable import DAY

QUERY = """
    SELECT COUNT(*) FILTER (WHERE state = 'claimed'),
        COUNT(*) FILTER (WHERE state IN ('claimed', 'decided', 'declined'))
    FROM reviews_assignment WHERE reviewer_id = %s AND claimed_at > %s
"""


def of_reviewer(user: User, *, now: datetime) -> tuple[int, int]:
    """Return how many items a person holds, and how many they took in the last 24 hours.

    What they released does not count as taken.
    """
    since = connection.ops.adapt_datetimefield_value(now - DAY)
    with connection.cursor() as cursor:
        cursor.execute(QUERY, [user.pk, since])
        held, taken = cursor.fetchone()
    return held, taken
