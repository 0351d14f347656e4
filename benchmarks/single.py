"""Single predictions over HTTP beside two minimal endpoints that insert a row, in the same run."""

import argparse
import json
import random
import threading
import time

from benchmarks import harness, stream

CLIENTS = 4
SECONDS = 8
ROUNDS = 3


def rate(site: harness.Site, secret: str, start: int, seconds: float) -> tuple[float, int]:
    """Return POSTs a second by CLIENTS connections, and how many there were."""
    done = [0] * CLIENTS
    stop = time.monotonic() + seconds

    def send(k: int) -> None:
        client, chance = site.client(secret), random.Random(start + k)
        number = start + k
        while time.monotonic() < stop:
            body = json.dumps(stream.prediction(number, chance)).encode()
            status, answer = client("POST", "/api/v1/predictions", body)
            assert status == 201, (status, answer[:300])
            done[k] += 1
            number += CLIENTS

    began = time.monotonic()
    threads = [threading.Thread(target=send, args=(k,)) for k in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - began), max(done)


def main(seconds: float) -> dict[str, float]:
    """Alternate between the three; return the median rates, and ours as a share of each other."""
    rates: dict[str, list[float]] = {"ours": [], "usual": [], "bare": []}
    with harness.site("single") as ours, harness.site("minimal", migrated=False) as minimal:
        setup = ours.folder / "setup.json"
        setup.write_text(json.dumps(stream.documents()), encoding="utf-8")
        ours.manage("apply", str(setup))
        token = ours.token("bench-bot", "predictions:write")
        key = minimal.module("benchmarks.minimal").strip()
        start = 0
        for _ in range(ROUNDS):
            for name, found in rates.items():
                site = ours if name == "ours" else minimal
                if name == "ours":
                    site.serve()
                else:
                    site.serve("benchmarks.minimal", MINIMAL=name)
                secret = f"Bearer {token}" if name == "ours" else f"Token {key}"
                rate(site, secret, start, 1)
                start += 100_000
                measured, sent = rate(site, secret, start, seconds)
                start += 100_000 + CLIENTS * sent
                found.append(measured)
                site.stop()
    median = {name: sorted(found)[ROUNDS // 2] for name, found in rates.items()}
    figures = {f"{name}_per_s": round(value) for name, value in median.items()} | {
        "to_usual": round(median["ours"] / median["usual"], 2),
        "to_bare": round(median["ours"] / median["bare"], 2),
    }
    harness.say(f"single POST: {figures}")
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    main(parser.parse_args().seconds)
