"""Readers of environment variables: text in, a checked value out, ValueError with a sentence."""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import dj_database_url
import dj_email_url
from cryptography.x509 import Certificate

from governance.domain import timestamps

T = TypeVar("T")
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
HOST = re.compile(r"\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]|\*")
DATABASES = {"postgres", "postgresql", "sqlite"}
BROKERS = {"redis", "rediss", "unix"}
MAILERS = {"smtp", "smtps", "smtp+tls", "smtp+ssl", "console", "dummy", "memory"}


def text(value: str) -> str:
    """Return the text as it is."""
    return value


def one_of(*words: str) -> Callable[[str], str]:
    """Return a reader of one of `words`, in any case."""

    def read(value: str) -> str:
        for word in words:
            if word.lower() == value.lower():
                return word
        raise ValueError(f"must be one of {', '.join(words)}.")

    return read


def integer(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of a whole number from `least` to `most`."""

    def read(value: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,12}", value) or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}.")
        return int(value)

    return read


def boolean(value: str) -> bool:
    """Return whether the text says yes."""
    if value.lower() in TRUE | FALSE:
        return value.lower() in TRUE
    raise ValueError("must be true or false.")


def optional(reader: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return a reader that leaves the choice open where there is no text."""

    def read(value: str) -> T | None:
        return reader(value) if value else None

    return read


def listing(reader: Callable[[str], T]) -> Callable[[str], list[T]]:
    """Return a reader of values separated by commas."""

    def read(value: str) -> list[T]:
        return [reader(part.strip()) for part in value.split(",") if part.strip()]

    return read


def directory(root: Path) -> Callable[[str], Path]:
    """Return a reader of a folder, relative to `root`; the folder is not made here."""

    def read(value: str) -> Path:
        path = (root / Path(value).expanduser()).absolute()
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path} is not a folder.")
        return path

    return read


def host(value: str) -> str:
    """Return a host name or address, as a Host header would carry it."""
    if not HOST.fullmatch(value):
        raise ValueError(f"{value!r} is not a host name.")
    return value


def network(value: str) -> str:
    """Return an address or a network such as 10.0.0.0/8."""
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise ValueError(f"{value!r} is not an address or a network.") from None


def web_address(value: str) -> str:
    """Return an http or https address without its trailing slash; empty text stays empty."""
    if not value:
        return ""
    parts = _split(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://review.example.org.")
    return value.rstrip("/")


def time_stamps(value: str) -> str:
    """Return the address of a time-stamp authority, where stamps can be asked for at all."""
    if value and not timestamps.available():
        raise ValueError("needs the extra: pip install 'countersign[timestamp]'.")
    return web_address(value)


def certificates(root: Path) -> Callable[[str], list[Certificate]]:
    """Return a reader of a PEM file, relative to `root`; empty text is no certificate."""

    def read(value: str) -> list[Certificate]:
        if not value:
            return []
        path = (root / Path(value).expanduser()).absolute()
        try:
            return timestamps.certificates(path.read_bytes())
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}.") from None

    return read


def watch_address(value: str) -> str:
    """Return an http or https address to call, as it is; empty text stays empty."""
    if not value:
        return ""
    parts = _split(value)
    good = parts.scheme in {"http", "https"} and parts.hostname and not parts.fragment
    if not good or "@" in parts.netloc or not re.fullmatch(r"[!-~]+", value):
        raise ValueError("must be an address such as https://watch.example.org/ping/key.")
    return value


def origin(value: str) -> str:
    """Return scheme and host of an address that has nothing else."""
    address = web_address(value)
    if urlsplit(address).path:
        raise ValueError(f"{value!r} must be scheme and host alone.")
    return address


def database(value: str) -> dict[str, Any] | None:
    """Return Django's settings of a database; None where there is no text."""
    if not value:
        return None
    parts = _split(value)
    if parts.scheme not in DATABASES:
        raise ValueError("must begin with postgres:// or sqlite:///.")
    settings = dict(dj_database_url.parse(value))
    if not settings["NAME"] or settings["NAME"] == ":memory:":
        raise ValueError("names no database.")
    return settings


def broker(value: str) -> str:
    """Return the address of a Redis or Valkey; empty text stays empty."""
    if not value:
        return ""
    parts = _split(value)
    if parts.scheme not in BROKERS:
        raise ValueError("must begin with redis://, rediss:// or unix://.")
    if parts.scheme == "unix" and not parts.path:
        raise ValueError("names no socket.")
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError("names no host.")
    if parts.scheme != "unix" and not re.fullmatch(r"/?[0-9]{0,4}", parts.path):
        raise ValueError("must end in the number of a database, such as /0.")
    return value


def secret(minimum: int) -> Callable[[str], str]:
    """Return a reader of a secret of `minimum` characters or more; empty text stays empty."""

    def read(value: str) -> str:
        if value and len(value) < minimum:
            raise ValueError(f"is too short: it needs at least {minimum} characters.")
        return value

    return read


def hexadecimal(least: int, most: int | None = None) -> Callable[[str], str]:
    """Return a reader of `least` to `most` bytes in hexadecimal; empty text stays empty."""
    digits = f"{2 * least} digits" if most == least else f"{2 * least} digits or more"
    pattern = re.compile(rf"([0-9a-fA-F]{{2}}){{{least},{most or ''}}}")

    def read(value: str) -> str:
        if value and not pattern.fullmatch(value):
            raise ValueError(f"must be hexadecimal, with {digits}.")
        return value.lower()

    return read


def email(value: str) -> dict[str, Any]:
    """Return Django's settings of a mail server; an empty dictionary where there is no text."""
    if not value:
        return {}
    parts = _split(value)
    if parts.scheme not in MAILERS or (parts.scheme.startswith("smtp") and not parts.hostname):
        raise ValueError("must be an address such as smtp+tls://user:password@host:587.")
    return dict(dj_email_url.parse(value))


def _split(value: str) -> Any:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address: quote special characters as %XX.") from None
    return parts
