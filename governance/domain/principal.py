"""Who acts, by what right, and where."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Principal:
    """A person in a page, or a token in the API.

    `permissions` come from roles; `scopes` is None in a page, where roles alone count. `pipelines`
    are the ids that may be seen; None: all of them.
    """

    user_id: int
    username: str
    permissions: frozenset[str]
    scopes: frozenset[str] | None
    pipelines: frozenset[int] | None

    def sees(self, pipeline_id: int) -> bool:
        """Return whether a pipeline is within reach at all."""
        return self.pipelines is None or pipeline_id in self.pipelines

    def has_scope(self, *scopes: str) -> bool:
        """Return whether a token carries one of `scopes`; a page needs none."""
        return self.scopes is None or not self.scopes.isdisjoint(scopes)

    def may(self, permission: str) -> bool:
        """Return whether a role grants `permission`."""
        return permission in self.permissions
