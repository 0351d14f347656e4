"""The glossary of a pipeline as a page: what its words mean now, and who changed that when."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from governance.selectors import adjustments
from reviews.selectors import glossaries
from reviews.web import flow
from reviews.web.glossaries import listed
from reviews.web.people import DeskRequest, signed_in


@require_safe
@signed_in
def page(request: DeskRequest, pipeline: str) -> HttpResponse:
    """Show the glossary in force in a pipeline, and how it came to be so."""
    row = adjustments.pipeline_in_reach(request.principal, pipeline)
    context = {
        "pipeline": row,
        "version": row.live.glossary_version if row.live else 0,
        "terms": list(listed(row.live, {})) if row.live else [],
        "steps": glossaries.steps(row),
    }
    return flow.page(request, "reviews/glossary.html", context)
