"""People and roles: who they are, where they act, how they sign in."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import password_validation, update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from governance.admin import rendering
from governance.admin.base import acting, administers
from governance.admin.clocks import zones
from governance.admin.configuration import DocumentAdmin, posted
from governance.admin.forms import ActForm, DocumentForm, LinesField, now
from governance.domain.documents.people import DURATIONS, SHARES
from governance.domain.principal import Principal
from governance.enums import Permission, UserKind
from governance.models import Membership, Pipeline, Role, Skill, User
from governance.selectors import audit
from governance.services import people, removal, sign_in_links

EXPECTED = (*SHARES, *DURATIONS)


class RoleForm(DocumentForm):
    """A role, each expectation a field."""

    kind = "Role"
    places = {f"expectations/{name}": name for name in EXPECTED}

    permissions = forms.MultipleChoiceField(
        choices=Permission.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Role
        fields = ("slug",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["permissions"] = self.instance.permissions
        expected = self.instance.expectations or {}
        self.initial.update({name: expected.get(name) for name in EXPECTED})

    def source(self) -> dict[str, Any]:
        """Return the Role document."""
        said = self.cleaned_data
        return {
            "slug": self.name(),
            "permissions": said["permissions"],
            "expectations": {name: said[name] for name in EXPECTED if said[name] not in (None, "")},
        }


for _name in SHARES:
    RoleForm.declared_fields[_name] = forms.FloatField(required=False, help_text="From 0 to 1.")
for _name in DURATIONS:
    RoleForm.declared_fields[_name] = forms.CharField(required=False, help_text="As PT4H.")


@admin.register(Role)
class RoleAdmin(DocumentAdmin):
    """What people may do, and what is expected of them."""

    form = RoleForm
    removable = True
    list_display = ("slug", "permissions_shown")
    ordering = ("slug",)
    search_fields = ("slug",)
    lookups = ("slug",)
    fieldsets = (
        (None, {"fields": ("slug", "permissions")}),
        ("What is expected", {"fields": EXPECTED}),
    )
    read_fields = ("slug", "permissions_shown", "expectations_shown", "held_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the slug of a role that exists: tiers and people name it."""
        kept = super().get_readonly_fields(request, obj)
        return (*kept, "slug") if obj else kept

    def remove(self, request: HttpRequest, row: Any, reason: str) -> None:
        """Take the role away when nobody holds it and nothing names it."""
        removal.remove(row=row, actor=acting(request), reason=reason, now=now())

    def in_the_way(self, row: Any) -> list[str]:
        """Return who holds the role and what names it."""
        return removal.users_of(row)

    @admin.display(description="Permissions")
    def permissions_shown(self, row: Role) -> str:
        """Return the permissions in words."""
        words = [str(Permission(name).label) for name in row.permissions]
        return ", ".join(words) or rendering.NOTHING

    @admin.display(description="What is expected")
    def expectations_shown(self, row: Role) -> Any:
        """Return the expectations."""
        return rendering.as_json(row.expectations)

    @admin.display(description="Held by")
    def held_by(self, row: Role) -> Any:
        """Link to the people who hold the role."""
        return rendering.list_link(User, "People", role=row.slug)


class PersonForm(DocumentForm):
    """A person or service, with what a document says of them and what it does not."""

    kind = "Person"
    named = "username"
    places = {"capacity/open": "open_capacity", "capacity/per_day": "daily_capacity"}

    timezone = forms.ChoiceField(choices=zones, initial="UTC", label="Time zone")
    roles = forms.ModelMultipleChoiceField(
        Role.objects.order_by("slug"), required=False, to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    pipelines = forms.ModelMultipleChoiceField(
        Pipeline.objects.order_by("slug"), required=False, to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    skills = LinesField(
        help_text="A line for each: cards 3, or cards 3 2027-06-30 where it expires; after a "
        "semicolon what shows it: cards 3 2027-06-30; passed the test of March."
    )

    class Meta:
        model = User
        fields = (
            "username", "email", "timezone", "open_capacity", "daily_capacity", "kind",
            "is_active", "is_superuser",
        )  # fmt: skip
        labels = {"is_superuser": "Administrator", "is_active": "Active"}
        help_texts = {
            "is_active": "Off: they cannot sign in and their tokens end. People are never deleted.",
            "is_superuser": "Sees and configures everything.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            return
        row = self.instance
        self.initial.update(
            roles=list(Role.objects.filter(group__user=row).values_list("slug", flat=True)),
            pipelines=list(row.memberships.values_list("pipeline__slug", flat=True)),
            skills=[_line(skill) for skill in row.skills.order_by("name")],
        )

    def source(self) -> dict[str, Any]:
        """Return the Person document."""
        said = self.cleaned_data
        return {
            "username": self.name(),
            "email": said["email"],
            "roles": [role.slug for role in said["roles"]],
            "pipelines": [pipeline.slug for pipeline in said["pipelines"]],
            "skills": [_skill(line) for line in said["skills"]],
            "capacity": {"open": said["open_capacity"], "per_day": said["daily_capacity"]},
            "timezone": said["timezone"],
        }


def _line(skill: Skill) -> str:
    expires = skill.expires.isoformat() if skill.expires else ""
    evidence = f"; {skill.evidence}" if skill.evidence else ""
    return f"{skill.name} {skill.level} {expires}".strip() + evidence


def _skill(line: str) -> dict[str, Any]:
    said, _, evidence = line.partition(";")
    name, *rest = said.split() or [""]
    level: Any = rest[0] if rest else "1"
    skill = {"name": name, "level": int(level) if level.isdecimal() else level}
    skill |= {"evidence": evidence.strip()} if evidence.strip() else {}
    return skill | ({"expires": " ".join(rest[1:])} if len(rest) > 1 else {})


class PasswordForm(ActForm):
    """A new password, twice."""

    password = forms.CharField(
        strip=False,
        label="New password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validation.password_validators_help_text_html(),
    )
    again = forms.CharField(
        strip=False,
        label="Again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    field_order = ("password", "again", "reason")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        """Check that both are the same and strong enough."""
        said = super().clean() or {}
        password = said.get("password")
        if password and password != said.get("again"):
            self.add_error("again", "The two passwords differ.")
        elif password:
            try:
                password_validation.validate_password(password, self.user)
            except forms.ValidationError as weak:
                self.add_error("password", weak)
        return said


class RoleFilter(admin.SimpleListFilter):
    """The role that people hold."""

    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the roles."""
        slugs = Role.objects.order_by("slug").values_list("slug", flat=True)
        return [(slug, slug) for slug in slugs]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return who holds the chosen role."""
        return queryset.filter(groups__role__slug=self.value()) if self.value() else queryset


@admin.register(User)
class UserAdmin(DocumentAdmin):
    """People and services; they are deactivated, never deleted."""

    form = PersonForm
    list_display = ("username", "email", "kind", "is_active", "last_login")
    list_filter = ("kind", "is_active", RoleFilter)
    ordering = ("username",)
    search_fields = ("username", "email")
    parts = {Skill: "user_id", Membership: "user_id"}
    fieldsets = (
        (None, {"fields": ("username", "email", "timezone")}),
        ("What they do", {"fields": ("roles", "pipelines", "skills")}),
        ("How much", {"fields": (("open_capacity", "daily_capacity"),)}),
        ("Account", {"fields": (("kind", "is_active", "is_superuser"),)}),
    )
    read_fields = (
        "username", "email", "kind", "is_active", "timezone", "roles_shown", "pipelines_shown",
        "skills_shown", ("open_capacity", "daily_capacity"), "last_login",
    )  # fmt: skip

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the people within reach."""
        return audit.people(principal, rows)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the name of who exists: documents name them by it."""
        kept = super().get_readonly_fields(request, obj)
        return (*kept, "username") if obj else kept

    def write(self, request: HttpRequest, form: Any, formsets: Any) -> None:
        """Apply the document, then say what the account is."""
        super().write(request, form, formsets)
        said = form.cleaned_data
        people.set_account(
            user_id=form.instance.pk,
            kind=UserKind(said["kind"]),
            is_active=said["is_active"],
            is_superuser=said["is_superuser"],
            actor=acting(request),
            reason=said["reason"],
            now=now(),
        )

    def get_urls(self) -> Any:
        """Return the addresses, with those of the acts on an account."""
        return [
            path(
                "<path:object_id>/password/",
                self.admin_site.admin_view(self.password_view),
                name="governance_user_password",
            ),
            path(
                "<path:object_id>/sign-in-link/",
                self.admin_site.admin_view(self.sign_in_link_view),
                name="governance_user_sign_in_link",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the form with ways to the acts on the account."""
        acts = {"password": "Set a password", "sign_in_link": "Sign-in link"}
        tools = [
            {"link": reverse(f"admin:governance_user_{name}", args=[object_id]), "title": title}
            for name, title in acts.items()
        ]
        shown = {"tools": tools if administers(request) else []}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def _person(self, request: HttpRequest, object_id: str) -> User:
        if not administers(request):
            raise PermissionDenied
        row = self.found(request, object_id)
        if not isinstance(row, User) or row.kind != UserKind.HUMAN:
            raise Http404
        return row

    def password_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give a person a new password."""
        row = self._person(request, object_id)
        form = PasswordForm(row, posted(request))
        if form.is_valid():
            user = people.set_password(
                user_id=row.pk,
                password=form.cleaned_data["password"],
                actor=acting(request),
                reason=form.cleaned_data["reason"],
                now=now(),
            )
            if user.pk == acting(request).pk:
                update_session_auth_hash(request, user)
            messages.success(request, f"{row} has a new password; their other sessions end.")
            return HttpResponseRedirect(self.row_address(row))
        return self.act_page(
            request, row, form, title=f"Password of {row}", label="Set the password"
        )

    def sign_in_link_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Issue a link that signs a person in once, and show it once."""
        row = self._person(request, object_id)
        form = ActForm(posted(request))
        if not form.is_valid():
            return self.act_page(
                request, row, form, title=f"Sign-in link for {row}", label="Issue a link",
                lead="Whoever opens the link within 24 hours is signed in as this person, once.",
            )  # fmt: skip
        place = sign_in_links.issue(
            user=row, actor=acting(request), now=now(), reason=form.cleaned_data["reason"]
        )
        return self.shown_once(
            request, row, title=f"Sign-in link for {row}",
            lead=f"Give this address to {row} in person or by a channel that you trust.",
            secret=request.build_absolute_uri(place),
        )  # fmt: skip

    @admin.display(description="Roles")
    def roles_shown(self, row: User) -> str:
        """Return the roles."""
        slugs = Role.objects.filter(group__user=row).order_by("slug")
        return ", ".join(slugs.values_list("slug", flat=True)) or rendering.NOTHING

    @admin.display(description="Pipelines")
    def pipelines_shown(self, row: User) -> str:
        """Return the pipelines."""
        slugs = row.memberships.order_by("pipeline__slug")
        return ", ".join(slugs.values_list("pipeline__slug", flat=True)) or rendering.NOTHING

    @admin.display(description="Skills")
    def skills_shown(self, row: User) -> str:
        """Return the skills."""
        return ", ".join(map(_line, row.skills.order_by("name"))) or rendering.NOTHING
