"""What adjustments may give as evidence, by the digests that bind it."""

from typing import Any

from feedback.models import DatasetVersion


def dataset_digest(pipeline_id: int, reference: Any) -> str | None:
    """Return the digest of `{dataset, version}` in a pipeline; None when there is no such thing."""
    return (
        DatasetVersion.objects.filter(
            dataset__pipeline=pipeline_id,
            dataset__slug=reference["dataset"],
            number=reference["version"],
        )
        .values_list("digest", flat=True)
        .first()
    )
