"""Every list of the admin is one click from its index, every act on it two, every row the third."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.governance.admin.test_access import a_full_site, name_of

pytestmark = pytest.mark.django_db
LINK = re.compile(r'href="(/admin/[^"#?]*)')
ACTS = {
    "governance_accessreview": ("matrix", "add"), "reviews_slaclock": ("audit",),
    "governance_impactassessment": ("add",), "governance_incident": ("add",),
    "feedback_auditpack": ("add",), "governance_erasurerequest": ("add",),
}  # fmt: skip


def links(client: Client, address: str) -> set[str]:
    return set(LINK.findall(client.get(address).content.decode()))


def test_everything_in_the_admin_is_three_clicks_from_its_index_at_most() -> None:
    a_full_site()
    client = Client()
    client.force_login(
        factories.an_administrator("chief"), backend="django.contrib.auth.backends.ModelBackend"
    )
    lists = {reverse(f"{name_of(model)}_changelist") for model in admin.site._registry}
    assert lists - links(client, "/admin/") == set()
    for name, acts in ACTS.items():
        found = links(client, reverse(f"admin:{name}_changelist"))
        assert {reverse(f"admin:{name}_{act}") for act in acts} <= found, name
    rows = links(client, reverse("admin:reviews_decision_changelist"))
    assert any(address.endswith("/change/") for address in rows)
