"""The form of an SLA policy: targets, what counts, and the ladder, each fault at its field."""

from copy import deepcopy
from typing import Any

import pytest

from governance.models import SLAPolicy
from tests import factories
from tests.governance.admin.test_configuration import filled, page_of

pytestmark = pytest.mark.django_db
WHY = "The quarter's review asked for it"
ADD = "/admin/governance/slapolicy/add/"
LADDER: dict[str, Any] = {
    "levels": [
        {"notify": ["role:lead"], "actions": ["notify"]},
        {"delay": "PT2H", "notify": ["user:maria"], "actions": ["notify", "reassign"]},
    ],
    "repeat": 1,
    "ack_timeout": "PT30M",
    "catch_up": "jump",
}


@pytest.fixture
def client(browser, admin_user):
    factories.a_pipeline()
    factories.a_person("maria")
    return browser(admin_user)


def with_ladder(**changes: Any) -> SLAPolicy:
    factories.apply(deepcopy(factories.SLA) | {"ladder": LADDER} | changes)
    return SLAPolicy.objects.get(slug="quick")


def errors(client, row: SLAPolicy, **changes: Any) -> dict[str, list[str]]:
    sent = filled(client, page_of(row)) | {"reason": WHY} | changes
    response = client.post(page_of(row), sent)
    assert response.status_code == 200, "it was saved"
    form = response.context["adminform"].form
    page = response.content.decode()
    for field in form.errors:
        assert field == "__all__" or f'name="{field}"' in page, field
    return form.errors


def save(client, row: SLAPolicy, **changes: Any) -> SLAPolicy:
    sent = filled(client, page_of(row)) | {"reason": WHY} | changes
    response = client.post(page_of(row), sent)
    assert response.status_code == 302, response.context["adminform"].form.errors
    row.refresh_from_db()
    return row


def test_a_policy_is_made_with_all_that_its_document_has(client) -> None:
    sent = {
        "slug": "slow", "calendar": SLAPolicy.objects.get().calendar_id, "claim": "PT2H",
        "decide": "P1D", "at_risk": "0.5", "start": "occurred_at", "max_backdate": "PT2H",
        "max_pause_days": "3", "reopen": "resume", "reopen_target": "PT1H",
        "level_1_notify": "role:lead, user:maria", "level_1_actions": ["notify", "raise_priority"],
        "level_3_delay": "PT1H", "level_3_basis": "wall", "level_3_notify": "role:lead",
        "repeat": "2", "ack_timeout": "PT20M", "catch_up": "jump", "final": "expire_unreviewed",
        "reason": WHY,
    }  # fmt: skip
    assert client.post(ADD, sent).status_code == 302
    document = SLAPolicy.objects.get(slug="slow").current.document
    assert document["targets"] == {"claim": "PT2H", "decide": "PT24H"}
    options = {name: document[name] for name in ("start", "max_backdate", "max_pause_days")}
    assert options == {"start": "occurred_at", "max_backdate": "PT2H", "max_pause_days": 3}
    assert (document["reopen"], document["reopen_target"]) == ("resume", "PT1H")
    assert document["ladder"] == {
        "levels": [
            {
                "delay": "PT0S", "basis": "calendar", "notify": ["role:lead", "user:maria"],
                "actions": ["notify", "raise_priority"],
            },
            {"delay": "PT1H", "basis": "wall", "notify": ["role:lead"], "actions": []},
        ],
        "repeat": 2, "ack_timeout": "PT20M", "catch_up": "jump", "final": "expire_unreviewed",
    }  # fmt: skip


def test_a_form_that_is_sent_back_unchanged_publishes_nothing(client) -> None:
    row = with_ladder(start="occurred_at", reopen="resume", reopen_target="PT1H")
    before, number = row.current.document, row.current.number
    assert save(client, row).current.document == before
    assert row.current.number == number


def test_levels_are_added_in_empty_rows_and_taken_away_by_clearing_them(client) -> None:
    row = with_ladder()
    save(client, row, level_3_delay="PT4H", level_3_notify="role:lead")
    assert [level["delay"] for level in row.ladder["levels"]] == ["PT0S", "PT2H", "PT4H"]
    cleared = {f"level_1_{part}": "" for part in ("delay", "notify")} | {"level_1_actions": []}
    save(client, row, **cleared)
    assert [level["delay"] for level in row.ladder["levels"]] == ["PT2H", "PT4H"]
    gone = {f"level_{n}_{part}": "" for n in (1, 2) for part in ("delay", "notify")}
    save(client, row, **gone, level_1_actions=[], level_2_actions=[])
    assert row.ladder == {}


def test_there_are_always_empty_levels_up_to_the_most_there_may_be(client) -> None:
    level = {"notify": ["role:lead"], "actions": ["notify"]}
    for there, offered in ((2, 5), (18, 20), (20, 20)):
        row = with_ladder(ladder={"levels": [level] * there})
        fields = client.get(page_of(row)).context["adminform"].form.fields
        assert sum(name.endswith("_notify") for name in fields) == offered


@pytest.mark.parametrize("target", ["PT0S", "P0D", "PT0H0M"])
def test_row_41_a_target_of_zero_is_refused_at_its_field(client, target) -> None:
    row = with_ladder()
    for name in ("claim", "decide", "adjudicate", "signoff", "reopen_target", "ack_timeout"):
        found = errors(client, row, **{name: target})
        assert [*found] == [name]
        assert "longer than" in found[name][0]


def test_row_41_no_target_is_no_fault_and_is_shown_as_no_target(client, browser) -> None:
    row = save(client, with_ladder(), claim="")
    assert row.targets == {"decide": "PT4H"}
    auditor = browser(factories.a_person("eve", roles=("auditor",), skills=()))
    page = auditor.get(page_of(row)).content.decode()
    assert "Claim: no target" in page
    assert "Decide: 4 hours" in page


def test_row_60_a_ladder_that_ends_in_an_approval_is_refused(client) -> None:
    found = errors(client, with_ladder(), final="auto_approve")
    assert found == {"final": ["A ladder ends in expire_unreviewed; it never ends in an approval."]}


def test_faults_of_a_ladder_stand_at_the_level_that_has_them(client) -> None:
    row = with_ladder()
    found = errors(client, row, level_1_notify="role:lead, role:nobody", level_4_delay="later")
    assert [*found] == ["level_1_notify", "level_4_delay"]
    assert "role:nobody" in found["level_1_notify"][0]
    assert "PT4H" in found["level_4_delay"][0]
    # An empty level between them does not move the fault.
    found = errors(
        client, row, level_2_delay="", level_2_notify="", level_2_actions=[],
        level_4_notify="user:nobody",
    )  # fmt: skip
    assert [*found] == ["level_4_notify"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repeat", "-1"), ("repeat", "21"), ("repeat", "often"), ("catch_up", "never"),
        ("level_1_actions", ["approve"]), ("level_1_basis", "lunar"), ("level_2_delay", "-PT1H"),
        ("ack_timeout", "soon"), ("max_pause_days", "0"), ("max_pause_days", "366"),
        ("max_backdate", "PT0S"), ("max_backdate", ""), ("start", "tomorrow"),
        ("reopen", "never"), ("at_risk", "0.9, 0.5"), ("at_risk", "1.5"), ("at_risk", "x"),
    ],
)  # fmt: skip
def test_what_a_policy_may_not_say_is_told_at_its_field(client, name, value) -> None:
    assert [*errors(client, with_ladder(), **{name: value})] == [name]


@pytest.mark.parametrize("value", ["\x00", "x" * 5000, "😀" * 300, "role:\x00", "P999999999999D"])
def test_odd_words_break_nothing(client, value) -> None:
    row = with_ladder()
    for name in ("claim", "level_1_delay", "level_1_notify", "level_2_actions", "repeat", "final"):
        assert name in errors(client, row, **{name: value}), name


def test_a_level_beyond_the_form_is_not_taken(client) -> None:
    row = save(client, with_ladder(), level_21_notify="role:lead", level_0_notify="role:lead")
    assert len(row.ladder["levels"]) == 2


def test_an_auditor_reads_a_policy_in_words_and_its_history(client, browser) -> None:
    row = with_ladder(max_pause_days=2)
    auditor = browser(factories.a_person("eve", roles=("auditor",), skills=()))
    page = " ".join(auditor.get(page_of(row)).content.decode().split())
    for words in (
        "Claim: 1 hour", "Decide: 4 hours", "75%, 90%", "At the breach", "role:lead", "user:maria",
        "2 hours of business time after level 1", "Tell them, Give the item to one of them",
        "The levels begin again 1 time.", "30 minutes of business time", "as at first",
        "The item expires unreviewed",
    ):  # fmt: skip
        assert words in page, words
    assert "PT2H" in auditor.get(page_of(row, "history")).content.decode()
