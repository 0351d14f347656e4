"""What is wrong with something that was sent, and where."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where: `pointer` is a JSON Pointer (RFC 6901)."""

    pointer: str
    code: str
    detail: str

    def below(self, prefix: str) -> "Fault":
        """Return the same fault with `prefix` before its pointer."""
        return replace(self, pointer=prefix + self.pointer)
