"""A receiver on a port of this machine: what it was sent, and how it answers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Letter:
    """One request: its headers in lower case, and its body."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, and the next answer: a status, headers, and what writes the body."""

    letters: list[Letter] = field(default_factory=list)
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    write: Callable[[Any], None] | None = None
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?for=us"

    @property
    def ids(self) -> list[str]:
        return [letter.headers["webhook-id"] for letter in self.letters]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Yield a receiver that answers until the end of the block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.letters.append(Letter(headers, body))
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if receiver.write:
                receiver.write(self.wfile)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()
