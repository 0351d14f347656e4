"""Long work, as its caller polls it."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.schemas import JobShown
from governance.domain.principal import Principal
from governance.enums import Scope
from governance.exceptions import NotFound
from governance.models import Job
from governance.rest.jobs import shown
from governance.rest.views import Endpoint, principal_of


class OneJob(Endpoint):
    """A job."""

    scopes = {"GET": tuple(Scope.values)}

    @extend_schema(operation_id="get_job", responses=JobShown)
    def get(self, request: Request, job_id: uuid.UUID) -> Response:
        """Return a job that this token's user started."""
        principal = principal_of(request)
        job = Job.objects.filter(pk=job_id, user=principal.user_id).first()
        if job is None or not _within(principal, job):
            raise NotFound("There is no such job.")
        return Response(shown(job))


def _within(principal: Principal, job: Job) -> bool:
    return job.pipeline_id is None or principal.sees(job.pipeline_id)
