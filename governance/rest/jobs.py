"""Jobs in answers: 202 with the place to look at."""

from typing import Any

from rest_framework.response import Response

from governance.models import Job


def shown(job: Job) -> dict[str, Any]:
    """Return a job as it is shown."""
    return {
        "id": job.pk,
        "kind": job.kind,
        "state": job.state,
        "progress": job.progress,
        "result": job.result,
        "problem": job.problem,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def accepted(job: Job) -> Response:
    """Return the answer to a request that started a job."""
    return Response(shown(job), status=202, headers={"Location": f"/api/v1/jobs/{job.pk}"})
