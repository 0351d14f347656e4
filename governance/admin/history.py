"""The history of a configuration row: its changes page by page, or two versions side by side."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from governance.admin.rendering import as_changes, beside
from governance.domain.documents.diffs import Change, diff
from governance.selectors import histories
from governance.selectors.histories import Compared, Entry, Parts

AT_ONCE = 50


def page(admin: "ModelAdmin[Any]", request: HttpRequest, row: Model, parts: Parts) -> HttpResponse:
    """Return the comparison of the versions `from` and `to`, or the page of changes that is named.

    `chosen` is the version to compare another with; it stays while pages are turned. A version
    that is not the row's is a 404.
    """
    wanted = {name: _wanted(request, row, parts, name) for name in ("from", "to", "chosen")}
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts, "original": row, "media": admin.media,
    }  # fmt: skip
    if wanted["from"] and wanted["to"]:
        versions = histories.in_order(wanted["from"], wanted["to"])
        every = "all" in request.GET
        found = histories.compared(row, parts, *versions)
        context |= {
            "title": f"Two versions of {row}", "versions": versions, "every": every,
            "rows": [shown for each in found if (shown := _shown(each, every=every))],
        }  # fmt: skip
        return TemplateResponse(request, "admin/configuration/comparison.html", context)
    pages = Paginator(histories.keys(row, parts), AT_ONCE)
    here = pages.get_page(request.GET.get("page"))
    keys = [histories.key_of(member) for member in here.object_list]
    context |= {
        "title": f"History of {row}", "chosen": wanted["chosen"], "page": here,
        "numbers": pages.get_elided_page_range(here.number, on_each_side=2),
        "entries": [
            {"entry": entry, "changes": as_changes(entry.changes) if entry.changes else None}
            for entry in histories.entries(row, parts, keys)
        ],
    }  # fmt: skip
    return TemplateResponse(request, "admin/configuration/history.html", context)


def _wanted(request: HttpRequest, row: Model, parts: Parts, name: str) -> Entry | None:
    text = request.GET.get(name)
    if text is None:
        return None
    found = histories.entry(row, parts, text)
    if found is None:
        raise Http404
    return found


def _shown(pair: Compared, *, every: bool) -> dict[str, Any] | None:
    """Return one row of a comparison; None where it is the same and only differences are wanted."""
    fields = list(_fields(pair, every=every))
    if not fields:
        return None
    marked = []
    for change in fields:
        old, new = beside(change)
        marked.append({"path": change["path"], "old": old, "new": new})
    return {
        "what": pair.what, "fields": marked,
        "added": pair.before is None, "gone": pair.after is None,
    }  # fmt: skip


def _fields(pair: Compared, *, every: bool) -> Iterator[Change]:
    before, after = (_or_nothing(side) for side in (pair.before, pair.after))
    for name in {**before, **after}:
        one, other = ({name: side[name]} if name in side else {} for side in (before, after))
        if one != other:
            yield from diff(one, other)
        elif every:
            yield {"path": f"/{name}", "old": one[name], "new": other[name]}


def _or_nothing(side: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {} if side is None else side
