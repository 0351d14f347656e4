"""The one way out: every call of this house to another goes through here.

The host's name is looked up once, all it stands for is judged, and the very place that was judged
is connected to; no redirect is followed, no proxy of the environment is used, and neither a long
answer nor a slow one is waited for.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as TimeoutException
from urllib3.response import BaseHTTPResponse

from governance.domain import addresses

# Seconds for one answer of the network, and for all of a call; bytes that are read of an answer.
STEP, PATIENCE, LARGEST = 5.0, 10.0, 2**16
AGENT = "countersign"
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "the name of the host is unknown"),
    (ssl.SSLError, "no trusted encryption"),
    (SSLError, "no trusted encryption"),
    (NewConnectionError, "no connection"),
    (TimeoutException, "no answer in time"),
)
logger = logging.getLogger(__name__)


class Unreachable(OSError):
    """No answer came, or one that cannot be taken; says why, and never what was answered."""


@dataclass(frozen=True)
class Answer:
    """What was answered: the status, up to LARGEST bytes, and how many seconds it took."""

    status: int
    body: bytes
    seconds: float


def call(
    method: str,
    text: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    inside: Sequence[addresses.Network] | None = None,
    patience: float | None = None,
) -> Answer:
    """Call a web address and return what it answers, whatever the status; Unreachable when nothing.

    With `inside` the host must be public or in one of those networks. None is for addresses that
    whoever runs this installation has set: those may lie anywhere.
    """
    began, patience = time.monotonic(), patience or PATIENCE
    try:
        address = addresses.parsed(text)
        with _connected(address, _place(address, inside), patience) as connection:
            connection.request(
                method, address.target, body=body or None, preload_content=False,
                decode_content=False,
                headers={"User-Agent": AGENT, "Host": address.named, **(headers or {})},
            )  # fmt: skip
            response = connection.getresponse()
            read = _read(response)
        if (took := time.monotonic() - began) > patience:
            raise TimeoutException
        return Answer(response.status, read, took)
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        raise Unreachable(_why(error)) from error


def _place(address: addresses.Address, inside: Sequence[addresses.Network] | None) -> str:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    places = [str(each[4][0]) for each in found]
    return places[0] if inside is None else addresses.chosen(address, places, inside)


@contextmanager
def _connected(address: addresses.Address, place: str, patience: float) -> Iterator[HTTPConnection]:
    """Yield a connection to that place, which is cut when it lasts for longer than `patience`."""
    step = min(STEP, patience)
    connection = (
        HTTPSConnection(
            place, address.port, timeout=step, server_hostname=address.host,
            ssl_context=ssl.create_default_context(),
        )
        if address.scheme == "https"
        else HTTPConnection(place, address.port, timeout=step)
    )  # fmt: skip
    connection.connect()
    # An answer that ends with the connection takes the socket along: it is kept here.
    hurry = threading.Timer(patience, _cut, [connection.sock])
    hurry.daemon = True
    hurry.start()
    try:
        yield connection
    finally:
        hurry.cancel()
        connection.close()


def _cut(line: socket.socket) -> None:
    """End a conversation that goes on drop by drop."""
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        logger.debug("The conversation was over already")


def _read(response: BaseHTTPResponse) -> bytes:
    """Return an answer up to its LARGEST byte; what is longer is cut off there."""
    answer = b""
    while len(answer) < LARGEST and (piece := response.read1(LARGEST - len(answer))):
        answer += piece
    return answer


def _why(error: Exception) -> str:
    """Return the reason in words of our own: never what the other side sent."""
    for kind, words in REASONS:
        if isinstance(error, kind):
            return words
    own = isinstance(error, PermissionError | TimeoutError) or type(error) is ValueError
    return str(error) if own else type(error).__name__
