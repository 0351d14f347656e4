"""What a prediction was when it was sent, as far as its digest can show it."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from governance.domain import merkle
from governance.domain.canonical import canonical, sha256_hex
from governance.domain.times import rfc3339
from governance.selectors import redactions
from reviews.domain.rows import leaf_record
from reviews.models import Prediction
from reviews.selectors.leaves import leaves as leaves_of

LEAF = (
    "id", "config_version", "digest", "disposition", "propensity", "queue", "rule", "sampled",
    "tier", "trace",
)  # fmt: skip


def content_of(row: Prediction) -> dict[str, Any] | None:
    """Return the content whose digest the prediction has; None where the columns cannot tell.

    Times are kept as instants and not as they were written: the usual ways are tried.
    """
    for content in _candidates(row):
        if sha256_hex(canonical(content)) == row.digest:
            return content
    return None


def proof_of(row: Prediction) -> dict[str, Any]:
    """Return the prediction's leaf under the root of the call that brought it, and its proof.

    Of one whose values were erased the record stands as it was; trace and content are None.
    """
    rows = Prediction.objects.filter(intake=row.intake).order_by("position").only(*LEAF)
    leaves = list(leaves_of(rows.iterator(2000)))
    erased = redactions.of(Prediction, row.pk)
    return {
        "call": str(row.intake),
        "position": row.position,
        "record": erased.record if erased else leaf_record(row),
        "trace": None if erased else row.trace,
        "content": content_of(row),
        "path": [node.hex() for node in _path(row.position, leaves)],
    }


def _path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    # Of a call whose predictions are not all there, nothing can be proved.
    if index >= len(leaves):
        return []

    def perfect(level: int, number: int) -> bytes:
        return merkle.root(leaves[number << level : (number + 1) << level])

    return merkle.path_in(index, len(leaves), perfect)


def _candidates(row: Prediction) -> Iterator[dict[str, Any]]:
    content: dict[str, Any] = {
        "pipeline": row.pipeline.slug,
        "external_id": row.external_id,
        "input": row.input,
        "output": row.output,
        "model": {"name": row.model_name, "version": row.model_version},
    }
    if row.confidence is not None:
        content["confidence"] = row.confidence
    if row.scores is not None:
        content["scores"] = row.scores
    if row.scenario_type:
        content["scenario_type"] = row.scenario_type
    if row.subject_ref:
        subject = {"ref": row.subject_ref} | (
            {"basis": row.subject_basis} if row.subject_basis else {}
        )
        content["subject"] = subject
    characteristics = [{"characteristics": row.characteristics}]
    if not row.characteristics:
        characteristics.append({})
    for more, moment in itertools.product(characteristics, _moments(row.occurred_at)):
        yield content | more | moment


def _moments(moment: datetime | None) -> list[dict[str, Any]]:
    if moment is None:
        return [{}]
    plain = moment.astimezone(UTC)
    texts = (rfc3339(plain), plain.isoformat(), plain.isoformat().replace("+00:00", "Z"))
    return [{"occurred_at": text} for text in dict.fromkeys(texts)]
