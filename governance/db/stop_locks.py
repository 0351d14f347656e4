"""The lock by which a stop and the auto-approvals of its pipeline take turns on PostgreSQL.

Who auto-approves holds it shared until the commit; who stops takes it alone. So each auto-approval
commits before the stop, or sees it. SQLite has one writer, and needs none.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

# Above the keys of other advisory locks; the id of the pipeline is added.
BASE = 0x53544F50 << 32


def hold(connection: BaseDatabaseWrapper, pipeline_id: int) -> None:
    """Wait until no auto-approval of a pipeline is under way, and keep new ones waiting."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BASE + pipeline_id])
