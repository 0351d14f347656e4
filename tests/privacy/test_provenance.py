"""O2, O11, O17: a version says where its data comes from, and leaves for what that covers."""

import pytest

from feedback.domain import datasheets
from feedback.services import exports
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import AuditEvent, DataSource
from governance.selectors import principals
from governance.services import sources
from tests import factories
from tests.factories import NOW
from tests.privacy.conftest import LATER, Scene, decided, declare, seal


def test_o2_personal_data_without_a_source_cannot_be_sealed(scene: Scene) -> None:
    decided(scene, "c-1")
    with pytest.raises(Conflict, match="declares no data source"):
        seal(scene)
    declare(scene)
    assert seal(scene).rows == 1


def test_o2_the_card_has_every_member_of_a_datasheet(scene: Scene) -> None:
    declare(scene, "training", "evaluation", licence="own", collected="2026", gaps="No minors")
    decided(scene, "c-1")
    sheet = seal(scene).card["datasheet"]
    assert set(sheet) == set(datasheets.MEMBERS)
    (source,) = sheet["sources"]
    assert source["origin"] == "Customers, through the web form"
    assert source["basis"] == "contract"
    assert sheet["purposes"] == ["evaluation", "training"]
    assert sheet["labelling"] == {"guideline_versions": {"1": 1}}
    assert sheet["known_gaps"] == ["crm: No minors"]
    assert sheet["slices"]["tier"] == {"mid": 1}


def test_a_pipeline_without_personal_data_seals_without_a_source(db: None) -> None:
    pipeline = factories.a_pipeline()
    bot, maria = factories.a_service(), factories.a_person("maria")
    scene = Scene(pipeline, bot, maria, maria, maria)
    decided(scene, "c-1")
    version = seal(scene)
    assert version.card["datasheet"]["known_gaps"] == [datasheets.UNDECLARED]
    exports.check(version=version, purpose="anything", actor=bot, now=LATER)
    assert not AuditEvent.objects.filter(action__startswith="export.").exists()


def test_o11_the_card_counts_how_labels_came_about(scene: Scene) -> None:
    declare(scene)
    decided(scene, "c-1")
    factories.an_item(scene.bot)
    held = factories.claim(scene.reviewer)
    assert held is not None
    factories.decide(scene.reviewer, held, "balance")
    factories.send(scene.bot, factories.a_payload("low"))
    labels = seal(scene, include={"auto": True}).card["datasheet"]["provenance_of_labels"]
    assert labels == {"blind": 0, "assisted": 1, "prelabel_accepted": 1, "by_rule": 1}


def test_o11_a_recipe_takes_labels_by_how_they_came_about(scene: Scene) -> None:
    declare(scene)
    decided(scene, "c-1")
    factories.an_item(scene.bot)
    held = factories.claim(scene.reviewer)
    assert held is not None
    factories.decide(scene.reviewer, held, "balance")
    sealed = seal(scene, wanted={"provenance": ["blind", "assisted"]})
    labels = sealed.card["datasheet"]["provenance_of_labels"]
    assert labels == {"blind": 0, "assisted": 1, "prelabel_accepted": 0, "by_rule": 0}


def test_o17_an_export_for_a_purpose_that_no_basis_covers_is_refused_and_told(
    scene: Scene, api
) -> None:
    declare(scene, "training")
    decided(scene, "c-1")
    seal(scene)
    caller = api(scene.bot, "datasets:read")
    address = "/datasets/answers/versions/1/download?format=jsonl"
    refused = caller.get(f"{address}&purpose=marketing")
    assert refused.status_code == 403
    assert "they cover training" in refused.json()["detail"]
    assert caller.get(f"{address}&purpose=training").status_code == 200
    assert caller.get(address).status_code == 200
    assert caller.get(f"{address}&purpose=Bad purpose").status_code == 400
    told = AuditEvent.objects.filter(action__startswith="export.").order_by("pk")
    assert [(e.action, e.detail["purpose"]) for e in told] == [
        ("export.refused", "marketing"), ("export.made", "training"), ("export.made", "training"),
    ]  # fmt: skip


def test_o17_every_source_must_cover_the_purpose(scene: Scene) -> None:
    declare(scene, "training", "audit")
    decided(scene, "c-1")
    version = seal(scene)
    sources.declare(
        principal=principals.of_person(scene.officer), actor=scene.officer, pipeline="intents",
        name="bought", origin="A vendor", purposes=["audit"], basis="contract", reason="x",
        now=NOW,
    )  # fmt: skip
    exports.check(version=version, purpose="audit", actor=scene.bot, now=LATER)
    with pytest.raises(NotPermitted, match="they cover audit"):
        exports.check(version=version, purpose="training", actor=scene.bot, now=LATER)


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"origin": " "}, "/origin"),
        ({"purposes": []}, "/purposes"),
        ({"purposes": ["ok", "Not ok"]}, "/purposes/1"),
        ({"basis": "whim"}, "/basis"),
    ],
)
def test_a_bad_source_names_the_field(scene: Scene, said: dict, pointer: str) -> None:
    good = {"origin": "x", "purposes": ["training"], "basis": "consent", "name": "crm"}
    with pytest.raises(InvalidInput) as caught:
        sources.declare(
            principal=principals.of_person(scene.officer), actor=scene.officer,
            pipeline="intents", reason="x", now=NOW, **(good | said),
        )  # fmt: skip
    assert [fault.pointer for fault in caught.value.faults] == [pointer]
    assert DataSource.objects.count() == 0
