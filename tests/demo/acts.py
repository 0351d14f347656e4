"""What the tests of the example do again and again."""

import io
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.utils import timezone

from governance.domain.canonical import canonical
from governance.models import User
from governance.services import examples
from governance.services.examples import as_json
from hitlsite.demo import loading, names, reviewers
from hitlsite.demo.digits import predicted
from hitlsite.demo.payloads import payload
from tests.factories import send

Snapshot = dict[str, set[bytes]]


def demo(act: str, *words: str, **options: Any) -> str:
    """Run `manage.py demo` and return what it said."""
    said = io.StringIO()
    call_command("demo", act, *words, stdout=said, **options)
    return said.getvalue()


def an_example(size: int = 30) -> None:
    """Set up the example without a server: `size` predictions, some of them decided."""
    examples.set_up(
        sources=names.documents(),
        senders=[names.SENDER],
        actor=None,
        reason="For a test",
        now=timezone.now(),
    )
    images = loading.chosen(predicted(), size)
    sender = User.objects.get(username=names.SENDER)
    send(sender, *(payload(image, names.PIPELINE) for image in images), now=timezone.now())
    truth = {image.external_id: image.truth for image in images}
    reviewers.Desk(truth, lambda *_: None).work()
    reviewers.adjudicate(truth)


def everything() -> Snapshot:
    """Return every row of every table, each as canonical bytes."""
    return {
        model._meta.label: {canonical(as_json(row)) for row in model._base_manager.values()}
        for model in apps.get_models(include_auto_created=True)
    }


def gone(before: Snapshot, after: Snapshot) -> dict[str, set[bytes]]:
    """Return the rows of `before` that `after` lacks."""
    return {label: lost for label in before if (lost := before[label] - after[label])}


def added(before: Snapshot, after: Snapshot) -> dict[str, set[bytes]]:
    """Return the rows of `after` that `before` lacks."""
    return gone(after, before)
