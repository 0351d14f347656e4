"""Policies, compiled once for each version."""

import functools
from typing import Any

from governance.selectors import policies
from reviews.domain.routing import CompiledPolicy, compile_policy


@functools.lru_cache(maxsize=256)
def compiled(version_id: Any) -> CompiledPolicy:
    """Return the compiled policy of a version; versions never change."""
    return compile_policy(policies.document(version_id))
