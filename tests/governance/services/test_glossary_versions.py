"""A glossary has versions of its own, which count when it changes and not before."""

from typing import Any

import pytest

from governance.models import GlossaryTerm, Pipeline, PolicyVersion
from governance.services import rows
from tests import factories
from tests.factories import GLOSSARY

pytestmark = pytest.mark.django_db
OTHER = {"\u00fcberzogen": {"meaning": "In debt \u2013 beyond what was agreed.", "see": ""}}


def published(**changes: Any) -> PolicyVersion:
    pipeline = factories.a_pipeline(**changes)
    assert pipeline.live is not None
    return pipeline.live


def test_a_pipeline_without_a_glossary_has_none_of_any_version() -> None:
    assert published().glossary_version == 0


def test_the_version_counts_up_when_the_glossary_changes_alone() -> None:
    first = published(glossary=GLOSSARY)
    unchanged = published(glossary=GLOSSARY, guideline="Read it twice.")
    second = published(glossary=GLOSSARY | OTHER, guideline="Read it twice.")
    assert [v.glossary_version for v in (first, unchanged, second)] == [1, 1, 2]
    assert [v.guideline_version for v in (first, unchanged, second)] == [1, 2, 2]


def test_a_glossary_that_comes_back_has_the_version_it_had() -> None:
    published(glossary=OTHER)
    published(glossary=GLOSSARY)
    assert published(glossary=OTHER, name="Renamed").glossary_version == 1
    assert published(name="Renamed").glossary_version == 0
    assert published(glossary=OTHER | GLOSSARY, name="Renamed").glossary_version == 3


def test_each_pipeline_counts_its_own() -> None:
    published(glossary=OTHER)
    published(glossary=GLOSSARY)
    assert published(slug="others", glossary=GLOSSARY).glossary_version == 1


def test_rows_say_what_the_document_says_and_keep_who_changed_a_term() -> None:
    version = published(glossary=GLOSSARY)
    pipeline = Pipeline.objects.get()
    assert rows.document_of(pipeline) == version.document
    published(glossary={"card": {"meaning": "Plastic.", "see": ""}})
    assert [row.meaning for row in GlossaryTerm.objects.all()] == ["Plastic."]
    kept = GlossaryTerm.history.filter(term="arrival").values_list("history_type", flat=True)
    assert sorted(kept) == ["+", "-"]


def test_a_document_whose_glossary_goes_is_the_one_before_it_came() -> None:
    before, during = published(), published(glossary=GLOSSARY)
    assert published() == before != during
    assert before.digest != during.digest
