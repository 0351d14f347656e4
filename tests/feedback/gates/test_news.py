"""What a gate says goes to whoever listens for it."""

from feedback.models import GateRun
from governance.models import AuditEvent
from governance.selectors import news
from tests import world as worlds


def test_a_finished_gate_is_told_with_its_verdict(db: None) -> None:
    made = worlds.build()
    run = GateRun.objects.get(pk=made.bench.run)
    event = AuditEvent.objects.get(action="gate.finished")
    (told,) = news.of_events({event.pk: 1})
    assert told.kind == "gate.finished"
    assert told.data == {
        "pipeline": "intents", "gate": "release", "run": str(run.pk), "model": "sorter",
        "baseline": "1", "candidate": "2", "verdict": run.verdict,
    }  # fmt: skip
