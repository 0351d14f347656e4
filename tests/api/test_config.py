"""Configuration over HTTP: read, written whole, versioned; who may write what."""

import json
from typing import Any

import pytest
import yaml

from governance.models import AuditEvent, Pipeline, PolicyActivation, PolicyVersion, Role, User
from governance.services import configuration
from tests import factories
from tests.api.answers import good, problem

pytestmark = pytest.mark.django_db
CONFIG = "/pipelines/intents/config"


@pytest.fixture
def author(api: Any) -> Any:
    factories.a_pipeline()
    return api(factories.a_service("author"), "config:write")


def test_the_live_document_comes_back_as_it_may_be_sent_again(author: Any) -> None:
    answer = author.get(CONFIG)
    document = good(answer)
    assert (document["kind"], document["slug"]) == ("Pipeline", "intents")
    again = author("PUT", CONFIG, document, if_match=answer["ETag"])
    assert good(again)["number"] == 1
    assert again["ETag"] == answer["ETag"]
    assert PolicyVersion.objects.filter(kind="pipeline").count() == 1


def test_an_unchanged_document_is_a_304(author: Any) -> None:
    tag = author.get(CONFIG)["ETag"]
    answer = author.get(CONFIG, if_none_match=tag)
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)


def test_a_write_says_what_it_changes(author: Any) -> None:
    document = factories.pipeline_document(name="New name")
    problem(author("PUT", CONFIG, document), 428)
    problem(author("PUT", CONFIG, document, if_match='"stale"'), 412)
    tag = author.get(CONFIG)["ETag"]
    shown = good(author("PUT", CONFIG, document, if_match=f'"x", {tag}'))
    assert (shown["number"], shown["mode"], shown["author"]) == (2, "live", "author")
    assert shown["diff"] == [{"path": "/name", "old": "Intents", "new": "New name"}]
    problem(author("PUT", CONFIG, factories.pipeline_document(), if_match=tag), 412)
    assert good(author.get(CONFIG))["name"] == "New name"


def test_two_writers_who_read_the_same_cannot_both_write(author: Any) -> None:
    row = Pipeline.objects.get(slug="intents")
    seen = row.live
    said = {
        "pipeline_id": row.pk,
        "mode": configuration.PolicyMode.LIVE,
        "actor": None,
        "reason": "x",
        "now": factories.NOW,
        "read": seen,
    }
    configuration.put(source=factories.pipeline_document(name="One"), **said)
    with pytest.raises(configuration.PreconditionFailed):
        configuration.put(source=factories.pipeline_document(name="Two"), **said)


def test_yaml_is_taken_as_json_is(author: Any) -> None:
    raw = yaml.safe_dump(factories.pipeline_document(name="By YAML")).encode()
    answer = author("PUT", CONFIG, raw=raw, content_type="application/yaml", if_match="*")
    assert good(answer)["document"]["name"] == "By YAML"


def test_a_draft_changes_nothing_a_shadow_runs_beside_and_live_decides(author: Any) -> None:
    bot = factories.a_service("sender")
    careful = factories.pipeline_document()
    careful["routing"]["rules"][2]["tier"] = "mid"
    put = lambda mode: good(  # noqa: E731
        author("PUT", f"{CONFIG}?mode={mode}&reason=Too+lax", careful, if_match="*")
    )
    draft = put("draft")
    assert (draft["number"], draft["mode"], draft["reason"]) == (2, "draft", "Too lax")
    (row,) = factories.send(bot, factories.a_payload("low"))
    assert (row.disposition, row.shadow_routes.count()) == ("auto_approved", 0)
    assert put("shadow")["mode"] == "shadow"
    (row,) = factories.send(bot, factories.a_payload("low"))
    shadow = row.shadow_routes.get()
    assert (row.disposition, row.config_version.number) == ("auto_approved", 1)
    assert (shadow.disposition, shadow.tier, shadow.config_version.number) == (
        "in_review",
        "mid",
        2,
    )
    assert put("live")["mode"] == "live"
    (row,) = factories.send(bot, factories.a_payload("low"))
    assert (row.disposition, row.config_version.number) == ("in_review", 2)
    assert row.shadow_routes.count() == 0
    modes = {v["number"]: v["mode"] for v in good(author.get(f"{CONFIG}/versions"))["results"]}
    assert modes == {2: "live", 1: "draft"}
    assert [a.mode for a in PolicyActivation.objects.order_by("pk")] == ["live", "shadow", "live"]


def test_versions_are_listed_newest_first_and_shown_one_by_one(author: Any) -> None:
    for name in ("Second", "Third"):
        author("PUT", CONFIG, factories.pipeline_document(name=name), if_match="*")
    listed = good(author.get(f"{CONFIG}/versions"))
    assert [v["number"] for v in listed["results"]] == [3, 2, 1]
    assert [v["mode"] for v in listed["results"]] == ["live", "draft", "draft"]
    second = good(author.get(f"{CONFIG}/versions/2"))
    assert second["document"]["name"] == "Second"
    assert second["digest"] == listed["results"][1]["digest"]
    for number in (0, 4, 2**31, 2**63, 10**40):
        problem(author.get(f"{CONFIG}/versions/{number}"), 404)


def test_a_document_is_told_all_that_is_wrong_with_it(author: Any) -> None:
    document = factories.pipeline_document(nmae="x")
    document["routing"]["rules"][0]["when"] = "confidence <"
    document["tiers"]["mid"]["sla"] = "none"
    answer = author("PUT", CONFIG, document, if_match="*")
    problem(answer, 400, "/0/nmae", "/0/routing/rules/0/when", "/0/tiers/mid/sla")
    assert PolicyVersion.objects.filter(kind="pipeline").count() == 1


@pytest.mark.parametrize("slug", ["other", 7, None, ["intents"]])
def test_a_document_of_another_pipeline_is_refused(author: Any, slug: object) -> None:
    factories.a_pipeline("other")
    problem(author("PUT", CONFIG, factories.pipeline_document(slug=slug), if_match="*"), 400)
    problem(author("PUT", CONFIG, [factories.CALENDAR], if_match="*"), 400)
    problem(author("PUT", CONFIG, [], if_match="*"), 400)
    problem(author("PUT", CONFIG, [[]], if_match="*"), 400)


def test_what_is_neither_json_nor_yaml_is_refused(author: Any) -> None:
    for kind in ("text/plain", "application/xml", ""):
        problem(author("PUT", CONFIG, raw=b"{}", content_type=kind, if_match="*"), 415)
        problem(author("POST", "/apply", raw=b"{}", content_type=kind), 415)


def test_an_unknown_mode_is_refused(author: Any) -> None:
    answer = author("PUT", f"{CONFIG}?mode=on", factories.pipeline_document(), if_match="*")
    problem(answer, 400, "/mode")


def test_a_pipeline_out_of_reach_is_a_404(api: Any, author: Any) -> None:
    factories.a_pipeline("other")
    for path in ("/pipelines/other/config", "/pipelines/none/config"):
        problem(author.get(path), 404)
        problem(author("PUT", path, factories.pipeline_document(), if_match="*"), 404)
        problem(author.get(f"{path}/versions"), 404)
        problem(author.get(f"{path}/versions/1"), 404)


# -- Applying ----------------------------------------------------------------------------------


def everything() -> list[dict[str, Any]]:
    person = {
        "kind": "Person", "username": "maria", "email": "maria@example.org", "roles": ["lead"],
        "pipelines": ["intents"],
    }  # fmt: skip
    return [
        person, factories.pipeline_document(), *factories.ROLES, factories.SLA, factories.CALENDAR,
    ]  # fmt: skip


def test_an_administrator_applies_a_list_in_any_order_twice(api: Any, admin_user: User) -> None:
    caller = api(admin_user, "admin")
    shown = good(caller.post("/apply", everything()))
    assert [(r["kind"], r["slug"]) for r in shown["results"]][:2] == [
        ("Person", "maria"), ("Pipeline", "intents"),
    ]  # fmt: skip
    assert {r["outcome"] for r in shown["results"]} == {"created"}
    again = good(caller.post("/apply", everything()))
    assert {(r["outcome"], str(r["diff"])) for r in again["results"]} == {("unchanged", "[]")}
    changed = everything()
    changed[1]["name"] = "Other"
    results = good(caller.post("/apply", changed))["results"]
    assert [r["outcome"] for r in results].count("changed") == 1
    assert results[1]["diff"] == [{"path": "/name", "old": "Intents", "new": "Other"}]


def test_a_yaml_stream_is_applied(api: Any, admin_user: User) -> None:
    raw = yaml.safe_dump_all(everything()).encode()
    caller = api(admin_user, "admin")
    answer = caller("POST", "/apply", raw=raw, content_type="application/yaml")
    assert len(good(answer)["results"]) == len(everything())
    assert Pipeline.objects.get().live is not None


def test_a_dry_run_says_the_same_and_writes_nothing(api: Any, admin_user: User) -> None:
    caller = api(admin_user, "admin")
    events = AuditEvent.objects.count()
    tried = good(caller.post("/apply?dry_run=true", everything()))
    assert not Pipeline.objects.exists()
    assert not Role.objects.exists()
    assert AuditEvent.objects.count() == events
    assert good(caller.post("/apply", everything())) == tried


def test_one_fault_leaves_everything_unwritten(api: Any, admin_user: User) -> None:
    documents = everything()
    documents[0]["roles"] = ["boss"]
    documents[1]["tiers"]["mid"]["decisions"] = -1
    told = problem(
        api(admin_user, "admin").post("/apply", documents),
        400, "/0/roles/0", "/1/tiers/mid/decisions",
    )  # fmt: skip
    assert "nothing was written" in told["detail"]
    assert not Pipeline.objects.exists()


@pytest.mark.parametrize(
    "raw", [b"a: [", b"a: &x 1\nb: *x", b"!!python/object:os.system {}", b"\xff", b"- - - 1"]
)
def test_yaml_that_is_none_is_a_400(api: Any, admin_user: User, raw: bytes) -> None:
    caller = api(admin_user, "admin")
    problem(caller("POST", "/apply", raw=raw, content_type="application/yaml"), 400)


@pytest.mark.parametrize("documents", [[], [[]], ["x"], [None], {}, [{}], [{"kind": []}]])
def test_documents_that_are_none_are_a_400_or_nothing(
    api: Any, admin_user: User, documents: Any
) -> None:
    answer = api(admin_user, "admin").post("/apply", raw=json.dumps(documents).encode())
    if documents in ([], {}, [{}]):
        assert good(answer) == {"results": []}
    else:
        problem(answer, 400)


@pytest.mark.parametrize("document", [factories.CALENDAR, factories.SLA, *factories.ROLES[:1]])
def test_what_belongs_to_all_is_written_by_an_administrator(
    author: Any, document: dict[str, Any]
) -> None:
    problem(author.post("/apply", [document]), 403)


def test_a_token_without_the_scope_admin_makes_no_person_and_no_pipeline(author: Any) -> None:
    person = everything()[0] | {"username": "eve"}
    problem(author.post("/apply", [person]), 403)
    problem(author.post("/apply", [factories.pipeline_document(slug="new")]), 404)
    problem(author.post("/apply", [factories.pipeline_document(slug=["intents"])]), 404)
    changed = good(author.post("/apply", [factories.pipeline_document(name="Mine")]))
    assert changed["results"][0]["outcome"] == "changed"


def test_the_scope_admin_of_a_member_reaches_no_further_than_membership(api: Any) -> None:
    factories.a_pipeline()
    caller = api(factories.a_service(), "admin")
    problem(caller.post("/apply", [everything()[0]]), 403)
    problem(caller.post("/apply", [factories.pipeline_document(slug="new")]), 404)


def test_a_password_is_never_taken_over_http(api: Any, admin_user: User) -> None:
    caller = api(admin_user, "admin")
    factories.a_pipeline()
    literal = everything()[0] | {"password": "hunter2hunter2"}
    problem(caller.post("/apply", [literal]), 400, "/0/password")
    named = everything()[0] | {"password_from_env": "PATH"}
    problem(caller.post("/apply", [named]), 400, "/0/password_from_env")


def test_a_person_is_made_no_administrator_by_a_document(api: Any, admin_user: User) -> None:
    factories.a_pipeline()
    caller = api(admin_user, "admin")
    person = {
        "kind": "Person", "username": "eve", "email": "eve@example.org", "roles": [],
        "pipelines": [],
    }  # fmt: skip
    for name in ("is_superuser", "is_staff", "is_active", "groups", "user_permissions", "password"):
        problem(caller.post("/apply", [person | {name: True}]), 400, f"/0/{name}")
    assert not User.objects.filter(username="eve").exists()
