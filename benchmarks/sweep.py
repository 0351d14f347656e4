"""The sweep: 100,000 overdue clocks, beside a bare statement; and a sweep with nothing due.

The bare statement marks as many rows and writes one row for each, in batches of 500: what the
database alone needs for an escalation that nobody could audit.
"""

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks import claims, harness, stream

OVERDUE = 100_000
# As many as a worker of an installation on two cores runs at once.
SWEEPERS = 2
IDLE = [10_000, 1_000_000]
# Clocks beyond these are copies, of items that are not there: no sweep looks at any of them.
SENT = 10_000
COPIES = """
SET session_replication_role = replica;
INSERT INTO reviews_slaclock (id, item_id, {columns})
SELECT gen_random_uuid(), gen_random_uuid(), {columns}
FROM (SELECT * FROM reviews_slaclock WHERE next_at IS NOT NULL LIMIT {sent}) c,
     generate_series(1, {times})
"""
SWEEP = """
import time
from governance.selectors import clock
from reviews.services import sweeping
started = time.perf_counter()
swept = sweeping.sweep(now=clock.now)
print(time.perf_counter() - started, swept.clocks, swept.breaches, swept.escalations)
"""
IDLE_SWEEP = """
import statistics, time
from governance.selectors import clock
from reviews.services import sweeping
taken = []
for _ in range(200):
    started = time.perf_counter()
    swept = sweeping.sweep(now=clock.now)
    taken.append(time.perf_counter() - started)
    assert not swept.clocks, swept
print(1000 * statistics.median(taken))
"""
BARE = """
WITH due AS (SELECT id FROM bare_clock WHERE next_at <= now() ORDER BY next_at LIMIT 500
             FOR UPDATE SKIP LOCKED),
     told AS (INSERT INTO bare_escalation SELECT id, 1 FROM due ON CONFLICT DO NOTHING)
UPDATE bare_clock SET next_at = NULL WHERE id IN (SELECT id FROM due)
"""
BARE_TABLES = """
CREATE TABLE bare_clock (id uuid PRIMARY KEY, next_at timestamptz);
CREATE TABLE bare_escalation (clock uuid, level int, UNIQUE (clock, level));
INSERT INTO bare_clock SELECT id, next_at FROM reviews_slaclock WHERE next_at IS NOT NULL;
CREATE INDEX ON bare_clock (next_at) WHERE next_at IS NOT NULL;
"""
BARE_SWEEP = f"""
import time
from django.db import connection
started, total = time.perf_counter(), 0
with connection.cursor() as cursor:
    while True:
        cursor.execute('''{BARE}''')
        total += cursor.rowcount
        if not cursor.rowcount:
            break
print(time.perf_counter() - started, total)
"""


def policy(target: str) -> dict[str, object]:
    """Return an SLA policy with one target, and a ladder that tells the leads at the breach."""
    ladder = {"levels": [{"delay": "PT0S", "notify": ["user:bench-r1"]}, {"delay": "P1D"}]}
    return {
        "kind": "SLAPolicy", "slug": "bench", "calendar": "always", "targets": {"decide": target},
        "at_risk": [], "ladder": ladder,
    }  # fmt: skip


def site_with(site: harness.Site, target: str) -> str:
    """Set a site up and serve it; returns the token of the sender."""
    documents = stream.documents(tier=claims.OPEN_TIER)
    documents = [d for d in documents if d["kind"] != "SLAPolicy"]
    documents.append(policy(target))
    pipeline = next(d for d in documents if d["kind"] == "Pipeline")
    pipeline["routing"] = {"rules": [], "default": {"tier": "mid", "queue": "general"}}
    path = site.folder / "bench.json"
    path.write_text(json.dumps(documents))
    site.manage("apply", str(path))
    token = site.token("bench-bot", "predictions:write")
    site.serve()
    return token


def overdue(count: int) -> dict[str, float]:
    """Sweep `count` clocks that are all overdue."""
    with harness.site("sweep") as site:
        claims.seed(site, 0, count, site_with(site, "PT1S"))
        site.stop()
        harness.analyze(site)
        time.sleep(2)
        harness.execute(site, BARE_TABLES)
        bare, rows = site.script(BARE_SWEEP).split()
        with ThreadPoolExecutor(SWEEPERS) as crowd:
            runs = [crowd.submit(site.script, SWEEP) for _ in range(SWEEPERS)]
            each = [[float(word) for word in run.result().split()] for run in runs]
        assert [sum(run[i] for run in each) for i in (1, 2, 3)] == [count] * 3, each
        assert int(rows) == count, rows
        seconds = max(run[0] for run in each)
    figures = {
        "clocks": count,
        "sweepers": SWEEPERS,
        "seconds": round(seconds, 1),
        "bare_statement_seconds": round(float(bare), 1),
        "times_bare": round(seconds / float(bare), 1),
    }
    harness.say(f"overdue: {figures}")
    return figures


def idle(counts: list[int]) -> dict[str, float]:
    """Sweep while as many clocks run and none is due."""
    found: dict[str, float] = {}
    with harness.site("sweep") as site:
        there = sent = min(SENT, counts[0])
        claims.seed(site, 0, there, site_with(site, "P90D"))
        site.stop()
        for count in counts:
            times = -(-(count - there) // sent)
            if times:
                harness.execute(site, COPIES.format(columns=_columns(site), sent=sent, times=times))
            there += times * sent
            running = harness.value(
                site, "SELECT count(*) FROM reviews_slaclock WHERE next_at IS NOT NULL"
            )
            assert running >= count, (running, count)
            harness.analyze(site)
            found[f"{count} clocks, ms"] = round(float(site.script(IDLE_SWEEP)), 2)
    few, many = next(iter(found.values())), list(found.values())[-1]
    found["times"] = round(many / few, 2)
    harness.say(f"idle: {found}")
    return found


def _columns(site: harness.Site) -> str:
    return str(
        harness.value(
            site,
            "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns "
            "WHERE table_name = 'reviews_slaclock' AND column_name NOT IN ('id', 'item_id')",
        )
    )


def main(count: int, counts: list[int]) -> dict[str, dict[str, float]]:
    """Run both."""
    return {"overdue": overdue(count), "idle": idle(counts)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overdue", type=int, default=OVERDUE)
    parser.add_argument("--idle", type=int, nargs="+", default=IDLE)
    given = parser.parse_args()
    main(given.overdue, given.idle)
