import pytest
from django.urls import reverse

from governance.models import AuditEvent, GlossaryTerm, Pipeline, PolicyActivation, PolicyVersion
from governance.services import drafts
from tests import factories

pytestmark = pytest.mark.django_db
WHY = "The new guideline was agreed"


@pytest.fixture
def pipeline(db: None) -> Pipeline:
    return factories.a_pipeline()


@pytest.fixture
def address(pipeline) -> str:
    return reverse("admin:governance_pipeline_publish", args=[pipeline.pk])


def edit(pipeline: Pipeline, row, **changes) -> None:
    for name, value in changes.items():
        setattr(row, name, value)
    drafts.edit(
        pipeline=pipeline, saved=[row], deleted=[], actor=None, reason=WHY, now=factories.NOW
    )


def test_the_page_shows_every_fault_with_a_way_to_its_field(
    browser, admin_user, pipeline, address
) -> None:
    edit(pipeline, pipeline.tiers.get(slug="mid"), sla="slow", queue="nowhere")
    edit(pipeline, pipeline.rules.get(name="unsure"), when="confidence <")
    edit(pipeline, pipeline.queues.get(slug="general"), backup="general")
    edit(pipeline, pipeline.tiers.get(slug="high").checklist.first(), key="Bad Key")
    edit(pipeline, pipeline, default_tier="gone", name="")
    faults = browser(admin_user).get(address).context["faults"]
    links = {fault["pointer"]: fault["link"] for fault in faults}
    form = reverse("admin:governance_pipeline_change", args=[pipeline.pk])
    mid = reverse("admin:governance_tier_change", args=[pipeline.tiers.get(slug="mid").pk])
    high = reverse("admin:governance_tier_change", args=[pipeline.tiers.get(slug="high").pk])
    assert links == {
        "/0/tiers/mid/sla": f"{mid}#id_sla",
        "/0/tiers/mid/queue": f"{mid}#id_queue",
        "/0/tiers/high/checklist/0/key": f"{high}#id_checklist-0-key",
        "/0/routing/rules/1/when": f"{form}#id_rules-1-when",
        "/0/queues/general/backup": f"{form}#id_queues-0-backup",
        "/0/routing/default/tier": f"{form}#id_default_tier",
        "/0/name": f"{form}#id_name",
    }


def test_links_of_faults_lead_to_fields_that_the_form_has(
    browser, admin_user, pipeline, address
) -> None:
    edit(pipeline, pipeline.rules.get(name="confident"), when="(")
    edit(pipeline, pipeline.queues.get(slug="experts"), backup="experts")
    client = browser(admin_user)
    for fault in client.get(address).context["faults"]:
        page, _, field = fault["link"].partition("#")
        assert f'id="{field}"' in client.get(page).content.decode(), fault


def test_nothing_is_published_while_there_are_faults(
    browser, admin_user, pipeline, address
) -> None:
    edit(pipeline, pipeline.rules.get(name="unsure"), when="confidence <")
    response = browser(admin_user).post(address, {"mode": "live", "reason": WHY})
    assert response.status_code == 200
    assert response.context["form"].non_field_errors()
    assert PolicyVersion.objects.filter(kind="pipeline").count() == 1


def test_publishing_needs_a_reason_and_a_mode(browser, admin_user, pipeline, address) -> None:
    edit(pipeline, pipeline, guideline="Read twice.")
    client = browser(admin_user)
    assert "reason" in client.post(address, {"mode": "live"}).context["form"].errors
    assert "mode" in client.post(address, {"reason": WHY}).context["form"].errors
    assert PolicyVersion.objects.filter(kind="pipeline").count() == 1


@pytest.mark.parametrize("mode", ["draft", "shadow", "live"])
def test_the_rows_are_published_in_the_mode_of_the_button(
    browser, admin_user, pipeline, address, mode
) -> None:
    edit(pipeline, pipeline, guideline="Read twice.")
    assert browser(admin_user).post(address, {"mode": mode, "reason": WHY}).status_code == 302
    version = PolicyVersion.objects.get(kind="pipeline", number=2)
    assert (version.author, version.reason) == (admin_user, WHY)
    assert [change["path"] for change in version.diff] == ["/guideline"]
    pipeline.refresh_from_db()
    assert (pipeline.live == version) == (mode == "live")
    assert (pipeline.shadow == version) == (mode == "shadow")


def test_an_older_version_comes_back_and_the_rows_stay(
    browser, admin_user, pipeline, address
) -> None:
    client, first = browser(admin_user), pipeline.live
    edit(pipeline, pipeline, guideline="Read twice.")
    client.post(address, {"mode": "live", "reason": WHY})
    sent = {"reinstate": "1", "version": str(first.pk), "mode": "live", "reason": "It was worse"}
    assert client.post(address, sent).status_code == 302
    pipeline.refresh_from_db()
    assert pipeline.live == first
    assert pipeline.guideline == "Read twice."
    assert PolicyActivation.objects.latest("id").reason == "It was worse"
    assert AuditEvent.objects.filter(action="policy.live").latest("sequence").actor == admin_user
    assert client.post(address, sent).context["form"].non_field_errors()


def test_the_shadow_is_taken_off_with_a_reason(browser, admin_user, pipeline, address) -> None:
    client = browser(admin_user)
    edit(pipeline, pipeline, guideline="Read twice.")
    client.post(address, {"mode": "shadow", "reason": WHY})
    sent = {"reinstate": "1", "mode": "shadow"}
    assert "reason" in client.post(address, sent).context["form"].errors
    assert client.post(address, sent | {"reason": "Seen enough"}).status_code == 302
    pipeline.refresh_from_db()
    assert pipeline.shadow is None


def test_a_version_of_another_pipeline_is_refused(browser, admin_user, pipeline, address) -> None:
    other = factories.a_pipeline("other", name="Other").live
    sent = {"reinstate": "1", "version": str(other.pk), "mode": "live", "reason": WHY}
    assert browser(admin_user).post(address, sent).context["form"].non_field_errors()
    pipeline.refresh_from_db()
    assert pipeline.live != other


def test_a_draft_never_undoes_a_publish(pipeline) -> None:
    stale = Pipeline.objects.get(pk=pipeline.pk)
    stale.live = None
    edit(stale, stale, name="Renamed")
    pipeline.refresh_from_db()
    assert pipeline.live is not None


def test_a_fault_of_a_term_leads_to_its_row(browser, admin_user, address, pipeline) -> None:
    factories.apply(factories.pipeline_document(glossary=factories.GLOSSARY))
    edit(pipeline, pipeline.glossary.get(term="card"), meaning="x" * 2001)
    client = browser(admin_user)
    (fault,) = client.get(address).context["faults"]
    page, _, anchor = fault["link"].partition("#")
    assert (fault["where"], anchor) == ("glossary card: meaning", "id_glossary-1-meaning")
    assert f'id="{anchor}"' in client.get(page).content.decode()


def test_terms_are_written_in_the_form_and_published(
    browser, admin_user, address, pipeline
) -> None:
    edit(
        pipeline,
        GlossaryTerm(pipeline=pipeline, term="<b>card</b>", meaning="Plastic <script>"),
    )
    sent = {"mode": "live", "reason": WHY}
    assert browser(admin_user).post(address, sent).status_code == 302
    pipeline.refresh_from_db()
    assert pipeline.live.glossary_version == 1
    assert [change["path"] for change in pipeline.live.diff] == ["/glossary"]
    shown = browser(admin_user).get(address).content.decode()
    assert "Plastic &lt;script&gt;" in shown
    assert "Plastic <script>" not in shown
