"""For how long records are kept now."""

from governance.domain.retention import DEFAULT_DAYS
from governance.models import RetentionRule


def days() -> dict[str, int]:
    """Return for how many days each class is kept."""
    return dict(DEFAULT_DAYS) | dict(RetentionRule.objects.values_list("record_class", "days"))
