"""O16: reviewers are told what is measured, once for each version, and it is on record."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from feedback.domain.figures import MINIMUM
from feedback.selectors.reviewer_figures import LEAD_DELAY
from governance.domain import notice_text
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import AuditEvent, NoticeAcknowledgement, ReviewerNotice
from governance.selectors import notices as selector
from governance.selectors import principals
from governance.services import notices
from tests import factories

pytestmark = pytest.mark.django_db


def read(person, number=1):
    return notices.acknowledge(
        principal=principals.of_person(person), actor=person, number=number, now=timezone.now()
    )


def written(root, text="Another text.", reason="Figures were added"):
    return notices.write(actor=root, text=text, reason=reason, now=timezone.now())


def test_o16_the_text_says_what_the_figures_keep_to():
    assert f"fewer than {MINIMUM} cases" in notice_text.BUILT_IN
    assert f"{LEAD_DELAY.days} days after" in notice_text.BUILT_IN


def test_o16_a_reviewer_is_shown_the_notice_on_their_first_page_and_goes_on_without_it(browser):
    factories.a_pipeline()
    bot, person = factories.a_service(), factories.a_person("ann")
    factories.an_item(bot, now=timezone.now())
    client = browser(person)
    page = client.get("/").content.decode()
    assert "What is measured of your work" in page
    assert "nobody is ranked" in page
    # It does not stand in the way: the next item is one click away.
    assert client.post("/review/intents/general").status_code == 303
    assert client.post("/me/notice", {"number": "1", "next": "/"})["Location"] == "/"
    assert "What is measured of your work" not in client.get("/").content.decode()
    assert "You read it" in client.get("/me/notice").content.decode()


def test_o16_reading_it_is_one_record_and_one_event_however_often():
    factories.a_pipeline()
    person = factories.a_person("ann")
    first = read(person)
    assert read(person) == first
    assert first.notice.text == notice_text.BUILT_IN
    assert first.notice.written_by is None
    event = AuditEvent.objects.get(stream=notices.stream_of(first.notice))
    assert (event.action, event.actor) == ("notice.acknowledged", person)
    with pytest.raises(IntegrityError), transaction.atomic():
        NoticeAcknowledgement(notice=first.notice, person=person, at=timezone.now()).save()


def test_o16_another_text_is_shown_again_and_the_old_one_cannot_be_acknowledged(browser):
    factories.a_pipeline()
    person, root = factories.a_person("ann"), factories.an_administrator()
    read(person)
    second = written(root)
    assert second.number == 2
    assert selector.unread(principals.of_person(person)) == second
    with pytest.raises(Conflict, match="changed since"):
        read(person, number=1)
    answer = browser(person).post("/me/notice", {"number": "1"}, follow=True)
    assert "The text has changed since" in answer.content.decode()
    read(person, number=2)
    assert selector.unread(principals.of_person(person)) is None
    assert ReviewerNotice.objects.count() == 2


def test_o16_another_release_with_another_text_is_another_version(monkeypatch):
    factories.a_pipeline()
    person = factories.a_person("ann")
    read(person)
    monkeypatch.setattr(selector, "BUILT_IN", "The next release records more.")
    fresh = selector.unread(principals.of_person(person))
    assert fresh is not None
    assert (fresh.number, fresh.text) == (2, "The next release records more.")


def test_o16_only_administrators_write_it_and_say_why():
    factories.a_pipeline()
    lead, root = factories.a_person(roles=("lead",)), factories.an_administrator()
    with pytest.raises(NotPermitted):
        written(lead)
    for said in ({"text": ""}, {"reason": " "}, {"text": notice_text.BUILT_IN}):
        with pytest.raises(InvalidInput):
            written(root, **said)
    made = written(root)
    event = AuditEvent.objects.get(stream=notices.stream_of(made))
    assert (event.action, event.reason) == ("notice.written", "Figures were added")


def test_o16_who_does_not_review_is_not_asked(browser):
    factories.a_pipeline()
    auditor = factories.a_person(roles=("auditor",))
    with pytest.raises(NotPermitted):
        read(auditor)
    assert browser(auditor).post("/me/notice", {"number": "1"}).status_code == 403
    page = browser(auditor).get("/me/notice").content.decode()
    assert "I have read this" not in page


def test_o16_an_administrator_brings_another_text_into_force_in_the_admin(browser):
    factories.a_pipeline()
    root = factories.an_administrator()
    client = browser(root)
    address = "/admin/governance/reviewernotice/add/"
    assert "nobody is ranked" in client.get(address).content.decode()
    answer = client.post(address, {"text": "Another text.", "reason": "Figures were added"})
    assert answer.status_code == 302, answer.content.decode()
    shown = client.get(answer["Location"]).content.decode()
    assert "Another text." in shown
    assert client.get("/admin/governance/noticeacknowledgement/").status_code == 200
