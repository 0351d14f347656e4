"""Single predictions over HTTP beside a minimal endpoint that inserts one row, in the same run."""

import argparse
import json
import random
import threading
import time

from benchmarks import harness, stream

CLIENTS = 4
SECONDS = 8
ROUNDS = 3
TABLE = (
    "CREATE TABLE IF NOT EXISTS minimal_row "
    "(id bigserial PRIMARY KEY, external_id varchar(200) UNIQUE, body jsonb NOT NULL)"
)


def rate(site: harness.Site, token: str, start: int, seconds: float) -> tuple[float, int]:
    """Return POSTs a second by CLIENTS connections, and how many there were."""
    done = [0] * CLIENTS
    stop = time.monotonic() + seconds

    def send(k: int) -> None:
        client, chance = site.client(token), random.Random(start + k)
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
    """Alternate between the two and return the median rates and their ratio."""
    ours, theirs, start = [], [], 0
    with harness.site("single") as site:
        setup = site.folder / "setup.json"
        setup.write_text(json.dumps(stream.documents()), encoding="utf-8")
        site.manage("apply", str(setup))
        token = site.token("bench-bot", "predictions:write")
        harness.execute(site, TABLE)
        for _ in range(ROUNDS):
            for application, rates in (("hitlsite.wsgi", ours), ("benchmarks.minimal", theirs)):
                site.serve(application)
                rate(site, token, start, 1)
                found, sent = rate(site, token, start + 100_000, seconds)
                start += 200_000 + CLIENTS * sent
                rates.append(found)
                site.stop()
    ours.sort()
    theirs.sort()
    found_all = {
        "ours_per_s": round(ours[ROUNDS // 2]),
        "minimal_per_s": round(theirs[ROUNDS // 2]),
        "ratio": round(ours[ROUNDS // 2] / theirs[ROUNDS // 2], 2),
    }
    harness.say(f"single POST: {found_all}")
    return found_all


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    main(parser.parse_args().seconds)
