"""Bulk intake over HTTP beside two yardsticks on the same rows: a bare COPY and bulk_create."""

import argparse
import json
import time

from benchmarks import harness, stream

BATCH = 10_000
BATCHES = 12

# The predictions' own columns, with nothing routed, checked or hashed; the client already has them
# as values.
COPY = """
import json, time, uuid
from datetime import UTC, datetime
from django.db import connection
from benchmarks import stream
from governance.models import Pipeline, PolicyVersion, User
from reviews.domain.rows import PREDICTION_FIELDS
from reviews.models import Prediction

count = int(sys.argv[1])
pipeline = Pipeline.objects.get(slug="bench")
sender = User.objects.get(username="bench-bot")
now = datetime.now(UTC)

def values(raw, start):
    for i, line in enumerate(raw.split(b"\\n")):
        sent = json.loads(line)
        yield {
            "id": uuid.uuid4(), "pipeline_id": pipeline.pk, "external_id": f"{start}-{i}",
            "input": sent["input"], "output": sent["output"], "confidence": sent["confidence"],
            "scores": sent["scores"], "scenario_type": sent["scenario_type"],
            "characteristics": sent["characteristics"], "model_name": "m", "model_version": "1",
            "occurred_at": None, "subject_ref": "", "subject_basis": "", "digest": "0" * 64,
            "sender_id": sender.pk, "received_at": now, "intake": uuid.uuid4(), "position": i,
            "config_version_id": pipeline.live_id, "disposition": "auto_approved", "tier": "low",
            "rule": "confident", "queue": "general", "skills": [], "priority": 0, "sampled": "",
            "propensity": 0.1, "trace": [],
        }

rows = list(values(stream.lines(0, count), "copy"))
columns = ", ".join(rows[0])
began = time.perf_counter()
with connection.cursor() as cursor, cursor.copy(
    f"COPY reviews_prediction ({columns}) FROM STDIN"
) as copy:
    for row in rows:
        copy.write_row([json.dumps(v) if isinstance(v, dict | list) else v for v in row.values()])
copied = count / (time.perf_counter() - began)
rows = list(values(stream.lines(0, count), "orm"))
began = time.perf_counter()
Prediction.objects.bulk_create([Prediction(**row) for row in rows], batch_size=1000)
print(json.dumps({"copy": copied, "bulk_create": count / (time.perf_counter() - began)}))
"""


def main(batches: int) -> dict[str, float]:
    """Run all three and return rates in predictions a second."""
    with harness.site("intake") as site:
        setup = site.folder / "setup.json"
        setup.write_text(json.dumps(stream.documents()), encoding="utf-8")
        site.manage("apply", str(setup))
        site.serve()
        client = site.client(site.token("bench-bot", "predictions:write"))
        bodies = [stream.lines(i * BATCH, BATCH) for i in range(batches + 2)]
        for body in bodies[:2]:
            client("POST", "/api/v1/predictions", body, "application/x-ndjson")
        rates, cpu = [], site.cpu_seconds()
        for body in bodies[2:]:
            began = time.perf_counter()
            status, answer = client("POST", "/api/v1/predictions", body, "application/x-ndjson")
            rates.append(BATCH / (time.perf_counter() - began))
            assert status == 200, (status, answer[:300])
            assert answer.count(b'"accepted"') == BATCH, answer[:300]
        cpu_us = 1e6 * (site.cpu_seconds() - cpu) / (batches * BATCH)
        site.stop()
        yardsticks = json.loads(site.script(COPY, str(2 * BATCH)))
    rates.sort()
    found = {
        "intake_per_s": round(rates[len(rates) // 2]),
        "intake_best_per_s": round(rates[-1]),
        "cpu_us": round(cpu_us, 1),
        "copy_per_s": round(yardsticks["copy"]),
        "bulk_create_per_s": round(yardsticks["bulk_create"]),
        "intake_to_bulk_create": round(rates[len(rates) // 2] / yardsticks["bulk_create"], 2),
    }
    harness.say(f"bulk intake: {found}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=BATCHES)
    main(parser.parse_args().batches)
