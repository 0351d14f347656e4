"""Editions: what downloads of a sealed version hash to once rows of it were erased."""

import uuid
from datetime import datetime

from django.db import transaction

from feedback.enums import DownloadFormat
from feedback.models import DatasetEdition, DatasetVersion
from feedback.selectors import downloads
from governance.models.base import uuid7


@transaction.atomic
def make(*, version_id: uuid.UUID, now: datetime) -> int:
    """Measure each download of a version as it is now; returns how many had not been measured.

    It may run twice: an edition is named by how many rows are left, and is there once.
    """
    version = DatasetVersion.objects.select_for_update(of=("self",)).filter(pk=version_id).first()
    if version is None or not (rows := downloads.remaining(version)) < version.rows:
        return 0
    known = set(version.editions.filter(rows=rows).values_list("format", flat=True))
    formats = version.files.order_by("format").values_list("format", flat=True)
    wanted = [DownloadFormat(kind) for kind in formats if kind not in known]
    for kind in wanted:
        edition = DatasetEdition(
            id=uuid7(), version=version, format=kind, rows=rows, made_at=now, sha256="", size=0
        )
        edition.sha256, edition.size = downloads.measured(edition)
        edition.save()
    return len(wanted)
