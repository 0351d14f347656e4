"""The key of the site is replaced, and whoever does it is killed in the middle."""

import json
import signal
import sys
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest

from governance.services.rewrapping import BATCH
from tests.faults.stage import Stage
from tests.site.installation import until

pytestmark = [pytest.mark.fault]

FORMER, NEW = "01" * 32, "02" * 32
BOTH = {"PRIVACY_KEY": NEW, "PRIVACY_KEY_FALLBACKS": FORMER}
COUNT = BATCH + 200
NAMES = [f"person-{n:04}" for n in range(COUNT)]
KEYS = "SELECT id, wrapped, token FROM governance_subjectkey ORDER BY id"
MOVED = """
SELECT (detail ->> 'keys')::int FROM governance_auditevent
WHERE action = 'subject_keys.rewrapped' ORDER BY sequence
"""
REWRAP = (sys.executable, "manage.py", "rewrap_subject_keys")


def test_a_rotation_killed_inside_a_batch_is_run_again_and_every_key_opens(
    build: Callable[[int], Stage],
) -> None:
    stage = build(0)
    stage.stock("subjects", str(COUNT), PRIVACY_KEY=FORMER)
    before = stage.rows(KEYS)
    # The second batch waits for one of its keys, so that the first is committed; then it has
    # written all its keys and waits to put that on record, and that is when it is killed.
    with closing(psycopg.connect(stage.cluster.url(stage.database))) as holder:
        holder.execute(
            "SELECT 1 FROM governance_subjectkey WHERE id = %s FOR UPDATE", [before[-1][0]]
        )
        run = stage.start(*REWRAP, **BOTH)
        until(lambda: stage.rows(MOVED) == [(BATCH,)], "the first batch is committed", 60)
        stage.until_held_up()
        with stage.nobody_writes("governance_auditevent"):
            holder.rollback()
            until(
                lambda: stage.count(
                    "pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted"
                    " AND l.relation = 'governance_auditevent'::regclass"
                    " AND a.datname = current_database()"
                ),
                "the second batch is to be put on record",
                30,
            )
            run.kill()
    assert run.process.returncode == -signal.SIGKILL
    until(lambda: stage.count("pg_locks WHERE NOT granted") == 0, "nobody waits", 30)

    half = stage.rows(KEYS)
    assert [old != new for old, new in zip(before, half, strict=True)] == (
        [True] * BATCH + [False] * (COUNT - BATCH)
    )
    assert stage.rows(MOVED) == [(BATCH,)]
    assert json.loads(stage.stock("opened", **BOTH)) == NAMES

    again = stage.start(*REWRAP, **BOTH)
    assert again.process.wait(timeout=60) == 0, again.said
    assert f"{COUNT - BATCH} keys were sealed anew" in again.said
    assert stage.rows(MOVED) == [(BATCH,), (COUNT - BATCH,)]
    assert stage.rows(KEYS)[:BATCH] == half[:BATCH]
    assert json.loads(stage.stock("opened", PRIVACY_KEY=NEW)) == NAMES
    stage.assert_sound()
