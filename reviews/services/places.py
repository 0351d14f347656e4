"""Where an item waits: its queue, and the lane of those who may take it."""

from governance.selectors import policies
from reviews.models import Lane, ReviewItem
from reviews.services.items import make_known


def put(item: ReviewItem, queue: str) -> None:
    """Move an item to another queue; the skills that its rule asks for stay asked for.

    The caller saves `queue` and `lane`.
    """
    queues = policies.document(item.config_version_id)["queues"]
    left = set(item.lane.skills) - set(queues.get(item.queue, {}).get("skills", ()))
    skills = sorted(left | set(queues[queue]["skills"]))
    lane = Lane.of(item.pipeline_id, queue, skills)
    make_known([lane])
    item.queue, item.lane = queue, lane
