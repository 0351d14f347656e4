from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from feedback.models import AuditPack, MonitoringPlan
from governance.models import (
    AccessReview,
    ApiToken,
    AuditEvent,
    Calendar,
    ConsentRecord,
    ErasureRequest,
    ImpactAssessment,
    Incident,
    LegalHold,
    Pipeline,
    PolicyVersion,
    ReviewerNotice,
    User,
    WebhookEndpoint,
)
from governance.models.base import TrackedModel
from reviews.models import Decision, Prediction, ReviewItem
from tests import factories

pytestmark = pytest.mark.django_db
# These are added by acts with pages of their own, and never changed or deleted.
ACTED = (
    AccessReview, AuditPack, ConsentRecord, ErasureRequest, ImpactAssessment, Incident, LegalHold,
    MonitoringPlan, ReviewerNotice, WebhookEndpoint,
)  # fmt: skip


def name_of(model: type) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}"


def a_full_site() -> None:
    """Leave a row of most kinds: a pipeline with predictions, decisions and a token."""
    factories.a_pipeline()
    bot = factories.a_service()
    reviewer = factories.a_person("maria")
    factories.an_item(bot, "high")
    factories.send(bot, factories.a_payload("low"))
    held = factories.claim(reviewer)
    assert held is not None
    factories.decide(reviewer, held)
    factories.a_token(bot, "predictions:write")


def readable_addresses() -> Iterator[str]:
    yield reverse("admin:index")
    for model in admin.site._registry:
        yield reverse(f"{name_of(model)}_changelist")
        row = model._default_manager.first()
        if row is not None:
            yield reverse(f"{name_of(model)}_change", args=[row.pk])
    pipeline = Pipeline.objects.get()
    yield reverse("admin:governance_pipeline_publish", args=[pipeline.pk])
    yield reverse("admin:governance_pipeline_history", args=[pipeline.pk])
    yield reverse("admin:governance_calendar_preview", args=[Calendar.objects.get().pk])
    yield reverse("admin:reviews_slaclock_apply", args=["quick"])


def writing_addresses() -> Iterator[str]:
    for model in admin.site._registry:
        yield reverse(f"{name_of(model)}_changelist")
        yield reverse(f"{name_of(model)}_add")
        row = model._default_manager.first()
        if row is not None:
            yield reverse(f"{name_of(model)}_change", args=[row.pk])
            yield reverse(f"{name_of(model)}_delete", args=[row.pk])
    pipeline, person, token = Pipeline.objects.get(), User.objects.first(), ApiToken.objects.get()
    assert person is not None
    yield reverse("admin:governance_pipeline_publish", args=[pipeline.pk])
    yield reverse("admin:governance_user_password", args=[person.pk])
    yield reverse("admin:governance_user_sign_in_link", args=[person.pk])
    yield reverse("admin:governance_apitoken_revoke", args=[token.pk])
    yield reverse("admin:reviews_slaclock_apply", args=["quick"])
    yield reverse("admin:reviews_maintenance_begin")
    yield reverse("admin:reviews_maintenance_end")


def get(client: Client, address: str) -> int:
    return client.get(address).status_code


def test_everything_is_closed_to_who_is_not_signed_in(browser) -> None:
    a_full_site()
    stranger = browser(None)
    for address in {*readable_addresses(), *writing_addresses()}:
        response = stranger.get(address)
        assert response.status_code == 302, address
        assert response["Location"].startswith("/admin/login/"), address
    onward = stranger.get("/admin/login/?next=/admin/reviews/prediction/")
    assert onward["Location"] == "/sign-in?next=%2Fadmin%2Freviews%2Fprediction%2F"


def test_the_admin_sends_nobody_to_another_site(browser) -> None:
    response = browser(None).get("/admin/login/?next=//evil.example/")
    assert response["Location"] == "/sign-in?next=%2Fadmin%2F"


@pytest.mark.parametrize("roles", [("reviewer",), ("lead",), ("approver",), ()])
def test_who_does_not_audit_is_refused_everywhere(browser, roles) -> None:
    a_full_site()
    client = browser(factories.a_person(roles=roles))
    for address in {*readable_addresses(), *writing_addresses()}:
        assert client.get(address, follow=True).status_code == 403, address


def test_a_service_is_refused_even_with_the_auditors_role(browser) -> None:
    factories.a_pipeline()
    service = factories.a_person("bot", roles=("auditor",))
    service.kind = "service"
    service.because(None, "For a test").save()
    assert browser(service).get("/admin/", follow=True).status_code == 403


def test_an_auditor_reads_every_page(browser) -> None:
    a_full_site()
    client = browser(factories.a_person("auditor", roles=("auditor",), skills=()))
    for address in readable_addresses():
        mail = address.startswith("/admin/reviews/notification/")
        assert get(client, address) == (403 if mail else 200), address
    assert "/admin/reviews/notification/" not in client.get("/admin/").content.decode()


def test_an_auditor_writes_nowhere(browser) -> None:
    a_full_site()
    client = browser(factories.a_person("auditor", roles=("auditor",), skills=()))
    before = AuditEvent.objects.count()
    for address in writing_addresses():
        for parameters in ("", "?_popup=1"):
            sent = {"reason": "Because", "post": "yes", "action": "delete_selected"}
            assert client.post(address + parameters, sent).status_code == 403, address
    assert AuditEvent.objects.count() == before


def test_an_administrator_reads_every_page(browser, admin_user) -> None:
    a_full_site()
    client = browser(admin_user)
    for address in readable_addresses():
        assert get(client, address) == 200, address


def test_records_cannot_be_written_by_an_administrator_either(browser, admin_user) -> None:
    a_full_site()
    client = browser(admin_user)
    for model in admin.site._registry:
        if issubclass(model, (TrackedModel, User, ApiToken)):
            continue
        row = model._default_manager.first()
        acted = model in ACTED
        added = client.post(reverse(f"{name_of(model)}_add"), {}).status_code
        assert added == (200 if acted else 403), model
        if row is not None:
            for act in ("change", "delete"):
                address = reverse(f"{name_of(model)}_{act}", args=[row.pk])
                assert client.post(address, {"post": "yes"}).status_code == 403, address


def test_no_list_offers_actions_or_editing(rf, admin_user) -> None:
    request = rf.get("/admin/")
    request.user = admin_user
    for model, page in admin.site._registry.items():
        assert page.get_actions(request) == {}, model
        assert page.list_editable == (), model


def test_an_auditor_sees_only_the_pipelines_they_are_a_member_of(browser) -> None:
    a_full_site()
    factories.a_pipeline("other")
    bot = factories.a_service("other-bot", pipelines=("other",))
    stranger = factories.a_person("stranger", pipelines=("other",))
    hidden = factories.an_item(bot, "high", pipeline="other")
    held = factories.claim(stranger)
    assert held is not None
    factories.decide(stranger, held)
    client = browser(factories.a_person("auditor", roles=("auditor",), skills=()))
    events = AuditEvent.objects.filter(stream__in=[f"item:{hidden.pk}", "pipeline:other"])
    concealed = [
        hidden, hidden.prediction, hidden.lane, *Decision.objects.filter(item=hidden), stranger,
        Pipeline.objects.get(slug="other"), *PolicyVersion.objects.filter(slug="other"), *events,
        AuditEvent.objects.get(pk=hidden.prediction.intake),
    ]  # fmt: skip
    assert len(concealed) >= 10
    for row in concealed:
        page = reverse(f"{name_of(type(row))}_change", args=[row.pk])
        assert get(client, page) == 404, row
        listed = client.get(reverse(f"{name_of(type(row))}_changelist")).content.decode()
        assert str(row.pk) not in listed or isinstance(row, (Pipeline, User)), row
    names = client.get(reverse("admin:governance_pipeline_changelist")).content.decode()
    assert "intents" in names
    assert ">other<" not in names


def test_an_auditor_sees_a_blind_item_whole(browser) -> None:
    a_full_site()
    item = ReviewItem.objects.get(tier="high")
    client = browser(factories.a_person("auditor", roles=("auditor",), skills=()))
    page = client.get(reverse("admin:reviews_reviewitem_change", args=[item.pk])).content.decode()
    assert "card_arrival" in page
    assert "maria" in page


def test_an_auditor_neither_sees_nor_sends_what_makes_an_administrator(browser) -> None:
    a_full_site()
    auditor = factories.a_person("auditor", roles=("auditor",), skills=())
    client = browser(auditor)
    address = reverse("admin:governance_user_change", args=[auditor.pk])
    page = client.get(address).content.decode()
    for word in ("is_superuser", "user_permissions", "groups", "is_staff", "argon2", "password"):
        assert word not in page, word
    sent = {"username": "auditor", "is_superuser": "on", "is_staff": "on", "groups": "1"}
    assert client.post(address, sent | {"reason": "Because"}).status_code == 403
    auditor.refresh_from_db()
    assert not auditor.is_superuser
    assert not auditor.is_staff


def test_lists_take_no_lookup_but_their_own(browser, admin_user) -> None:
    a_full_site()
    client = browser(admin_user)
    for address in (
        "/admin/governance/user/?password__startswith=a",
        "/admin/governance/apitoken/?digest__startswith=a",
        "/admin/reviews/assignment/?token_digest__startswith=a",
        "/admin/reviews/assignment/?reviewer__password__startswith=a",
        "/admin/reviews/prediction/?input__text__contains=a",
        "/admin/reviews/decision/?salt__startswith=a",
    ):
        assert get(client, address) == 400, address


def test_a_list_cannot_be_ordered_otherwise(browser, admin_user) -> None:
    a_full_site()
    client = browser(admin_user)
    usual = client.get("/admin/reviews/prediction/").context["cl"].queryset
    asked = client.get("/admin/reviews/prediction/?o=-1.2").context["cl"].queryset
    assert str(asked.query.order_by) == str(usual.query.order_by)


def test_what_came_is_shown_as_text(browser, admin_user) -> None:
    factories.a_pipeline()
    text = "<script>alert(1)</script> \u202e"
    factories.an_item(factories.a_service(), input={"text": text})
    row = Prediction.objects.get()
    page = browser(admin_user).get(reverse("admin:reviews_prediction_change", args=[row.pk]))
    assert b"<script>alert(1)" not in page.content
    assert b"&lt;script&gt;alert(1)" in page.content
    assert "\u202e" not in page.content.decode()
    assert "\\u202e" in page.content.decode()


def test_pages_carry_the_id_of_their_request(browser, admin_user) -> None:
    response = browser(admin_user).get("/admin/")
    assert response["X-Request-ID"] in response.content.decode()
