"""The page that publishes a pipeline: what differs, what is wrong, and which versions there are."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from governance.admin import pipeline_form
from governance.admin.base import acting, administers
from governance.admin.configuration import ConfigurationAdmin
from governance.admin.forms import ActForm, now
from governance.admin.rendering import as_changes
from governance.domain.documents import InvalidDocuments
from governance.domain.faults import Fault
from governance.enums import PolicyKind, PolicyMode
from governance.exceptions import DomainError
from governance.models import Pipeline, PolicyVersion
from governance.services import policies

if TYPE_CHECKING:
    Base = ConfigurationAdmin
else:
    Base = object

SHOWN = 50
DONE = {
    PolicyMode.DRAFT: "stored as a draft",
    PolicyMode.SHADOW: "evaluated as the shadow",
    PolicyMode.LIVE: "live",
}


class PublishForm(ActForm):
    """The working rows, published in a mode."""

    mode = forms.ChoiceField(choices=PolicyMode.choices)


class ReinstateForm(ActForm):
    """An existing version, brought into force; without one the shadow is taken off."""

    version = forms.UUIDField(required=False)
    mode = forms.ChoiceField(
        choices=[(str(each), each.label) for each in (PolicyMode.SHADOW, PolicyMode.LIVE)]
    )


class Publishing(Base):
    """The page itself, and what its buttons do."""

    def publish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the page; a POST publishes the rows or brings a version back."""
        pipeline = self.found(request, object_id)
        form: forms.Form | None = None
        if request.method == "POST":
            if not administers(request):
                raise PermissionDenied
            form = (ReinstateForm if "reinstate" in request.POST else PublishForm)(request.POST)
            if form.is_valid() and self._act(request, pipeline, form):
                return HttpResponseRedirect(request.path)
        return self._page(request, pipeline, form)

    def _act(self, request: HttpRequest, pipeline: Pipeline, form: forms.Form) -> bool:
        mode = PolicyMode(form.cleaned_data["mode"])
        act = {
            "pipeline_id": pipeline.pk,
            "mode": mode,
            "actor": acting(request),
            "reason": form.cleaned_data["reason"],
            "now": now(),
        }
        try:
            if isinstance(form, ReinstateForm):
                version = policies.reinstate(version_id=form.cleaned_data["version"], **act)
            else:
                version = policies.publish(**act)
        except InvalidDocuments:
            # The page shows the faults, each at its field.
            form.add_error(None, "Nothing was published: the rows have faults.")
            return False
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
            return False
        what = f"Version {version.number} is {DONE[mode]}." if version else "No shadow any more."
        messages.success(request, what)
        return True

    def _page(
        self, request: HttpRequest, pipeline: Pipeline, form: forms.Form | None
    ) -> TemplateResponse:
        pipeline.refresh_from_db()
        preview = policies.preview(pipeline)
        versions = PolicyVersion.objects.filter(kind=PolicyKind.PIPELINE, slug=pipeline.slug)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "original": pipeline,
            "title": f"Publish {pipeline.slug}" if administers(request) else f"{pipeline.slug}",
            "form": form or PublishForm(),
            "acts": administers(request),
            "modes": PolicyMode.choices,
            "preview": preview,
            "faults": [place(pipeline, fault) for fault in preview.faults],
            "changes": as_changes(preview.changes),
            "versions": list(_described(pipeline, versions)),
        }
        return TemplateResponse(request, "admin/governance/pipeline/publish.html", context)


def _described(pipeline: Pipeline, versions: Any) -> Iterable[dict[str, Any]]:
    for version in versions.select_related("author").order_by("-number")[:SHOWN]:
        yield {
            "row": version,
            "changes": as_changes(version.diff),
            "live": version.pk == pipeline.live_id,
            "shadow": version.pk == pipeline.shadow_id,
        }


# How the lists of a document are called on the pipeline's form, and what names their rows.
LISTS = {"queues": "slug", "reason_codes": "code", "rules": "name", "glossary": "term"}
BY_NAME = ("queues", "glossary")


def place(pipeline: Pipeline, fault: Fault) -> dict[str, str]:
    """Return where a fault stands in words, a link to its field, and what it says."""
    steps = [step for step in fault.pointer.split("/") if step][1:]
    if steps[:1] == ["routing"]:
        steps = steps[1:]
    where, link = _where(pipeline, steps)
    return {"where": where, "link": link, "pointer": fault.pointer, "detail": fault.detail}


def _where(pipeline: Pipeline, steps: list[str]) -> tuple[str, str]:
    form = reverse("admin:governance_pipeline_change", args=[pipeline.pk])
    match steps:
        case ["tiers", slug, *rest]:
            return _in_tier(pipeline, slug, rest)
        case [("queues" | "reason_codes" | "rules" | "glossary") as prefix, key, *rest]:
            index, name = _row(pipeline, prefix, key)
            field = rest[0] if rest else LISTS[prefix]
            return f"{prefix} {name}: {field}", f"{form}#id_{prefix}-{index}-{field}"
        case ["default", *rest]:
            field = f"default_{rest[0]}" if rest else "default_tier"
            return field, f"{form}#id_{field}"
        case ["slas", *rest]:
            field = pipeline_form.place(pipeline.settings.get("slas") or [], rest)
            return "/".join(["slas", *rest]), f"{form}#id_{field}"
        case [("gold" | "privacy") as section, *rest]:
            return "/".join([section, *rest]), f"{form}#id_settings"
        case [field, *rest]:
            return "/".join([field, *rest]), f"{form}#id_{field}"
    return "the pipeline", form


def _in_tier(pipeline: Pipeline, slug: str, rest: list[str]) -> tuple[str, str]:
    tier = pipeline.tiers.filter(slug=slug).first()
    form = reverse("admin:governance_pipeline_change", args=[pipeline.pk])
    field = rest[0] if rest else "slug"
    if tier is None:
        return f"tier {slug}: {field}", f"{form}#tiers-group"
    page = reverse("admin:governance_tier_change", args=[tier.pk])
    if field == "checklist" and len(rest) > 1:
        last = rest[2] if len(rest) > 2 else "key"
        return f"tier {slug}: checklist {last}", f"{page}#id_checklist-{rest[1]}-{last}"
    return f"tier {slug}: {field}", f"{page}#id_{field}"


def _row(pipeline: Pipeline, prefix: str, key: str) -> tuple[int, str]:
    """Return the place of a row in its table on the form, and its name."""
    rows: Any = getattr(pipeline, prefix)
    ordered = rows.order_by("id") if prefix == "queues" else rows.all()
    found = list(ordered.values_list(LISTS[prefix], flat=True))
    if prefix in BY_NAME:
        key = key.replace("~1", "/").replace("~0", "~")
        return (found.index(key) if key in found else 0), key
    index = int(key) if key.isdigit() else 0
    return index, found[index] if index < len(found) else key
