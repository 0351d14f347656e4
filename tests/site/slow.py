"""A worker whose broker hands out a message again long before its task has ended.

`python -m tests.site.slow promise` makes a promise and tells nobody but the broker;
`python -m tests.site.slow work` is the worker. What happens is written to slow.txt in DATA_DIR.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

VISIBILITY = 3
TAKES = 10


def write(line: str) -> None:
    with (Path(os.environ["DATA_DIR"]) / "slow.txt").open("a", encoding="ascii") as file:
        file.write(f"{line}\n")


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitlsite.settings")
    django.setup()
    from celery import shared_task, signals
    from django.utils import timezone

    from governance.services import dispatch
    from hitlsite.celery import app

    @shared_task(name="tests.take_its_time")
    def take_its_time() -> None:
        write("began")
        time.sleep(TAKES)
        write("ended")

    @signals.task_prerun.connect(weak=False)
    def note(task: Any, **kwargs: Any) -> None:
        if task.name == "governance.run_message":
            write("delivered")

    if sys.argv[1] == "promise":
        dispatch.enqueue("tests.take_its_time", now=timezone.now())
        return
    short = {"visibility_timeout": VISIBILITY, "unacked_restore_interval": 1}
    app.conf.broker_transport_options = app.conf.broker_transport_options | short
    app.worker_main(["worker", "-c", "4", "--without-gossip", "--without-mingle", "-l", "WARNING"])


if __name__ == "__main__":
    main()
