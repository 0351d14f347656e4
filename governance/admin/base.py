"""What every page of the admin holds to: who reads what, and that nothing changes by the way."""

import uuid
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.safestring import SafeString

from governance.admin import exporting
from governance.admin.dates import CappedPaginator, RecordList
from governance.admin.rendering import list_link
from governance.domain.principal import Principal
from governance.exceptions import Conflict
from governance.models import AuditEvent, User
from governance.selectors import audit, clock, principals

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    Inline = admin.options.InlineModelAdmin[Any, Any]
else:
    ModelAdmin = admin.ModelAdmin
    Inline = admin.options.InlineModelAdmin


def principal_of(request: HttpRequest) -> Principal:
    """Return who is signed in, looked up once for a request."""
    kept: Principal | None = getattr(request, "_principal", None)
    if kept is None:
        kept = principals.of_person(acting(request))
        request._principal = kept  # type: ignore[attr-defined]
    return kept


def acting(request: HttpRequest) -> User:
    """Return who is signed in, as the one who acts."""
    return cast("User", request.user)


def administers(request: HttpRequest) -> bool:
    """Return whether a request comes from an administrator."""
    user = request.user
    return bool(user.is_active and user.is_superuser)


def as_uuid(term: str) -> uuid.UUID | None:
    """Return the id that a term writes, or None."""
    try:
        return uuid.UUID(term)
    except ValueError:
        return None


class ReadAccess:
    """That administrators and auditors read, and that nobody adds, changes or deletes.

    `reach` is the path from a row to its pipeline; empty, where every reader may see every row.
    """

    reach: ClassVar[str] = ""
    admin_site: admin.AdminSite

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the app is listed."""
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the request may read; which rows, the queryset says."""
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Return the rows within the reader's reach."""
        return self.readable(super().get_queryset(request), principal_of(request))  # type: ignore[misc]

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return those of `rows` that a principal may read."""
        return audit.within(rows, principal, self.reach) if self.reach else rows


class GuardedAdmin(ReadAccess, ModelAdmin):
    """A page that lists quickly and takes no lookup, order or action but its own.

    `lookups` are the query parameters that a list takes beside those of its filters: with others, a
    reader could ask for columns that no page shows, letter by letter. `unlisted` are the long
    columns that a list does not read.
    """

    actions = None
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    paginator = CappedPaginator
    lookups: ClassVar[tuple[str, ...]] = ()
    unlisted: ClassVar[tuple[str, ...]] = ()
    change_list_template = "admin/records/change_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that drills by date without reading the table."""
        return RecordList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether a query parameter is one of the list's own."""
        dated = f"{self.date_hierarchy}__" if self.date_hierarchy else None
        if dated and lookup.removeprefix(dated) in ("year", "month", "day", "gte", "lt"):
            return True
        own = {
            each if isinstance(each, str) else getattr(each, "parameter_name", "")
            for each in self.get_list_filter(request)
        }
        return lookup in self.lookups or lookup.removesuffix("__exact").removesuffix("__id") in own

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; nothing can be sent to it."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> list[Any]:
        """Return the addresses of the page, and that of its list as a file."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        own = path("export/", self.admin_site.admin_view(self.export_view), name=name)
        return [own, *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Hand out the list as it is filtered; who took it is put on record."""
        kind = request.POST.get("format", "")
        if request.method != "POST" or kind not in exporting.FORMATS:
            raise PermissionDenied
        if not self.has_view_permission(request):
            raise PermissionDenied
        listed = f"{self.opts.app_label}.{self.opts.model_name}"
        try:
            made = exporting.archive(
                self, listed, self.get_changelist_instance(request).get_queryset(request),
                kind=kind, chosen=request.GET.dict(), by=acting(request), now=clock.now(),
            )  # fmt: skip
        except Conflict as error:
            messages.error(request, error.detail)
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
            return HttpResponseRedirect(f"{reverse(name)}?{request.GET.urlencode()}")
        return FileResponse(made, as_attachment=True, filename=f"{self.opts.model_name}.zip")

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> NoReturn:
        raise Http404

    # The ledger and the history of a row say who did what; a third record would only disagree.
    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Write nothing."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Write nothing."""

    def log_deletions(self, request: HttpRequest, queryset: "QuerySet[Any]") -> Any:
        """Write nothing."""


class ReadOnlyAdmin(GuardedAdmin):
    """The page of records: read by auditors and administrators, written by nobody here.

    All of `fields` are shown as text. `stream` names the stream of the ledger that tells of a row.
    A search finds rows one of whose `ids` or `words` is exactly what was asked: an index serves it.
    """

    change_form_template = "admin/records/change_form.html"
    stream: ClassVar[str] = ""
    ids: ClassVar[tuple[str, ...]] = ()
    words: ClassVar[tuple[str, ...]] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return every field there is."""
        declared = self.fieldsets or [(None, {"fields": self.fields or ()})]
        return list(flatten_fieldsets(declared))

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the fields that are searched; without any there is no search box."""
        return self.ids + self.words

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> "tuple[QuerySet[Any], bool]":
        """Return the rows that match a term, and that none comes twice."""
        term = search_term.strip()
        return (queryset.filter(self.matching(term)) if term else queryset), False

    def matching(self, term: str) -> Q:
        """Return the condition that a row is what `term` asks for."""
        condition = Q(pk__in=[])
        for field in self.words:
            condition |= Q(**{field: term})
        if (wanted := as_uuid(term)) is not None:
            for field in self.ids:
                condition |= Q(**{field: wanted})
        return condition

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> NoReturn:
        """Refuse: what happened to a record is in the ledger."""
        raise Http404

    @admin.display(description="In the ledger")
    def ledger(self, row: Any) -> SafeString:
        """Link to the events of the row."""
        return list_link(AuditEvent, "All that happened to it", q=f"{self.stream}:{row.pk}")


class ReadOnlyInline(ReadAccess, Inline):
    """Records shown on the page of what they belong to."""

    template = "admin/edit_inline/tabular.html"
    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Return every field there is."""
        return list(self.fields or ())
