"""Why an item was looked back at may tell of the person whom it is about: that is emptied."""

from feedback.models import RetrospectiveItem
from governance.services.redactions import Keys, Store, Subject
from reviews.services import erasing


def _about(subject: Subject) -> Keys:
    about = erasing.predictions_of(subject).values("pk")
    rows = RetrospectiveItem.objects.filter(item__prediction__in=about)
    return {RetrospectiveItem: list(rows.order_by("pk").values_list("pk", flat=True))}


STORE = Store(
    name="retrospectives",
    models=(RetrospectiveItem,),
    about=_about,
    kept="That an item was looked back at, and as what: to show how the service is improved.",
)
