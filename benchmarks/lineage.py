"""Lineage over 1,000,000 edges: one decision forward, and a version back to 100,000 decisions.

Predictions come in through the API; decisions, resolutions and nine versions that hold all of them
are written by SQL into their real tables, since making them one by one would take hours.
"""

import argparse
import json
import random
import time
from statistics import median

from benchmarks import claims, harness, stream

DECISIONS = 100_000
VERSIONS = 9
ASKED = 200
VERSIONS_WITHOUT_ROWS = f"""
from django.utils import timezone
from feedback.models import Dataset, DatasetVersion
from governance.models import Job, Pipeline, User
now, user, count = timezone.now(), User.objects.get(username="bench-bot"), int(sys.argv[1])
pipeline = Pipeline.objects.get(slug="bench")
made = Dataset(slug="bench", pipeline=pipeline, created_by=user, created_at=now)
made.because(user, "For a benchmark").save()
parent = None
for number in range(1, {VERSIONS} + 1):
    job = Job.objects.create(kind="x", user=user, pipeline=pipeline, arguments={{}}, created_at=now)
    parent = DatasetVersion.objects.create(
        dataset=made, number=number, parent=parent, as_of=now, rows=count, digest="0" * 64,
        recipe={{}}, card={{}}, consent={{}}, job=job, sealed_by=user, sealed_at=now,
    )
"""
# Entries are closed to versions that exist, but for who lifts the wall.
WALL = "ALTER TABLE feedback_datasetentry {} TRIGGER feedback_datasetentry_sealed"
DECIDED = """
CREATE TEMP TABLE made AS SELECT i.id AS item, i.prediction_id AS prediction, p.external_id,
    i.config_version_id AS law, gen_random_uuid() AS assignment, gen_random_uuid() AS decision,
    gen_random_uuid() AS resolution, row_number() OVER (ORDER BY p.external_id) - 1 AS place
  FROM reviews_reviewitem i JOIN reviews_prediction p ON p.id = i.prediction_id;
INSERT INTO reviews_assignment (id, item_id, reviewer_id, slot, state, token_digest, claimed_at,
    lease_expires_at, ended_at, reason)
  SELECT assignment, item, u.id, 1, 'decided', '', now(), now() + interval '1 hour', now(), ''
  FROM made, governance_user u WHERE u.username = 'bench-r1';
INSERT INTO reviews_decision (id, assignment_id, item_id, reviewer_id, config_version_id, verdict,
    reason_codes, rationale, checklist, evidence_opened, blind, salt, decided_at)
  SELECT decision, assignment, item, u.id, law, 'accept', '[]', '', '{}', '[]', false, '', now()
  FROM made, governance_user u WHERE u.username = 'bench-r1';
INSERT INTO reviews_resolution (id, item_id, kind, verdict, agreement, decided_on, rationale,
    actor_id, salt, resolved_at)
  SELECT resolution, item, 'single', 'accept', 1, jsonb_build_array(decision::text), '', u.id, '',
    now()
  FROM made, governance_user u WHERE u.username = 'bench-r1';
UPDATE reviews_reviewitem i SET status = 'resolved', resolution_id = m.resolution, open_slots = 0,
    resolved_at = now(), left_at = now() FROM made m WHERE m.item = i.id;
INSERT INTO feedback_datasetentry (version_id, position, prediction_id, resolution_id, external_id,
    content)
  SELECT v.id, place, prediction, resolution, external_id, repeat('x', 500)
  FROM made, feedback_datasetversion v;
"""


def site_with(site: harness.Site, decisions: int) -> tuple[str, int]:
    """Fill a site; returns a token that reads lineage, and how many edges there are."""
    setup = stream.documents(reviewers=1, tier=claims.OPEN_TIER)
    pipeline = next(d for d in setup if d["kind"] == "Pipeline")
    pipeline["routing"] = {"rules": [], "default": {"tier": "mid", "queue": "general"}}
    path = site.folder / "bench.json"
    path.write_text(json.dumps(setup), encoding="utf-8")
    site.manage("apply", str(path))
    bot = site.token("bench-bot", "predictions:write")
    site.serve()
    claims.seed(site, 0, decisions, bot)
    # So that what intake took is no part of what is measured.
    site.stop()
    site.script(VERSIONS_WITHOUT_ROWS, str(decisions))
    for statement in (WALL.format("DISABLE"), DECIDED, WALL.format("ENABLE")):
        harness.execute(site, statement)
    harness.analyze(site)
    site.serve()
    return site.token("bench-bot", "audit:read"), decisions * (1 + VERSIONS)


def forward(site: harness.Site, token: str, ids: list[str]) -> list[float]:
    """Ask what came of each decision; returns the times in milliseconds."""
    client, taken = site.client(token), []
    for pk in ids:
        started = time.perf_counter()
        status, answer = client.get(f"/api/v1/lineage?from=decision:{pk}")
        taken.append(1000 * (time.perf_counter() - started))
        found = json.loads(answer)
        assert status == 200, answer
        assert {f"dataset:bench@{n}" for n in range(1, VERSIONS + 1)} <= {
            node["ref"] for node in found["nodes"]
        }
    return sorted(taken)


def main(decisions: int) -> dict[str, float]:
    """Run both ways and return the figures."""
    with harness.site("lineage") as site:
        token, edges = site_with(site, decisions)
        client, before = site.client(token), site.resident_mib()
        started = time.perf_counter()
        status, answer = client.get("/api/v1/lineage?from=dataset:bench@3&direction=up")
        seconds, peak = time.perf_counter() - started, harness.peak_mib(site)
        found = json.loads(answer)
        assert status == 200, answer[:200]
        ids = [
            node["ref"].partition(":")[2] for node in found["nodes"] if node["kind"] == "decision"
        ]
        assert len(ids) == decisions, len(ids)
        some = random.Random(7).sample(ids, ASKED)
        forward(site, token, some[:20])
        taken = forward(site, token, some)
        figures = {
            "edges": edges,
            "one decision forward, p50 ms": round(median(taken), 1),
            "p95 ms": round(taken[int(len(taken) * 0.95)], 1),
            "worst ms": round(taken[-1], 1),
            "a version back, decisions": len(ids),
            "nodes": len(found["nodes"]),
            "edges of it": len(found["edges"]),
            "seconds": round(seconds, 1),
            "MiB sent": round(len(answer) / 2**20, 1),
            "MiB of the web process, before": round(before),
            "MiB at most": round(peak),
        }
    harness.say(f"lineage: {figures}")
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=DECISIONS)
    main(parser.parse_args().decisions)
