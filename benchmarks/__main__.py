"""Run every benchmark, and print the figures of the run as one JSON object."""

import json
import os
import platform

from benchmarks import claims, harness, intake, ledger, lineage, memory, single, sweep

if __name__ == "__main__":
    figures = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "intake": intake.main(intake.BATCHES),
        "single": single.main(single.SECONDS),
        "claims": claims.main([10_000, 1_000_000], claims.SECONDS),
        "memory": memory.main(memory.TOTAL),
        "sweep": sweep.main(sweep.OVERDUE, sweep.IDLE),
        "ledger": ledger.main(ledger.EVENTS),
        "lineage": lineage.main(lineage.DECISIONS),
    }
    harness.say(json.dumps(figures, indent=2))
