"""Evidence of an adjustment, bound by the digests of what it refers to.

What evidence refers to belongs to upper layers: each registers at its start how the digest of one
kind is found.
"""

from collections.abc import Callable, Mapping
from typing import Any

from governance.exceptions import InvalidInput

# Returns the digest of what one reference names in a pipeline, or None when there is no such thing.
Resolver = Callable[[int, Any], str | None]
KINDS = ("signals", "datasets", "gate_run", "certificate")
_resolvers: dict[str, Resolver] = {}


def register(kind: str, resolver: Resolver) -> None:
    """Let `resolver` tell the digests of one kind of evidence."""
    if kind not in KINDS:
        raise LookupError(f"There is no evidence of kind {kind!r}.")
    _resolvers[kind] = resolver


def bound(pipeline_id: int, evidence: Mapping[str, Any]) -> dict[str, list[str | None]]:
    """Return, by kind, the digest of each thing that evidence refers to.

    None stands where nobody can tell: then the reference itself is all that is bound. Raises
    InvalidInput where something is named that does not exist.
    """
    return {
        kind: [
            _digest(kind, pipeline_id, reference, f"/evidence/{kind}" + (f"/{i}" if many else ""))
            for i, reference in enumerate(references)
        ]
        for kind, references, many in _named(evidence)
    }


def _named(evidence: Mapping[str, Any]) -> list[tuple[str, list[Any], bool]]:
    return [
        (kind, given if isinstance(given, list) else [given], isinstance(given, list))
        for kind in KINDS
        if (given := evidence.get(kind))
    ]


def _digest(kind: str, pipeline_id: int, reference: Any, pointer: str) -> str | None:
    if kind not in _resolvers:
        return None
    digest = _resolvers[kind](pipeline_id, reference)
    if digest is None:
        raise InvalidInput.at(pointer, f"There is no such thing among {kind}.", code="unknown")
    return digest
