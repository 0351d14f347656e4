"""The graph around a record, drawn and as a list, with its downloads."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from feedback.selectors import datasets, lessons
from feedback.web.graphs import BOX_HEIGHT, BOX_WIDTH, drawn
from feedback.web.people import ReaderRequest, reader
from governance.domain.lineage import Direction, Edge, Node
from governance.exceptions import InvalidInput, NotFound
from governance.selectors import lineage
from governance.selectors.lineage import Walk

# What a page shows of each kind in each step; the whole is to be downloaded.
SHOWN = 12
MOST = 200
RECENT = 10
ENDINGS = {
    "json": "json",
    "ndjson": "ndjson",
    "prov": "prov.json",
    "openlineage": "openlineage.json",
}
SEE_OTHER = 303


@require_safe
@reader
def index(request: ReaderRequest) -> HttpResponse:
    """Ask where to begin; a reference that is known leads to its page."""
    asked = request.GET.get("ref", "").strip()
    fault = ""
    if asked:
        try:
            ref = lineage.ref_of(asked)
            lineage.node(request.principal, ref)
            return HttpResponseRedirect(reverse("lineage", args=[str(ref)]), status=SEE_OTHER)
        except (InvalidInput, NotFound) as error:
            fault = error.detail
    context = {
        "asked": asked,
        "fault": fault,
        "kinds": sorted(lineage.kinds()),
        "versions": datasets.latest(request.principal)[:RECENT],
        "lessons": lessons.within(request.principal).order_by("-pk")[:RECENT],
        "writes": lessons.may_write(request.principal),
    }
    return render(request, "feedback/lineage_index.html", context, status=422 if fault else 200)


@require_safe
@reader
def page(request: ReaderRequest, ref: str) -> HttpResponseBase:
    """Draw what a record was made of and what was made of it, or send one direction as a file."""
    start = lineage.node(request.principal, lineage.ref_of(ref))
    if "format" in request.GET:
        return _file(request, start)
    up, down = (_Part(request, start, direction) for direction in Direction)
    nodes = [*up.nodes, start, *down.nodes]
    context: dict[str, Any] = {
        "start": start,
        "facts": [(name.replace("_", " "), _said(value)) for name, value in start.facts.items()],
        "title": lineage.kinds()[start.ref.kind].title,
        "parts": [up, down],
        "drawing": drawn(nodes, [*up.edges, *down.edges], start.ref),
        "titles": {kind.name: kind.title for kind in lineage.kinds().values()},
        "edges": [*up.edges, *down.edges],
        "box": {"width": BOX_WIDTH, "height": BOX_HEIGHT},
        "shown": SHOWN,
    }
    return render(request, "feedback/lineage.html", context)


def _said(value: object) -> object:
    return (_("yes") if value else _("no")) if isinstance(value, bool) else value


class _Part:
    """One direction of a page: some nodes without the start, and their edges."""

    def __init__(self, request: ReaderRequest, start: Node, direction: Direction) -> None:
        walk = Walk(request.principal, start, direction, limit=MOST, width=SHOWN)
        found = list(walk)
        self.direction = direction.value
        self.title = _("Made of") if direction is Direction.UP else _("Made of it")
        self.nodes = [each for each in found if isinstance(each, Node)][1:]
        self.edges = [each for each in found if isinstance(each, Edge)]
        self.truncated = walk.truncated


def _file(request: ReaderRequest, start: Node) -> StreamingHttpResponse:
    form, way = request.GET["format"], request.GET.get("direction", Direction.DOWN.value)
    if form not in lineage.MEDIA_TYPES or way not in list(Direction):
        raise NotFound("There is no such file.")
    walk = Walk(request.principal, start, Direction(way))
    name = f"{_plain(str(start.ref))}-{way}.{ENDINGS[form]}"
    return StreamingHttpResponse(
        lineage.written(walk, form),
        content_type=lineage.MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _plain(text: Iterable[str]) -> str:
    return "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in text)
