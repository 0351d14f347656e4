"""What can go wrong in an act, with the HTTP status and the words for it."""

from typing import Any

from governance.domain.faults import Fault


class DomainError(Exception):
    """An act was refused. `code` is stable, `status` the HTTP status, `detail` a sentence.

    `retry_after` is in how many seconds the same may go well; 0 says nothing about that.
    """

    code = "refused"
    status = 400
    title = "The request was refused"
    retry_after = 0
    # What a 401 asks for, in the words of WWW-Authenticate.
    challenge = ""

    def __init__(self, detail: str, *, faults: tuple[Fault, ...] = (), **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults
        self.extra = extra


class InvalidInput(DomainError):
    """What was sent is not valid; `faults` say where."""

    code = "invalid"
    status = 400
    title = "The request is not valid"

    @classmethod
    def at(cls, pointer: str, detail: str, *, code: str = "invalid") -> "InvalidInput":
        """Return the error with one fault at `pointer`."""
        return cls(detail, faults=(Fault(pointer, code, detail),))


class NotPermitted(DomainError):
    """The person or token may not do it."""

    code = "not_permitted"
    status = 403
    title = "Not permitted"


class NotFound(DomainError):
    """There is no such thing, or the principal may not see it."""

    code = "not_found"
    status = 404
    title = "Not found"


class Conflict(DomainError):
    """The thing is not in a state that allows the act."""

    code = "conflict"
    status = 409
    title = "Conflict"


class KeyInUse(Conflict):
    """Another request holds the idempotency key; its answer will be there soon."""

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Held(DomainError):
    """A legal hold keeps it as it is."""

    code = "held"
    status = 423
    title = "Under a legal hold"


class Frozen(DomainError):
    """An incident that is to be reported keeps a pipeline as it is."""

    code = "frozen"
    status = 423
    title = "Frozen by an incident"


class StaleClaim(Conflict):
    """The claim token was spent, has lapsed or never was."""

    code = "stale_claim"


class PreconditionFailed(DomainError):
    """The object has changed since it was read."""

    code = "precondition_failed"
    status = 412
    title = "Changed in the meantime"


class PreconditionRequired(DomainError):
    """A write needs If-Match."""

    code = "precondition_required"
    status = 428
    title = "If-Match is required"


class IdempotencyMismatch(DomainError):
    """An idempotency key came again with another body."""

    code = "idempotency_mismatch"
    status = 422
    title = "Idempotency key used for another request"


class ReauthenticationRequired(DomainError):
    """A signature needs its signer's password, given minutes ago at most (21 CFR 11.200)."""

    code = "reauthentication_required"
    status = 401
    title = "Sign with your password"
    # RFC 9470: the token is good, and not enough.
    challenge = 'Bearer error="insufficient_user_authentication", max_age=300'


class LockedOut(DomainError):
    """The password was wrong too often; for a while none is right."""

    code = "locked_out"
    status = 429
    title = "Too many attempts"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Stale(Conflict):
    """What the change was made for is no longer in force; nothing was activated."""

    code = "stale"
