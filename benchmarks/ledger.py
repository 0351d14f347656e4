"""The ledger: sixteen who write beside one locked chain, sealing, and reading all of it once.

The yardsticks of the same run: a chain, in which each event holds the digest of the one before, so
that writers wait for one another until they have committed; and for the verifier, reading the same
rows and hashing their text without understanding it.

Writers are timed twice: with transactions that hold an event and nothing else, which measures the
processor, and with such as stay open for `REST` after it, as they do where an act has more to write
or the database is a network away, which measures the waiting.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor

from benchmarks import harness

WRITERS = 16
SECONDS = 10
REST = 0.005
EVENTS = 1_000_000
WRITE = """
import hashlib, os, sys, time
from django.db import connection, transaction
from governance.models import AuditEvent
from governance.selectors import clock
from governance.services import ledger
kind, crowd = sys.argv[1], int(sys.argv[2])
seconds, rest = float(sys.argv[3]), float(sys.argv[4])
now, number, streams = clock.now(), 0, [f"bench:{os.getpid()}-{n}" for n in range(200)]
detail = {"decision": "01a2168b-3bb9-71d5-92ac-2b08a1ba2ad9", "verdict": "accept",
          "answer": {"label": "card_arrival"}, "reason_codes": [], "status": "resolved"}
with connection.cursor() as cursor:
    cursor.execute("INSERT INTO bench_ready DEFAULT VALUES RETURNING (id - 1) / %s", [crowd])
    whole = (cursor.fetchone()[0] + 1) * crowd
    while True:
        cursor.execute("SELECT count(*) FROM bench_ready")
        if cursor.fetchone()[0] >= whole:
            break
        time.sleep(0.05)
end = time.perf_counter() + seconds
while time.perf_counter() < end:
    with transaction.atomic():
        if kind == "chain":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(7)")
                cursor.execute("SELECT digest FROM bench_chain ORDER BY id DESC LIMIT 1")
                before = (cursor.fetchone() or ("",))[0]
            event = ledger.append(stream=streams[number % 200], action="decision.made",
                                  actor=None, now=now, detail=detail)
            digest = hashlib.sha256((before + event.digest).encode()).hexdigest()
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO bench_chain (digest) VALUES (%s)", [digest])
        else:
            ledger.append(stream=streams[number % 200], action="decision.made",
                          actor=None, now=now, detail=detail)
        if rest:
            time.sleep(rest)
    number += 1
print(number)
"""
FILL = """
import sys
from django.db import transaction
from governance.selectors import clock
from governance.services import ledger
count, now = int(sys.argv[1]), clock.now()
for start in range(0, count, 10_000):
    with transaction.atomic():
        ledger.append_all([
            {"stream": f"bench:{start + n}", "action": "decision.made", "actor": None, "now": now,
             "detail": {"decision": "01a2168b-3bb9-71d5-92ac-2b08a1ba2ad9", "verdict": "accept",
                        "answer": {"label": "card_arrival", "n": n}, "clocks": {"decide": "met"}}}
            for n in range(min(10_000, count - start))])
"""
SEAL = """
import time
from governance.selectors import clock
from governance.services import sealing
longest, total, started = 0.0, 0, time.perf_counter()
while True:
    before = time.perf_counter()
    sealed = sealing.seal(now=clock.now())
    if not sealed:
        break
    longest, total = max(longest, time.perf_counter() - before), total + sealed
print(total, time.perf_counter() - started, longest)
"""
READ = """
import hashlib, time
from django.db import connection
started, total = time.perf_counter(), 0
last = "00000000-0000-0000-0000-000000000000"
while True:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id::text, to_jsonb(e)::text FROM governance_auditevent e "
                       "WHERE id > %s ORDER BY id LIMIT 10000", [last])
        rows = cursor.fetchall()
    if not rows:
        break
    for _, text in rows:
        hashlib.sha256(text.encode()).digest()
    total, last = total + len(rows), rows[-1][0]
print(total, time.perf_counter() - started)
"""
VERIFY = """
import resource, time
from django.db import connection
from governance.db.snapshots import snapshot
from governance.selectors import verification
started = time.perf_counter()
with snapshot(connection):
    report = verification.verify()
assert report.count == 0, report.findings
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(report.leaves, time.perf_counter() - started, peak // 1024)
"""


def writers() -> dict[str, float]:
    """Let sixteen write at once, each way, and seal what they wrote."""
    with harness.site("ledger") as site:
        harness.execute(site, "CREATE TABLE bench_chain (id bigserial PRIMARY KEY, digest text)")
        harness.execute(site, "CREATE TABLE bench_ready (id bigserial PRIMARY KEY)")
        bare, chain = (_rate(site, kind, 0) for kind in ("leaves", "chain"))
        held, held_chain = (_rate(site, kind, REST) for kind in ("leaves", "chain"))
        sealed, seconds, longest = site.script(SEAL).split()
        left = harness.value(site, "SELECT count(*) FROM governance_unsealedevent")
    assert left == 0, left
    figures = {
        "events_per_second": round(bare),
        "chain_per_second": round(chain),
        "times_chain": round(bare / chain, 1),
        "events_per_second_in_longer_acts": round(held),
        "chain_per_second_in_longer_acts": round(held_chain),
        "times_chain_in_longer_acts": round(held / held_chain, 1),
        "sealed_per_second": round(int(sealed) / float(seconds)),
        "longest_batch_seconds": round(float(longest), 2),
    }
    harness.say(f"writers: {figures}")
    return figures


def _rate(site: harness.Site, kind: str, rest: float) -> float:
    with ThreadPoolExecutor(WRITERS) as crowd:
        runs = [
            crowd.submit(site.script, WRITE, kind, str(WRITERS), str(SECONDS), str(rest))
            for _ in range(WRITERS)
        ]
        return sum(int(run.result()) for run in runs) / SECONDS


def verified(count: int) -> dict[str, float]:
    """Seal and verify `count` events."""
    with harness.site("ledger") as site:
        site.script(FILL, str(count))
        sealed, sealing, _ = site.script(SEAL).split()
        harness.analyze(site)
        rows, reading = site.script(READ).split()
        leaves, seconds, peak = site.script(VERIFY).split()
        assert int(leaves) == int(sealed) == int(rows) > count, (leaves, sealed, rows)
    figures = {
        "events": int(leaves),
        "sealing_seconds": round(float(sealing), 1),
        "verify_seconds": round(float(seconds), 1),
        "bare_reading_seconds": round(float(reading), 1),
        "times_reading": round(float(seconds) / float(reading), 2),
        "peak_mib": int(peak),
    }
    harness.say(f"verified: {figures}")
    return figures


def main(count: int) -> dict[str, dict[str, float]]:
    """Run both."""
    return {"writers": writers(), "verified": verified(count)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    main(parser.parse_args().events)
