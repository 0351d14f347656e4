import copy
import json
import os
import random
import re
from pathlib import Path

import pytest

from governance.domain.canonical import digest
from governance.domain.documents import InvalidDocuments, Known, validate
from governance.domain.documents.pipeline import most_careful_tier
from governance.domain.documents.sources import load

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("COUNTERSIGN_SHARED") or ROOT.parent / "shared")
KNOWN = Known(
    calendars=frozenset({"london"}),
    sla_policies=frozenset({"quick"}),
    roles=frozenset({"lead", "expert"}),
    usernames=frozenset({"maria"}),
    pipelines=frozenset({"cards"}),
)
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def calendar(**change):
    base = {"kind": "Calendar", "slug": "c", "timezone": "Europe/London",
            "windows": {"mon": ["09:00-17:30"], "fri": ["13:00-17:00", "09:00-12:00"]}}  # fmt: skip
    return base | change


def sla(**change):
    base = {"kind": "SLAPolicy", "slug": "s", "calendar": "london",
            "targets": {"claim": "PT1H", "decide": "P1D"}, "at_risk": [0.75, 0.9],
            "ladder": {"levels": [{"delay": "PT0S", "notify": ["role:lead", "user:maria"],
                                   "actions": ["raise_priority"]}]}}  # fmt: skip
    return base | change


def role(**change):
    return {"kind": "Role", "slug": "r", "permissions": ["review"],
            "expectations": {"agreement_min": 0.8}} | change  # fmt: skip


def person(**change):
    return {"kind": "Person", "username": "p.q+r@x_y-z", "email": "p@example.org",
            "roles": ["lead", "expert"], "pipelines": ["cards"],
            "skills": [{"name": "b"}, {"name": "a", "level": 3, "expires": "2027-06-30"}],
            "timezone": "Europe/London", "password_from_env": "P_PASSWORD"} | change  # fmt: skip


def pipeline(**change):
    return {
        "kind": "Pipeline", "slug": "pl", "name": "Cards",
        "question": {"kind": "choice", "prompt": "Which?", "choices": ["a", "b"]},
        "reason_codes": ["model_error"],
        "queues": {"general": {"backup": "experts"}, "experts": {"skills": ["z", "a"]}},
        "tiers": {
            "low": {"decisions": 0, "monitor_rate": 0.05},
            "mid": {"decisions": 1, "sla": "quick", "rationale": "on_change"},
            "high": {"decisions": 2, "max_decisions": 3, "agreement_min": 1.0, "blind": True,
                     "adjudicate_by": "expert", "rationale": "always",
                     "checklist": [{"key": "read", "text": "Read"}]},
        },
        "routing": {
            "rules": [{"name": "unsure", "when": "confidence < 0.6", "tier": "mid",
                       "queue": "general", "skills": ["z", "a"], "priority": 3},
                      {"name": "sure", "when": "confidence >= 0.6", "tier": "low"}],
            "default": {"tier": "mid", "queue": "general"},
            "random_slice": 0.02,
        },
        "gold": {"rate": 0.03, "pause_below": 0.8, "after": 20},
        "privacy": {"subject_field": "subject.ref", "retain_days": 730},
    } | change  # fmt: skip


ALL = (calendar, sla, role, person, pipeline)


def at(document, path, value):
    """Return a copy of a document with the member at a pointer replaced; ... removes it."""
    document = copy.deepcopy(document)
    *steps, last = [int(s) if s.isdigit() else s for s in path.split("/")[1:]]
    target = document
    for step in steps:
        target = target[step]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return document


def faults(*documents, known=KNOWN):
    with pytest.raises(InvalidDocuments) as raised:
        validate(documents, known)
    return {(fault.pointer, fault.code) for fault in raised.value.faults}


def sentences(*documents):
    with pytest.raises(InvalidDocuments) as raised:
        validate(documents, KNOWN)
    return " ".join(fault.detail for fault in raised.value.faults)


def again(parsed):
    name = "username" if parsed.kind == "Person" else "slug"
    return {"kind": parsed.kind, name: parsed.slug, **parsed.document}


def shuffled(value, rng):
    if isinstance(value, dict):
        items = [(key, shuffled(entry, rng)) for key, entry in value.items()]
        rng.shuffle(items)
        return dict(items)
    return [shuffled(entry, rng) for entry in value] if isinstance(value, list) else value


@pytest.mark.parametrize("make", ALL)
def test_a_normal_document_stays_as_it_is(make):
    (parsed,) = validate([make()], KNOWN)
    assert validate([again(parsed)], KNOWN) == [parsed]
    assert validate([json.loads(json.dumps(again(parsed)))], KNOWN) == [parsed]


@pytest.mark.parametrize("make", ALL)
def test_the_digest_does_not_depend_on_the_order_of_keys(make):
    (parsed,) = validate([make()], KNOWN)
    for seed in range(20):
        (other,) = validate([shuffled(make(), random.Random(seed))], KNOWN)
        assert digest(other.document) == digest(parsed.document)


@pytest.mark.parametrize("make", ALL)
def test_an_unknown_field_is_named_with_the_nearest_known_one(make):
    assert ("/0/tmezone", "unknown_field") in faults(make(tmezone="x"))
    assert "Did you mean 'routing'?" in sentences(pipeline(ruoting={}))
    assert "Did you mean 'DE'?" in sentences(calendar(holidays={"country": "de"}))
    part = {"country": "DE", "subdivision": "Berlin-Brandenburg"}
    assert "Did you mean 'Brandenburg'?" in sentences(calendar(holidays=part))


def test_every_fault_of_every_document_is_told_at_once():
    found = faults(
        calendar(timezone="Mars/Base"),
        sla(calendar="paris"),
        role(permissions=["revew"]),
        person(password="secret"),
        at(pipeline(), "/routing/rules/0/when", "confidence <"),
        {"kind": "Pipline", "slug": "x"},
        {"slug": "x"},
        "text",
    )
    assert found >= {
        ("/0/timezone", "unknown"), ("/1/calendar", "unknown"), ("/2/permissions/0", "unknown"),
        ("/3/password", "secret"), ("/4/routing/rules/0/when", "expression"),
        ("/5/kind", "unknown"), ("/6/kind", "required"), ("/7", "type"),
    }  # fmt: skip


def test_documents_of_one_batch_may_refer_to_each_other_in_any_order():
    batch = [
        pipeline(slug="cards", tiers={"mid": {"decisions": 1, "sla": "s", "adjudicate_by": "r"}},
                 routing={"default": {"tier": "mid", "queue": "general"}}),
        person(roles=["r"]),
        sla(calendar="c", ladder={"levels": [{"notify": ["role:r", "user:p.q+r@x_y-z"]}]}),
        role(),
        calendar(),
    ]  # fmt: skip
    assert [parsed.kind for parsed in validate(batch, Known())] == [d["kind"] for d in batch]
    assert ("/0/tiers/mid/sla", "unknown") in faults(batch[0], known=Known())


def test_the_same_document_twice_is_refused():
    assert faults(role(), role()) == {("/1", "duplicate")}


BROKEN = [
    (calendar, "/slug", "Upper", "/slug", "slug"),
    (calendar, "/slug", "-x", "/slug", "slug"),
    (calendar, "/slug", "x" * 64, "/slug", "slug"),
    (calendar, "/slug", ..., "/slug", "required"),
    (calendar, "/timezone", ..., "/timezone", "required"),
    (calendar, "/windows", {}, "/windows", "empty"),
    (calendar, "/windows", ["09:00-17:00"], "/windows", "type"),
    (calendar, "/windows/mon", ["09:00-24:01"], "/windows/mon/0", "window"),
    (calendar, "/windows/mon", ["9-17"], "/windows/mon/0", "window"),
    (calendar, "/windows/mon", ["17:00-09:00"], "/windows/mon/0", "window"),
    (calendar, "/windows/mon", ["09:60-10:00"], "/windows/mon/0", "window"),
    (calendar, "/windows/mon", [540], "/windows/mon/0", "window"),
    (calendar, "/windows/mon", ["09:00-12:00", "11:59-13:00"], "/windows/mon/1", "overlap"),
    (calendar, "/windows/monday", ["09:00-12:00"], "/windows/monday", "unknown_field"),
    (calendar, "/holidays", ["24.12.2026"], "/holidays", "date"),
    (calendar, "/holidays", "DE", "/holidays", "type"),
    (calendar, "/holidays", ["2026-12-25"] * 1001, "/holidays", "type"),
    (calendar, "/holidays", {}, "/holidays/country", "required"),
    (calendar, "/holidays", {"country": "ZZ"}, "/holidays/country", "unknown"),
    (calendar, "/holidays", {"country": "utils"}, "/holidays/country", "unknown"),
    (calendar, "/holidays", {"country": "NYSE"}, "/holidays/country", "unknown"),
    (calendar, "/holidays", {"country": ["DE"]}, "/holidays/country", "type"),
    (calendar, "/holidays", {"country": "DE", "subdivision": "ZZ"},
     "/holidays/subdivision", "unknown"),
    (calendar, "/holidays", {"country": "AF", "subdivision": "X"},
     "/holidays/subdivision", "unknown"),
    (calendar, "/holidays", {"country": " "}, "/holidays/country", "blank"),
    (calendar, "/exceptions", [{"date": "2026-12-24", "windows": []}] * 2,
     "/exceptions/1/date", "duplicate"),
    (calendar, "/exceptions", [{"windows": ["09:00-12:00"]}], "/exceptions/0/date", "required"),
    (sla, "/calendar", ..., "/calendar", "required"),
    (sla, "/targets/claim", "PT0S", "/targets/claim", "duration"),
    (sla, "/targets/claim", "4 hours", "/targets/claim", "duration"),
    (sla, "/targets/claim", 4, "/targets/claim", "type"),
    (sla, "/targets/close", "PT1H", "/targets/close", "unknown_field"),
    (sla, "/at_risk", [0.9, 0.75], "/at_risk", "range"),
    (sla, "/at_risk", [0.5, 0.5], "/at_risk", "range"),
    (sla, "/at_risk", [1.0], "/at_risk", "range"),
    (sla, "/at_risk", [0], "/at_risk", "range"),
    (sla, "/at_risk", ["0.5"], "/at_risk", "range"),
    (sla, "/ladder/final", "auto_approve", "/ladder/final", "final"),
    (sla, "/ladder/levels/0/notify", ["role:nobody"], "/ladder/levels/0/notify/0", "unknown"),
    (sla, "/ladder/levels/0/notify", ["maria"], "/ladder/levels/0/notify/0", "unknown"),
    (sla, "/ladder/levels/0/actions", ["approve"], "/ladder/levels/0/actions/0", "unknown"),
    (sla, "/ladder/repeat", -1, "/ladder/repeat", "range"),
    (role, "/permissions", ["review", "review"], "/permissions/1", "duplicate"),
    (role, "/expectations/agreement_min", 1.5, "/expectations/agreement_min", "range"),
    (role, "/expectations/speed", 1, "/expectations/speed", "unknown_field"),
    (person, "/username", "a b", "/username", "username"),
    (person, "/username", "x" * 151, "/username", "length"),
    (person, "/username", ..., "/username", "required"),
    (person, "/password_from_env", "not a name", "/password_from_env", "variable"),
    (person, "/roles", ["boss"], "/roles/0", "unknown"),
    (person, "/pipelines", ["loans"], "/pipelines/0", "unknown"),
    (person, "/email", "nobody", "/email", "email"),
    (person, "/timezone", "Mars/Base", "/timezone", "unknown"),
    (person, "/skills/0/expires", "soon", "/skills/0/expires", "date"),
    (person, "/skills/0/name", "a", "/skills/1/name", "duplicate"),
    (person, "/capacity", {"open": 0}, "/capacity/open", "range"),
    (pipeline, "/name", ..., "/name", "required"),
    (pipeline, "/name", "  ", "/name", "blank"),
    (pipeline, "/name", "a\x00b", "/name", "length"),
    (pipeline, "/name", "x" * 201, "/name", "length"),
    (pipeline, "/guideline", "x" * 200_001, "/guideline", "length"),
    (pipeline, "/question/kind", "essay", "/question/kind", "unknown"),
    (pipeline, "/question/choices", [], "/question/choices", "required"),
    (pipeline, "/question/choices", ["a", "a"], "/question/choices/1", "duplicate"),
    (pipeline, "/question/choices", [True], "/question/choices/0", "type"),
    (pipeline, "/question", {"kind": "fields"}, "/question/fields", "required"),
    (pipeline, "/question", {"kind": "fields", "fields": [{"name": "x"}, {"name": "x"}]},
     "/question/fields/1/name", "duplicate"),
    (pipeline, "/question", {"kind": "fields", "fields": [{"name": "x", "kind": "choice"}]},
     "/question/fields/0/choices", "required"),
    (pipeline, "/queues", {}, "/queues", "required"),
    (pipeline, "/queues/general/backup", "nowhere", "/queues/general/backup", "unknown"),
    (pipeline, "/queues/general/backup", "general", "/queues/general/backup", "self"),
    (pipeline, "/queues/Bad Queue", {}, "/queues/Bad Queue", "slug"),
    (pipeline, "/tiers", {}, "/tiers", "required"),
    (pipeline, "/tiers/mid/decisions", -1, "/tiers/mid/decisions", "range"),
    (pipeline, "/tiers/mid/decisions", True, "/tiers/mid/decisions", "range"),
    (pipeline, "/tiers/high/max_decisions", 1, "/tiers/high/max_decisions", "range"),
    (pipeline, "/tiers/high/agreement_min", 0, "/tiers/high/agreement_min", "range"),
    (pipeline, "/tiers/high/agreement_min", 1.01, "/tiers/high/agreement_min", "range"),
    (pipeline, "/tiers/high/agreement_min", float("nan"), "/tiers/high/agreement_min", "range"),
    (pipeline, "/tiers/high/adjudicate_by", "boss", "/tiers/high/adjudicate_by", "unknown"),
    (pipeline, "/tiers/high/checklist", [{"key": "a", "text": "1"}, {"key": "a", "text": "2"}],
     "/tiers/high/checklist/1/key", "duplicate"),
    (pipeline, "/tiers/low/blind", True, "/tiers/low/blind", "blind"),
    (pipeline, "/tiers/low/blind_first", 1.5, "/tiers/low/blind_first", "range"),
    (pipeline, "/tiers/high/blind_first", 0.1, "/tiers/high/blind_first", "blind"),
    (pipeline, "/tiers/low/monitor_rate", 1.5, "/tiers/low/monitor_rate", "range"),
    (pipeline, "/tiers/mid/sla", "slow", "/tiers/mid/sla", "unknown"),
    (pipeline, "/tiers/mid/rationale", "sometimes", "/tiers/mid/rationale", "unknown"),
    (pipeline, "/routing/rules/0/tier", "medium", "/routing/rules/0/tier", "unknown"),
    (pipeline, "/routing/rules/0/tier", ..., "/routing/rules/0/tier", "required"),
    (pipeline, "/routing/rules/0/queue", "nowhere", "/routing/rules/0/queue", "unknown"),
    (pipeline, "/routing/rules/0/when", ..., "/routing/rules/0/when", "required"),
    (pipeline, "/routing/rules/1/name", "unsure", "/routing/rules/1/name", "duplicate"),
    (pipeline, "/routing/default", ..., "/routing/default/tier", "required"),
    (pipeline, "/routing/default/tier", "medium", "/routing/default/tier", "unknown"),
    (pipeline, "/routing/default/queue", "nowhere", "/routing/default/queue", "unknown"),
    (pipeline, "/routing/default/queue", ..., "/routing/default/queue", "required"),
    (pipeline, "/routing/random_slice", -0.1, "/routing/random_slice", "range"),
    (pipeline, "/gold/rate", 2, "/gold/rate", "range"),
    (pipeline, "/privacy/retain_days", 0, "/privacy/retain_days", "range"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "path", "value", "pointer", "code"), BROKEN)
def test_what_is_wrong_is_pointed_at(make, path, value, pointer, code):
    base = make() | ({"holidays": [], "exceptions": []} if make is calendar else {})
    base |= {"capacity": {}} if make is person else {}
    assert (f"/0{pointer}", code) in faults(at(base, path, value))


def test_the_refusals_that_matter_most_say_why():
    assert "never ends in an approval" in sentences(at(sla(), "/ladder/final", "auto_approve"))
    assert "password_from_env" in sentences(person(password="secret"))
    assert "secret" not in sentences(person(password="secret"))
    wrong = at(pipeline(), "/routing/rules/0/when", "input.tags.all(t, true)")
    assert "loops have no time limit" in sentences(wrong)


def test_what_is_not_said_is_written_out():
    (parsed,) = validate([pipeline()], KNOWN)
    low = parsed.document["tiers"]["low"]
    assert (low["max_decisions"], low["agreement_min"], low["blind"]) == (0, 1.0, False)
    assert (low["rationale"], low["checklist"]) == ("never", [])
    experts = parsed.document["queues"]["experts"]
    assert experts == {"skills": ["a", "z"], "backup": "", "calendar": ""}


def test_windows_are_sorted_and_24_00_ends_a_day():
    always = {day: ["12:00-24:00", "00:00-12:00"] for day in WEEK}
    (parsed,) = validate([calendar(windows=always)], KNOWN)
    assert parsed.document["windows"]["sun"] == ["00:00-12:00", "12:00-24:00"]


def test_the_only_queue_needs_no_naming():
    one = pipeline(queues={"general": {}}, routing={"default": {"tier": "mid"}})
    (parsed,) = validate([one], KNOWN)
    assert parsed.document["routing"]["default"]["queue"] == "general"


def test_a_pipeline_that_may_need_people_needs_a_queue():
    quiet = pipeline(queues={}, tiers={"low": {"decisions": 0}},
                     routing={"default": {"tier": "low"}})  # fmt: skip
    assert validate([quiet], KNOWN)
    sampled = at(quiet, "/routing/random_slice", 0.1)
    ruled = at(quiet, "/routing/rules", [{"name": "r", "when": "input.x > 1", "tier": "low"}])
    assert faults(sampled) == faults(ruled) == {("/0/queues", "required")}


def test_the_most_careful_tier_asks_the_most():
    def careful(**tiers):
        (parsed,) = validate([pipeline(tiers=tiers, routing={
            "default": {"tier": next(iter(tiers)), "queue": "general"}})], KNOWN)  # fmt: skip
        return most_careful_tier(parsed.document)

    assert careful(a={"decisions": 3}, b={"decisions": 2, "max_decisions": 9, "blind": True}) == "a"
    assert careful(a={"decisions": 2, "max_decisions": 9}, b={"decisions": 2, "blind": True}) == "b"
    assert careful(a={"decisions": 2, "max_decisions": 3}, b={"decisions": 2}) == "a"
    assert careful(a={"rationale": "always"}, b={"rationale": "on_change"}) == "a"
    assert careful(b={}, a={}) == careful(a={}, b={}) == "b"


def test_the_documents_of_the_contract_are_taken_as_they_stand():
    contract = SHARED / "API.md"
    if not contract.exists():
        pytest.skip("the shared folder is not beside this repository")
    text = re.search(r"```yaml\n(.*?)```", contract.read_text(encoding="utf-8"), re.DOTALL)[1]
    known = Known(roles=frozenset({"lead"}))
    parsed = validate(load(text, "API.md"), known)
    assert [p.kind for p in parsed] == ["Calendar", "SLAPolicy", "Role", "Person", "Pipeline"]
    assert validate([again(p) for p in parsed], known) == parsed
    assert parsed[0].document["exceptions"] == [{"date": "2026-12-24", "windows": ["09:00-12:00"]}]
    assert parsed[3].document["skills"][0]["expires"] == "2027-06-30"
