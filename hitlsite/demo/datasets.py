"""A first dataset version of what the simulated people decided, asked for over HTTP."""

import time
from http import HTTPStatus

from hitlsite.demo.client import Client, told
from hitlsite.demo.names import DATASET, PIPELINE

PATIENCE = 15.0
PAUSE = 0.25


def publish(client: Client) -> str:
    """Make the dataset and its first version unless they exist; returns a sentence on how it went.

    The version is a job of the worker. Where that takes longer than PATIENCE seconds, the load goes
    on without it: the job is not lost.
    """
    if client.get(f"/datasets/{DATASET}/versions/1").status == HTTPStatus.OK:
        return f"Dataset {DATASET} has its first version."
    made = client.post("/datasets", {"slug": DATASET, "pipeline": PIPELINE})
    if made.status not in (HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.CONFLICT):
        return f"No dataset was made ({told(made)})."
    job = client.post(f"/datasets/{DATASET}/versions", {})
    if job.status != HTTPStatus.ACCEPTED:
        return f"Dataset {DATASET} has no version yet ({told(job)})."
    return _follow(client, job.body["id"])


def _follow(client: Client, job: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = client.get(f"/jobs/{job}")
        state = answer.body.get("state") if answer.status == HTTPStatus.OK else told(answer)
        if state == "succeeded":
            return f"Dataset {DATASET} has its first version."
        if state not in ("queued", "running"):
            return f"The first version of dataset {DATASET} was not made ({state})."
        if time.monotonic() > deadline:
            return f"The first version of dataset {DATASET} is being made by the worker."
        time.sleep(PAUSE)
