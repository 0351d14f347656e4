"""The way out: where calls may go, and what a hostile answer can do."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from governance.domain import addresses
from governance.services import egress
from tests.webhooks.receiver import receiving

HERE = [addresses.ipaddress.ip_network("127.0.0.0/8")]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://10.1.2.3/", "https://192.168.1.1/",
        "https://172.16.0.1/", "https://169.254.169.254/latest/meta-data", "https://100.64.0.1/",
        "https://0.0.0.0/", "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/", "https://[fe80::1]/", "https://[fc00::1]/",
        "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://2130706433/",
        "https://0177.0.0.1/", "https://0x7f.1/", "https://224.0.0.1/", "https://[ff02::1]/",
        "https://198.18.0.1/", "https://192.0.2.1/",
    ],
)  # fmt: skip
def test_t13_nothing_that_is_not_public_is_called(url: str) -> None:
    with pytest.raises(egress.Unreachable, match="not on the public network"):
        egress.call("POST", url, inside=())


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "gopher://example.org/", "ftp://example.org/", "//example.org/",
        "https://user:secret@example.org/", "https://example.org\\@10.0.0.1/",
        "https://example.org/\r\nX-Other: 1", "https://example.org/ x", "https://example.org/#part",
        "https:///path", "https://example.org:0x50/", "https://exämple.org/", "h" * 501, "",
    ],
)  # fmt: skip
def test_t13_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        addresses.parsed(url)
    with pytest.raises(egress.Unreachable):
        egress.call("POST", url, inside=())


@pytest.mark.parametrize("url", ["http://93.184.216.34/", "https://93.184.216.34:8443/"])
def test_t13_outside_only_https_on_its_own_port_is_called(url: str) -> None:
    with pytest.raises(egress.Unreachable, match="only https on port 443"):
        egress.call("POST", url, inside=())


def test_t13_a_name_with_one_place_inside_is_refused_whole() -> None:
    address = addresses.parsed("https://example.org/")
    with pytest.raises(PermissionError):
        addresses.chosen(address, ["93.184.216.34", "127.0.0.1"])
    assert addresses.chosen(address, ["93.184.216.34", "2606:2800:21f::1"]) == "93.184.216.34"


def test_t13_the_place_that_was_judged_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that stands for another place the second time it is asked is asked once."""
    asked: list[str] = []
    place = ["127.0.0.1"]

    def lookup(host: str, port: int, **how: Any) -> list[Any]:
        asked.append(host)
        found = place.pop() if place else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    real = socket.getaddrinfo
    with receiving() as receiver:
        monkeypatch.setattr(egress.socket, "getaddrinfo", lambda host, port, *a, **how: (
            lookup(host, port) if host == "rebinding.test" else real(host, port, *a, **how)
        ))  # fmt: skip
        url = f"http://rebinding.test:{receiver.port}/"
        assert egress.call("POST", url, body=b"x", inside=HERE).status == 204
        assert asked == ["rebinding.test"]
        (letter,) = receiver.letters
    assert letter.headers["host"] == f"rebinding.test:{receiver.port}"


def test_t13_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with receiving() as receiver:
        receiver.status, receiver.headers = 302, {"Location": "http://169.254.169.254/"}
        answer = egress.call("POST", receiver.url, body=b"x", inside=HERE)
    assert (answer.status, len(receiver.letters)) == (302, 1)


def test_f30_of_an_answer_without_an_end_64_kib_are_read() -> None:
    def pour(out: Any) -> None:
        try:
            for _ in range(2_000):
                out.write(b"x" * 65_536)
        except OSError:
            return

    with receiving() as receiver:
        receiver.status, receiver.write = 200, pour
        answer = egress.call("POST", receiver.url, body=b"x", inside=HERE)
    assert len(answer.body) == egress.LARGEST


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_f30_an_answer_that_comes_drop_by_drop_ends_in_time(said: bytes) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    began = time.monotonic()
    with listener, receiving_drops(listener, said):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(egress.Unreachable):
            egress.call("POST", url, body=b"x", inside=HERE, patience=1)
    assert time.monotonic() - began < 5


@contextmanager
def receiving_drops(listener: socket.socket, first: bytes) -> Iterator[None]:
    """Let a thread answer with `first` and then with one byte after another."""
    over = threading.Event()

    def talk() -> None:
        line, _ = listener.accept()
        with line:
            line.sendall(first)
            while not over.wait(0.05):
                try:
                    line.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def test_f30_what_does_not_speak_tls_is_not_reached() -> None:
    with receiving() as receiver:
        url = receiver.url.replace("http:", "https:")
        with pytest.raises(egress.Unreachable, match=r"no trusted encryption|no answer"):
            egress.call("POST", url, body=b"x", inside=HERE)


def test_why_nothing_came_never_tells_what_was_answered() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with (
        listener,
        receiving_drops(listener, b"secret-of-the-inner-network\r\n\r\n"),
        pytest.raises(egress.Unreachable) as refusal,
    ):
        egress.call("GET", url, inside=HERE, patience=1)
    assert "secret" not in str(refusal.value)
