"""Exports: who took a version away, for which purpose, and whether its sources cover that."""

from datetime import datetime

from django.db import transaction

from feedback.models import Dataset, DatasetVersion
from feedback.services.datasets import stream_of
from governance.domain import purposes
from governance.exceptions import NotPermitted
from governance.models import DataSource, User
from governance.selectors import provenance
from governance.services import ledger


def check(*, version: DatasetVersion, purpose: str, actor: User, now: datetime) -> None:
    """Put on record that a version of personal data leaves for a purpose, or was refused.

    NotPermitted when a source of the pipeline does not cover the purpose. Where the pipeline
    declares no personal data, nothing is asked and nothing written.
    """
    if not provenance.is_personal(version.dataset.pipeline):
        return
    sources = provenance.of_pipeline(version.dataset.pipeline_id)
    allowed = purposes.covered(purpose, [source.purposes for source in sources])
    _tell(version, purpose, sources, actor, now, allowed=allowed)
    if not allowed:
        known = set[str]().union(*(source.purposes for source in sources))
        covered = sorted(word for word in known if all(word in s.purposes for s in sources))
        raise NotPermitted(
            f"The sources of this data do not cover the purpose {purpose!r}; they cover "
            f"{', '.join(covered) or 'none'}."
        )


@transaction.atomic
def _tell(
    version: DatasetVersion,
    purpose: str,
    sources: list[DataSource],
    actor: User,
    now: datetime,
    *,
    allowed: bool,
) -> None:
    """Write the event, which stays when the export is refused."""
    Dataset.objects.select_for_update(of=("self",)).get(pk=version.dataset_id)
    ledger.append(
        stream=stream_of(version.dataset),
        action="export.made" if allowed else "export.refused",
        actor=actor,
        now=now,
        detail={
            "version": str(version.pk),
            "purpose": purpose,
            "sources": [source.pk for source in sources],
        },
    )
