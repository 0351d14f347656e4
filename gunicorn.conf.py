"""Settings of gunicorn, which finds this file by its name in the folder it is started from."""

import gc
import os
import shutil
from pathlib import Path
from typing import Any

from hitlsite import broker, environment

ENV = environment.load()
METRICS = ENV.data_dir / "metrics"
# prometheus_client reads it when it is first imported, which is in the workers.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS)

bind = f"{ENV.bind}:{ENV.port}"
worker_class = "gthread"
workers = ENV.web_workers
threads = ENV.web_threads
# Imported once and shared by the workers, which halves the time to the first answer.
preload_app = True
timeout = 60
graceful_timeout = 5
keepalive = 15
control_socket_disable = True
# What a proxy says is believed or not by hitlsite.middleware, in one place.
forwarded_allow_ips = ""
if Path("/dev/shm").is_dir():  # noqa: S108 - a heartbeat on a slow disk would stall the server
    worker_tmp_dir = "/dev/shm"  # noqa: S108


def on_starting(arbiter: Any) -> None:
    """Refuse a broker that loses messages, and forget the measures of former processes."""
    if fault := broker.fault_of(ENV.broker_url, must_answer=False):
        environment.refuse(fault)
    shutil.rmtree(METRICS, ignore_errors=True)
    METRICS.mkdir(parents=True)


def post_fork(server: Any, worker: Any) -> None:
    """Spare the collector what never goes away, which a large batch would have it look through."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
