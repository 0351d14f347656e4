"""History in the admin: who, when, why and what; page by page, and two versions side by side."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.admin.configuration import ConfigurationAdmin
from governance.admin.history import AT_ONCE
from governance.models import Pipeline, Tier
from governance.selectors import histories
from tests import factories, world

pytestmark = pytest.mark.django_db
WHY = "The quarter's review asked for it"
PARTS = {Tier: "pipeline_id"}


def page_of(row: Any) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_history", args=[row.pk])


def newest(row: Any, count: int, parts: Any = PARTS) -> list[histories.Entry]:
    keys = [histories.key_of(member) for member in histories.keys(row, parts)[:count]]
    return histories.entries(row, parts, keys)


def say(pipeline: Pipeline, guideline: str, actor: Any = None, why: str = WHY) -> histories.Entry:
    pipeline.guideline = guideline
    pipeline.because(actor, why).save()
    return newest(pipeline, 1)[0]


@pytest.fixture
def pipeline(db: None) -> Pipeline:
    return factories.a_pipeline()


@pytest.fixture
def root(browser: Any) -> Any:
    return browser(factories.an_administrator("keeper"))


def test_each_change_says_who_when_why_and_what_field_by_field(pipeline, root, admin_user) -> None:
    tier = pipeline.tiers.get(slug="mid")
    tier.criteria = "Doubtful"
    tier.because(admin_user, WHY).save()
    say(pipeline, "Read twice.", admin_user)
    found = newest(pipeline, 2)
    assert [entry.what for entry in found] == ["pipeline intents", "tier mid"]
    assert {(entry.actor, entry.reason) for entry in found} == {(admin_user, WHY)}
    changes = {change["path"]: change for entry in found for change in entry.changes}
    assert changes["/criteria"] == {"path": "/criteria", "old": "Unsure", "new": "Doubtful"}
    assert changes["/guideline"]["new"] == "Read twice."
    assert "Doubtful" in root.get(page_of(pipeline)).content.decode()
    assert root.post(page_of(pipeline), {"reason": WHY}).status_code == 403


def test_the_history_is_read_to_its_beginning_page_by_page(pipeline, root) -> None:
    for number in range(AT_ONCE * 2):
        say(pipeline, f"Edition {number}.")
    total = histories.keys(pipeline, root_parts()).count()
    seen: list[str] = []
    texts = ""
    for number in range(1, total // AT_ONCE + 2):
        shown = root.get(page_of(pipeline), {"page": number}).content.decode()
        texts += shown
        seen += re.findall(r'<article class="entry" id="([^"]+)"', shown)
    assert len(seen) == len(set(seen)) == total > 2 * AT_ONCE
    assert "Edition 0." in texts
    # The change before the first of a page stands on the next; what it was is known all the same.
    assert newest(pipeline, AT_ONCE)[-1].changes[0]["old"] == f"Edition {AT_ONCE - 1}."


def root_parts() -> Any:
    return admin.site._registry[Pipeline].parts  # type: ignore[attr-defined]


def test_a_page_of_history_takes_as_many_queries_for_one_change_as_for_many(pipeline, root) -> None:
    root.get(page_of(pipeline))

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            root.get(page_of(pipeline))
        return len(seen)

    few = asked()
    for number in range(30):
        say(pipeline, f"Edition {number}.")
    assert asked() == few


def test_any_two_versions_stand_side_by_side_the_earlier_first(pipeline, root, admin_user) -> None:
    first = say(pipeline, "Read the text twice.", why="Mistakes")
    say(pipeline, "Nonsense", why="A slip")
    last = say(pipeline, "Read the text thrice.", admin_user)
    for one, other in ((first, last), (last, first)):
        shown = root.get(page_of(pipeline), {"from": str(one.key), "to": str(other.key)})
        assert [version.key for version in shown.context["versions"]] == [first.key, last.key]
        text = shown.content.decode()
        assert "Read the text <del>twice</del>." in text
        assert "Read the text <ins>thrice</ins>." in text
        assert "Nonsense" not in text
        assert all(word in text for word in ("Mistakes", "the system", admin_user.username))
        assert [row["what"] for row in shown.context["rows"]] == ["pipeline intents"]


def test_parts_are_compared_as_they_were_then_those_that_came_and_went_too(pipeline, root) -> None:
    before = newest(pipeline, 1)[0]
    tier = pipeline.tiers.get(slug="high")
    tier.criteria = "Very, very unsure"
    tier.because(None, WHY).save()
    made = Tier(pipeline=pipeline, slug="more", criteria="New", decisions=0, position=9)
    made.because(None, WHY).save()
    between = newest(pipeline, 1)[0]
    made.because(None, WHY).delete()
    after = newest(pipeline, 1)[0]

    def told(one: histories.Entry, other: histories.Entry) -> dict[str, tuple[bool, bool]]:
        shown = root.get(page_of(pipeline), {"from": str(one.key), "to": str(other.key)})
        return {row["what"]: (row["added"], row["gone"]) for row in shown.context["rows"]}

    assert told(before, between) == {"tier high": (False, False), "tier more": (True, False)}
    assert told(between, after) == {"tier more": (False, True)}
    assert told(before, after) == {"tier high": (False, False)}
    assert told(after, after) == {}


def test_all_fields_are_shown_when_asked_for(pipeline, root) -> None:
    one, other = say(pipeline, "Twice."), say(pipeline, "Thrice.")
    both = {"from": str(one.key), "to": str(other.key)}
    fields = [
        {field["path"] for row in root.get(page_of(pipeline), asked).context["rows"]
         for field in row["fields"]}
        for asked in (both, both | {"all": ""})
    ]  # fmt: skip
    assert fields[0] == {"/guideline"}
    assert fields[1] > {"/guideline", "/slug", "/criteria"}


def test_the_chosen_version_stays_while_pages_are_turned(pipeline, root) -> None:
    key = str(say(pipeline, "Twice.").key)
    for number in range(AT_ONCE):
        say(pipeline, f"Edition {number}.")
    shown = root.get(page_of(pipeline), {"chosen": key}).content.decode()
    assert f"?page=2&amp;chosen={key}" in shown
    assert f"?from={key}&amp;to=pipeline-" in shown


@pytest.mark.parametrize("place", ["from", "to", "chosen"])
@pytest.mark.parametrize("text", ["", "pipeline", "tier-0", "role-1", "pipeline-²", "x" * 900])
def test_what_is_no_version_of_the_row_is_not_there(pipeline, root, place, text) -> None:
    assert root.get(page_of(pipeline), {place: text}).status_code == 404


def test_a_version_of_another_row_is_not_there(pipeline, root) -> None:
    other = say(factories.a_pipeline("other"), "Theirs.")
    own = newest(pipeline, 1)[0]
    asked = {"from": str(own.key), "to": str(other.key)}
    assert root.get(page_of(pipeline), asked).status_code == 404


def test_what_was_written_is_shown_and_not_run(pipeline, root) -> None:
    one, other = say(pipeline, "Read <b>it</b>."), say(pipeline, "Read <script>it</script>\u202e.")
    shown = root.get(page_of(pipeline), {"from": str(one.key), "to": str(other.key)})
    text = shown.content.decode()
    assert "<script>it" not in text
    assert "&lt;" in text
    assert "\u202e" not in text


def test_two_versions_of_every_kind_of_configuration_can_be_compared(root) -> None:
    world.build()
    compared = set()
    for model, page in admin.site._registry.items():
        row = model._default_manager.first()
        if not isinstance(page, ConfigurationAdmin) or row is None:
            continue
        assert root.get(page_of(row)).status_code == 200, model
        keys = [str(histories.key_of(each)) for each in histories.keys(row, page.parts)]
        shown = root.get(page_of(row), {"from": keys[0], "to": keys[-1], "all": ""})
        assert shown.status_code == 200, model
        assert shown.context["rows"], model
        compared.add(model.__name__)
    assert compared == {
        "Calendar", "DataSource", "Pipeline", "RetentionRule", "Role", "SLAPolicy",
        "SignaturePolicy", "Tier", "User",
    }  # fmt: skip
