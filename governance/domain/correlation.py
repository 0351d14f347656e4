"""The id of the request or task that is being served, for logs and the ledger."""

from contextvars import ContextVar, Token

_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """Return the id of what is being served, or an empty string."""
    return _current.get()


def begin(request_id: str) -> Token[str]:
    """Set the id; hand the returned mark to `end`."""
    return _current.set(request_id)


def end(mark: Token[str]) -> None:
    """Put back what was current before `begin`."""
    _current.reset(mark)
