import json

import pytest

from governance.domain.documents.diffs import diff
from governance.domain.documents.sources import UnreadableSource, load
from tests.spending import spent


def test_dates_and_times_of_day_stay_text():
    text = "a: 2026-12-24\nb: 24:00\nc: 09:30\nd: 2026-12-24T10:00:00Z\ne: [12:30-13:00]"
    assert load(text, "f") == [
        {"a": "2026-12-24", "b": "24:00", "c": "09:30", "d": "2026-12-24T10:00:00Z",
         "e": ["12:30-13:00"]}
    ]  # fmt: skip


def test_norway_is_a_country_and_yes_is_a_word():
    assert load("country: NO\nchoices: [yes, no, on, off, y]\nb: [true, False]", "f") == [
        {"country": "NO", "choices": ["yes", "no", "on", "off", "y"], "b": [True, False]}
    ]


def test_numbers_are_numbers():
    assert load("[0, -4, 0.05, +7, .5]", "f") == [0, -4, 0.05, 7, 0.5]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_is_taken_alone_as_a_list_and_as_a_stream(ascii_only):
    documents = [{"kind": "Role", "text": "grüße 😀 \U0001f469‍⚖️"}, {"n": 1.5, "m": None}]
    texts = [json.dumps(d, ensure_ascii=ascii_only) for d in documents]
    assert load(json.dumps(documents, ensure_ascii=ascii_only), "f") == documents
    assert load("\n---\n".join(texts), "f") == documents
    assert load(texts[0], "f") == documents[:1]


def test_a_stream_may_have_empty_documents_and_one_list():
    assert load("---\n---\na: 1\n---\n", "f") == [{"a": 1}]
    assert load("- a: 1\n- a: 2", "f") == [{"a": 1}, {"a": 2}]
    assert load("", "f") == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a: 1\nb: 2\na: 3", "line 3"),
        ('{"a": 1, "a": 2}', "twice"),
        ("a:\n  - b\n c: d", "line 3"),
        ("a: &x [1]\nb: *x", "Aliases"),
        ("a: !!python/object/apply:os.system [ls]", "python"),
        ("a: !!binary aGk=", "binary"),
        ("a: !!set {x, y}", "set"),
        ("a: !!timestamp 2026-12-24", "timestamp"),
        ("a: !!omap [a: 1]", "omap"),
        ("a: !!bool maybe", "maybe"),
        ("<<: {a: 1}", "merge"),
        ("? [a]\n: 1", "line 1"),
        ('a: "\\ud800"', "line 1"),
        ('b: 1\n"\\udc00": 1', "line 2"),
        ("[" * 5000, "depth"),
        ("a: {" * 3000, "depth"),
        ("\x00a: 1", "#x0000"),
        ("x" * (2 * 2**20 + 1), "larger"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_origin_and_place(text, word):
    with pytest.raises(UnreadableSource) as raised:
        load(text, "setup.yaml")
    assert str(raised.value).startswith("setup.yaml: ")
    assert word in str(raised.value)
    assert "unicode string" not in str(raised.value)


def test_an_alias_bomb_is_refused_at_once():
    bomb = 'a: &a ["x","x","x"]\n' + "\n".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]" for i in range(9)
    )

    def refused():
        with pytest.raises(UnreadableSource):
            load(bomb, "f")

    assert spent(refused) < 50


def test_a_large_json_list_is_read_quickly():
    people = [{"kind": "Person", "username": f"p{i}", "roles": ["a", "b"]} for i in range(20_000)]
    text = json.dumps(people)
    assert load(text, "f") == people
    assert spent(lambda: load(text, "f")) < 50 * spent(lambda: json.loads(text))


def test_a_difference_is_told_by_its_path():
    old = {"tiers": {"mid": {"sla": "a", "n": 1}}, "gone": 1, "same": [1]}
    new = {"tiers": {"mid": {"sla": "b", "n": 1}}, "same": [1], "a/b~c": 2}
    assert diff(old, new) == [
        {"path": "/a~1b~0c", "new": 2},
        {"path": "/gone", "old": 1},
        {"path": "/tiers/mid/sla", "old": "a", "new": "b"},
    ]
    assert diff(old, old) == []


def test_named_members_of_a_list_are_compared_by_name():
    old = {"rules": [{"name": "a", "when": "x"}, {"name": "b", "when": "y"}]}
    new = {"rules": [{"name": "a", "when": "z"}, {"name": "b", "when": "y"}]}
    assert diff(old, new) == [{"path": "/rules/a/when", "old": "x", "new": "z"}]


def test_a_new_order_of_rules_is_a_change_of_the_whole_list():
    rules = [{"name": "a", "tier": "x"}, {"name": "b", "tier": "y"}]
    (change,) = diff({"rules": rules}, {"rules": rules[::-1]})
    assert change == {"path": "/rules", "old": rules, "new": rules[::-1]}


def test_of_something_new_everything_differs():
    assert diff({}, {"a": 1, "b": {"c": 2}}) == [
        {"path": "/a", "new": 1},
        {"path": "/b", "new": {"c": 2}},
    ]
