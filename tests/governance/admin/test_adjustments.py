"""Changes, stops and signature policies in the admin: read by all who may, written by one form."""

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from governance.models import (
    Adjustment,
    AdjustmentActivation,
    AuditEvent,
    SignaturePolicy,
    Stop,
)
from tests import factories, governed

pytestmark = pytest.mark.django_db
RECORDS = (Adjustment, AdjustmentActivation, Stop)


@pytest.fixture
def governed_site():
    factories.a_pipeline()
    bot, (first, second, third) = factories.a_service(), governed.approvers(3)
    row = governed.in_force(governed.draft(bot), first, second)
    governed.roll_back(row, first)
    governed.resume(governed.stop(first), second, third)
    return row


def test_no_administrator_signs_edits_or_deletes_a_record_here(admin_user) -> None:
    request = RequestFactory().get("/admin/")
    request.user = admin_user
    for model in RECORDS:
        page = admin.site._registry[model]
        assert not page.has_add_permission(request)
        assert not page.has_change_permission(request)
        assert not page.has_delete_permission(request)
    assert not admin.site._registry[SignaturePolicy].has_delete_permission(request)


@pytest.mark.parametrize("model", RECORDS)
def test_records_are_read_with_their_signatures(browser, governed_site, model) -> None:
    client = browser(factories.a_person("auditor", roles=("auditor",), skills=()))
    name = f"admin:governance_{model._meta.model_name}"
    assert client.get(reverse(f"{name}_changelist")).status_code == 200
    row = model.objects.first()
    page = client.get(reverse(f"{name}_change", args=[row.pk])).content.decode()
    if model is Adjustment:
        assert "Approval (valid)" in page
        assert f"/changes/{row.pk}" in page


def test_an_auditor_of_another_pipeline_finds_none(browser, governed_site) -> None:
    factories.a_pipeline("other")
    client = browser(factories.a_person("far", roles=("auditor",), skills=(), pipelines=("other",)))
    address = reverse("admin:governance_adjustment_change", args=[governed_site.pk])
    assert client.get(address).status_code == 404


def test_a_policy_is_written_by_its_service(browser, governed_site, admin_user) -> None:
    client, pipeline = browser(admin_user), governed.the_pipeline()
    said = {
        "pipeline": pipeline.pk, "risk": "low", "approvals": 3, "validations": 0,
        "roles": "approver", "reason": "The board wants it",
    }  # fmt: skip
    address = reverse("admin:governance_signaturepolicy_add")
    assert client.post(address, said | {"roles": "approvr"}).status_code == 302
    assert not SignaturePolicy.objects.exists()
    assert client.post(address, said).status_code == 302
    row = SignaturePolicy.objects.get()
    assert (row.approvals, row.roles) == (3, ["approver"])
    assert AuditEvent.objects.get(action="signatures.changed").stream == "pipeline:intents"
    change = reverse("admin:governance_signaturepolicy_change", args=[row.pk])
    assert client.post(change, said | {"approvals": 2}).status_code == 302
    row.refresh_from_db()
    assert row.approvals == 2


def test_the_page_of_a_pipeline_leads_to_its_stop_switch(
    browser, governed_site, admin_user
) -> None:
    address = reverse("admin:governance_pipeline_change", args=[governed.the_pipeline().pk])
    assert "/pipelines/intents/stops" in browser(admin_user).get(address).content.decode()
