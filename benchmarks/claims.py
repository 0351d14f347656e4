"""Claim and decide over HTTP by 8 reviewers at once, at 10,000 and at 1,000,000 open items."""

import argparse
import json
import threading
import time
from dataclasses import dataclass, field
from statistics import median

from benchmarks import harness, stream

REVIEWERS = 8
SECONDS = 20
SEED_BATCH = 10_000
# Every prediction goes to people.
OPEN_TIER = {"decisions": 1, "sla": "bench", "rationale": "on_change"}


@dataclass
class Measured:
    """What one run came to. Times are in milliseconds."""

    cycles_per_s: float
    cpu_ms: float
    latencies: list[float] = field(default_factory=list)


def seed(site: harness.Site, start: int, count: int, token: str) -> None:
    """Bring the number of open items up by `count`."""
    bot = site.client(token)
    for first in range(start, start + count, SEED_BATCH):
        body = stream.lines(first, min(SEED_BATCH, start + count - first))
        status, _ = bot("POST", "/api/v1/predictions", body, "application/x-ndjson")
        assert status == 200, status


def review(site: harness.Site, tokens: list[str], seconds: float) -> Measured:
    """Let every reviewer claim and decide for some seconds."""
    latencies: list[float] = []
    stop = time.monotonic() + seconds

    def work(token: str) -> None:
        client = site.client(token)
        while time.monotonic() < stop:
            started = time.perf_counter()
            status, held = client.post("/api/v1/claim", {"pipeline": "bench", "queue": "general"})
            assert status == 201, (status, held)
            item = held["item"]
            decision = {"claim_token": held["claim_token"], "verdict": "accept"}
            url = f"/api/v1/assignments/{held['id']}/decision"
            status, answer = client.post(url, decision)
            assert status == 201, (status, answer, item["id"])
            latencies.append(1000 * (time.perf_counter() - started))

    before = site.cpu_seconds()
    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = len(latencies)
    return Measured(
        done / (time.monotonic() - began), 1000 * (site.cpu_seconds() - before) / done, latencies
    )


def main(sizes: list[int], seconds: float) -> dict[str, dict[str, float]]:
    """Run at each size and return the figures."""
    found: dict[str, dict[str, float]] = {}
    with harness.site("claims") as site:
        documents = site.folder / "setup.json"
        setup = stream.documents(reviewers=REVIEWERS, tier=OPEN_TIER)
        pipeline = next(d for d in setup if d["kind"] == "Pipeline")
        pipeline["routing"] = {"rules": [], "default": {"tier": "mid", "queue": "general"}}
        documents.write_text(json.dumps(setup), encoding="utf-8")
        site.manage("apply", str(documents))
        bot = site.token("bench-bot", "predictions:write")
        tokens = [site.token(f"bench-r{i}", "review") for i in range(1, REVIEWERS + 1)]
        site.serve()
        there = 0
        for size in sizes:
            seed(site, there, size - there, bot)
            there = size
            harness.analyze(site)
            review(site, tokens, 3)
            run = review(site, tokens, seconds)
            run.latencies.sort()
            found[str(size)] = {
                "cycles_per_s": round(run.cycles_per_s, 1),
                "cpu_ms_per_cycle": round(run.cpu_ms, 2),
                "p50_ms": round(median(run.latencies), 1),
                "p95_ms": round(run.latencies[int(len(run.latencies) * 0.95)], 1),
            }
            harness.say(f"claims at {size} open items: {found[str(size)]}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    main(given.sizes, given.seconds)
