"""Case files: what is known of a prediction, signed, for whoever must judge it elsewhere."""

import uuid

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from feedback.selectors import case_files
from governance.rest.views import Endpoint, principal_of
from governance.selectors import clock


class CaseFile(Endpoint):
    """The case file of a prediction."""

    scopes = {"GET": ("audit:read",)}

    @extend_schema(operation_id="get_case_file", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, prediction_id: uuid.UUID) -> Response:
        """Return all that is known of a prediction in one signed document.

        `manage.py verify_case FILE` checks it without a database, and so does the file
        `case_verifier.py` with nothing but Python. What has just happened is sealed within seconds;
        until then the document says of its last events that they are not.
        """
        row = case_files.prediction_of(principal_of(request), prediction_id)
        document = case_files.case_file(row, signer=settings.LEDGER_SIGNER, now=clock.now())
        name = f"case-{row.pk}.json"
        return Response(document, headers={"Content-Disposition": f'attachment; filename="{name}"'})
