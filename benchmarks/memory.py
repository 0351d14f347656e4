"""Memory of the web server while a million predictions arrive in batches of ten thousand."""

import argparse
import json

from benchmarks import harness, stream

BATCH = 10_000
WARM = 10
TOTAL = 1_000_000


def main(total: int) -> dict[str, float]:
    """Send them and return the resident memory of the largest process, in MiB."""
    with harness.site("memory") as site:
        setup = site.folder / "setup.json"
        setup.write_text(json.dumps(stream.documents()), encoding="utf-8")
        site.manage("apply", str(setup))
        # One process, so that every batch meets the same memory.
        site.serve(WEB_WORKERS="1")
        client = site.client(site.token("bench-bot", "predictions:write"))
        seen: list[float] = []
        for first in range(0, total, BATCH):
            body = stream.lines(first, BATCH)
            status, answer = client("POST", "/api/v1/predictions", body, "application/x-ndjson")
            assert status == 200, (status, answer[:300])
            seen.append(site.resident_mib())
    found = {
        "after_100k_mib": round(seen[WARM - 1]),
        "at_end_mib": round(seen[-1]),
        "highest_mib": round(max(seen)),
        "growth": round(max(seen[WARM:]) / seen[WARM - 1], 2),
    }
    harness.say(f"memory over {total} predictions: {found}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--total", type=int, default=TOTAL)
    main(parser.parse_args().total)
