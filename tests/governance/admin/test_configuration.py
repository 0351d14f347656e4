import pytest
from django.contrib import admin
from django.urls import reverse

from governance.admin.configuration import ConfigurationAdmin
from governance.models import (
    ApiToken,
    AuditEvent,
    Calendar,
    ChecklistItem,
    DataSource,
    Pipeline,
    Queue,
    RetentionRule,
    Role,
    SignaturePolicy,
    SLAPolicy,
    Tier,
    User,
)
from governance.selectors import principals
from tests import factories

pytestmark = pytest.mark.django_db
WHY = "The quarter's review asked for it"


def filled(client, address: str) -> dict[str, str]:
    """Return what a form would send unchanged: its fields and those of its parts."""
    context = client.get(address).context
    forms = [context["adminform"].form]
    sent: dict[str, str] = {}
    for part in context["inline_admin_formsets"]:
        forms += [part.formset.management_form, *part.formset.initial_forms]
    for form in forms:
        for field in form:
            value = field.value()
            if value is True:
                sent[field.html_name] = "on"
            elif value is not None and value is not False:
                sent[field.html_name] = value
    return sent


def page_of(row, act: str = "change") -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{act}", args=[row.pk])


def told(row):
    """Return the newest history row."""
    return type(row).history.filter(id=row.pk).latest("history_date", "history_id")


@pytest.fixture
def pipeline(db: None) -> Pipeline:
    return factories.a_pipeline()


@pytest.fixture
def client(browser, admin_user):
    return browser(admin_user)


def test_every_form_of_configuration_asks_why(client, pipeline) -> None:
    factories.a_person("maria")
    rows = (
        SignaturePolicy(pipeline=pipeline, risk="high"),
        DataSource(pipeline=pipeline, name="crm", origin="A", purposes=["x"], basis="contract"),
        RetentionRule(record_class="decisions", days=400),
    )
    for row in rows:
        row.because(None, "For a test").save()
    asked = 0
    for model, page in admin.site._registry.items():
        if not isinstance(page, ConfigurationAdmin):
            continue
        row = model._default_manager.first()
        assert row is not None, model
        response = client.post(page_of(row), filled(client, page_of(row)))
        assert response.status_code == 200, model
        assert "reason" in response.context["adminform"].form.errors, model
        if page.removable:
            assert client.post(page_of(row, "delete"), {"post": "yes"}).status_code == 200, model
            assert model._default_manager.filter(pk=row.pk).exists(), model
        asked += 1
    assert asked == 9


def test_a_blank_reason_is_no_reason(client, pipeline) -> None:
    sent = filled(client, page_of(pipeline)) | {"name": "Renamed", "reason": "   "}
    assert client.post(page_of(pipeline), sent).status_code == 200
    pipeline.refresh_from_db()
    assert pipeline.name == "Intents"


def test_a_change_keeps_actor_and_reason(client, pipeline, admin_user) -> None:
    sent = filled(client, page_of(pipeline)) | {"name": "Renamed", "reason": WHY}
    assert client.post(page_of(pipeline), sent).status_code == 302
    pipeline.refresh_from_db()
    assert pipeline.name == "Renamed"
    record = told(pipeline)
    assert (record.history_user, record.history_change_reason) == (admin_user, WHY)


def test_parts_keep_actor_and_reason_when_added_changed_and_deleted(
    client, pipeline, admin_user
) -> None:
    sent = filled(client, page_of(pipeline))
    count = int(sent["queues-TOTAL_FORMS"])
    general = next(i for i in range(count) if sent[f"queues-{i}-slug"] == "general")
    sent |= {
        "queues-TOTAL_FORMS": str(count + 1),
        f"queues-{count}-slug": "night",
        f"queues-{count}-skills": "cards, loans",
        f"queues-{general}-backup": "experts",
        "reason_codes-1-DELETE": "on",
        "reason": WHY,
    }
    gone = sent["reason_codes-1-id"]
    assert client.post(page_of(pipeline), sent).status_code == 302
    night = Queue.objects.get(slug="night")
    assert night.skills == ["cards", "loans"]
    changed = Queue.objects.get(slug="general")
    deleted = type(pipeline.reason_codes.first()).history.filter(id=gone).latest("history_id")
    assert deleted.history_type == "-"
    for record in (told(night), told(changed), deleted):
        assert (record.history_user, record.history_change_reason) == (admin_user, WHY)


def test_a_draft_is_one_event_and_puts_nothing_into_force(client, pipeline, admin_user) -> None:
    live, before = pipeline.live_id, AuditEvent.objects.count()
    sent = filled(client, page_of(pipeline)) | {"guideline": "Read twice.", "reason": WHY}
    client.post(page_of(pipeline), sent)
    pipeline.refresh_from_db()
    assert pipeline.live_id == live
    assert AuditEvent.objects.count() == before + 1
    event = AuditEvent.objects.get(action="pipeline.drafted")
    assert (event.actor, event.reason) == (admin_user, WHY)
    assert event.detail == {"saved": ["pipeline:intents"], "deleted": []}


def test_saving_what_did_not_change_records_nothing(client, pipeline) -> None:
    before = AuditEvent.objects.count(), Pipeline.history.count(), Tier.history.count()
    sent = filled(client, page_of(pipeline)) | {"reason": WHY}
    assert client.post(page_of(pipeline), sent).status_code == 302
    assert (AuditEvent.objects.count(), Pipeline.history.count(), Tier.history.count()) == before


def test_a_tier_goes_with_its_checklist_each_with_the_reason(client, pipeline, admin_user) -> None:
    tier = pipeline.tiers.get(slug="high")
    questions = list(tier.checklist.values_list("pk", flat=True))
    assert client.post(page_of(tier, "delete"), {"reason": WHY}).status_code == 302
    assert not Tier.objects.filter(pk=tier.pk).exists()
    for record in ChecklistItem.history.filter(id__in=questions, history_type="-"):
        assert (record.history_user, record.history_change_reason) == (admin_user, WHY)
    assert ChecklistItem.history.filter(id__in=questions, history_type="-").count() == 2


def test_a_calendar_is_saved_as_its_document_is(client, pipeline, admin_user) -> None:
    sent = {
        "slug": "london", "timezone": "Europe/London", "mon": "09:00-12:00, 13:00-17:30",
        "country": "GB", "subdivision": "ENG", "exceptions": "2026-12-24 09:00-12:00",
        "reason": WHY,
    }  # fmt: skip
    assert client.post("/admin/governance/calendar/add/", sent).status_code == 302
    row = Calendar.objects.get(slug="london")
    assert row.windows["mon"] == ["09:00-12:00", "13:00-17:30"]
    assert row.holidays == {"country": "GB", "subdivision": "ENG"}
    assert row.current is not None
    assert (row.current.number, row.current.author, row.current.reason) == (1, admin_user, WHY)
    changed = filled(client, page_of(row)) | {"fri": "09:00-12:00", "reason": WHY}
    assert client.post(page_of(row), changed).status_code == 302
    row.refresh_from_db()
    assert row.current.number == 2
    assert AuditEvent.objects.filter(stream="calendar:london").count() == 2


def test_faults_of_a_calendar_stand_at_their_fields(client, pipeline) -> None:
    sent = {"slug": "odd", "timezone": "UTC", "mon": "25:00-26:00", "country": "ZZ", "reason": WHY}
    errors = client.post("/admin/governance/calendar/add/", sent).context["adminform"].form.errors
    assert {"mon", "country"} <= set(errors)
    assert not Calendar.objects.filter(slug="odd").exists()


def test_an_sla_policy_is_saved_as_its_document_is(client, pipeline) -> None:
    row = SLAPolicy.objects.get(slug="quick")
    sent = filled(client, page_of(row)) | {"decide": "PT2H", "at_risk": "0.5, 0.9", "reason": WHY}
    assert client.post(page_of(row), sent).status_code == 302
    row.refresh_from_db()
    assert row.targets == {"claim": "PT1H", "decide": "PT2H"}
    assert row.at_risk == [0.5, 0.9]
    assert row.current.number == 2
    bad = filled(client, page_of(row)) | {"decide": "soon", "reason": WHY}
    assert "decide" in client.post(page_of(row), bad).context["adminform"].form.errors


def test_a_role_gives_its_group_the_permissions(client, pipeline) -> None:
    person = factories.a_person("maria")
    assert principals.permissions_of(person) == {"review"}
    row = Role.objects.get(slug="reviewer")
    sent = {"permissions": ["review", "audit"], "agreement_min": "0.8", "reason": WHY}
    assert client.post(page_of(row), sent).status_code == 302
    row.refresh_from_db()
    assert row.expectations == {"agreement_min": 0.8}
    assert principals.permissions_of(person) == {"review", "audit"}
    assert AuditEvent.objects.filter(stream="role:reviewer").latest("sequence").reason == WHY


def test_what_is_in_use_cannot_be_taken_away(client, pipeline) -> None:
    factories.a_person("maria", roles=("lead",))
    for row in (
        Calendar.objects.get(slug="always"),
        SLAPolicy.objects.get(slug="quick"),
        Role.objects.get(slug="lead"),
    ):
        response = client.post(page_of(row, "delete"), {"reason": WHY})
        assert response.status_code == 200, row
        assert response.context["blocks"], row
        assert type(row)._default_manager.filter(pk=row.pk).exists(), row


def test_what_nothing_refers_to_goes_with_a_reason(client, pipeline, admin_user) -> None:
    row = Role.objects.get(slug="approver")
    assert client.post(page_of(row, "delete"), {"reason": WHY}).status_code == 302
    record = Role.history.filter(slug="approver").latest("history_id")
    assert (record.history_type, record.history_user) == ("-", admin_user)
    assert record.history_change_reason == WHY
    assert AuditEvent.objects.filter(action="role.removed", reason=WHY).exists()


def test_a_person_is_made_and_changed_as_their_document_is(client, pipeline, admin_user) -> None:
    sent = {
        "username": "maria", "email": "maria@example.org", "timezone": "Europe/London",
        "roles": ["reviewer"], "pipelines": ["intents"], "skills": "cards 3 2027-06-30\nloans",
        "open_capacity": "5", "daily_capacity": "100", "kind": "human", "is_active": "on",
        "reason": WHY,
    }  # fmt: skip
    assert client.post("/admin/governance/user/add/", sent).status_code == 302
    person = User.objects.get(username="maria")
    assert not person.has_usable_password()
    assert principals.permissions_of(person) == {"review"}
    assert [(s.name, s.level) for s in person.skills.order_by("name")] == [
        ("cards", 3),
        ("loans", 1),
    ]
    assert person.memberships.get().pipeline == pipeline
    changed = filled(client, page_of(person)) | {"skills": "cards 4", "reason": WHY}
    del changed["is_active"]
    assert client.post(page_of(person), changed).status_code == 302
    person.refresh_from_db()
    assert not person.is_active
    assert person.skills.get().level == 4
    assert (told(person).history_user, told(person).history_change_reason) == (admin_user, WHY)


def test_faults_of_a_person_stand_at_their_fields(client, pipeline) -> None:
    person = factories.a_person("maria")
    sent = filled(client, page_of(person)) | {"skills": "cards lots", "reason": WHY}
    assert "skills" in client.post(page_of(person), sent).context["adminform"].form.errors


def test_people_are_never_deleted(client, pipeline) -> None:
    person = factories.a_person("maria")
    assert client.post(page_of(person, "delete"), {"reason": WHY}).status_code == 403


def test_administrators_do_not_demote_or_lock_out_themselves(client, pipeline, admin_user) -> None:
    sent = filled(client, page_of(admin_user)) | {"reason": WHY}
    del sent["is_superuser"]
    client.post(page_of(admin_user), sent)
    admin_user.refresh_from_db()
    assert admin_user.is_superuser


def test_a_password_is_set_with_a_reason_and_ends_sessions(client, browser, pipeline) -> None:
    person = factories.a_person("maria", roles=("auditor",))
    theirs = browser(person)
    address = reverse("admin:governance_user_password", args=[person.pk])
    weak = {"password": "short", "again": "short", "reason": WHY}
    assert "password" in client.post(address, weak).context["form"].errors
    strong = {"password": "a long enough one 77", "again": "a long enough one 77"}
    assert "reason" in client.post(address, strong).context["form"].errors
    assert client.post(address, strong | {"reason": WHY}).status_code == 302
    person.refresh_from_db()
    assert person.check_password("a long enough one 77")
    assert theirs.get("/admin/").status_code == 302
    assert AuditEvent.objects.get(action="person.password_set").reason == WHY


def test_a_sign_in_link_is_shown_once_and_works_once(client, browser, pipeline) -> None:
    person = factories.a_person("maria")
    address = reverse("admin:governance_user_sign_in_link", args=[person.pk])
    assert "secret" not in client.post(address, {"reason": ""}).context
    response = client.post(address, {"reason": WHY})
    assert response["Cache-Control"].startswith(("no-store", "max-age=0"))
    assert "/sign-in/once/" in response.context["secret"]
    assert AuditEvent.objects.get(action="sign_in_link.issued").reason == WHY


def test_a_token_is_made_shown_once_and_revoked_with_a_reason(client, pipeline) -> None:
    bot = factories.a_service()
    sent = {"user": bot.pk, "scopes": ["predictions:write"], "days": "30", "name": "Nightly"}
    add = "/admin/governance/apitoken/add/"
    assert "reason" in client.post(add, sent).context["form"].errors
    token = client.post(add, sent | {"reason": WHY}).context["secret"]
    row = ApiToken.objects.get()
    assert token.startswith("hitl_")
    shown = client.get(page_of(row)).content.decode()
    assert token not in shown
    assert row.digest not in shown
    revoke = reverse("admin:governance_apitoken_revoke", args=[row.pk])
    assert "reason" in client.post(revoke, {}).context["form"].errors
    assert client.post(revoke, {"reason": WHY}).status_code == 302
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert {e.reason for e in AuditEvent.objects.filter(stream=f"token:{row.pk}")} == {WHY}
