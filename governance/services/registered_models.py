"""What a version of a model is registered as; an upper layer keeps the register."""

from collections.abc import Callable

# Returns the digest of a version; None where no version of that name is registered. Raises
# LookupError where the name is known and the version is not.
Resolver = Callable[[str, str], str | None]
_resolvers: list[Resolver] = []


def register(resolver: Resolver) -> None:
    """Let `resolver` tell the digests of models."""
    _resolvers[:] = [resolver]


def digest(name: str, version: str) -> str | None:
    """Return the digest that a version is registered under; None where the name is not known.

    LookupError when the name has versions, and this is none of them.
    """
    for resolver in _resolvers:
        return resolver(name, version)
    return None
