"""Deciding from the queue: approve, reject, spam, bulk, undo, and who was first."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy.orm import Session

from comments_service import clock
from comments_service.models import Author, Comment, Notice, Report, Revision, Thread
from tests.app import Service
from tests.databases import NOON
from tests.web.moderators.conftest import Desk, author, comment, report, status


def shown(desk: Desk, answer: Any) -> str:
    """The page that a form leads to."""
    assert answer.status_code == 303, answer.text
    page = desk.client.get(answer.location)
    assert page.status_code == 200
    return str(page.text)


def test_the_card_holds_all_that_a_decision_needs(desk: Desk, service: Service, site: int) -> None:
    writer = author(service, site)
    found = {"check": "words", "rule": "clowns", "start": 4, "end": 10, "message": "A held word."}
    parent = comment(service, site, body="The answered words.", status="published")
    waiting = comment(
        service, site, body="The clowns.", parent_id=parent, name="Tom", author_id=writer, evidence=[found]
    )
    report(service, waiting, "abuse", "They are volunteers.")
    page = desk.get().text
    for words in (
        "Tom",
        "The answered words.",
        "<mark>clowns</mark>",
        "A held word.",
        "They are volunteers.",
    ):
        assert words in page
    assert "Reject: abuse" in page
    assert "First comment here" in page


def test_the_card_tells_what_of_its_author_was_rejected_before(
    desk: Desk, service: Service, site: int
) -> None:
    writer = author(service, site)
    texts = (
        "Oh, the clowns.",
        "Meanwhile nobody mends the school roof.",
        "Buy soap.",
        "Buy oil.",
        "Once more.",
    )
    first, second, *adverts, waiting = [comment(service, site, body=one, author_id=writer) for one in texts]
    assert "Rejected before" not in desk.get(comment=waiting).text
    desk.decide(f"horizons/{first}/1/pending", "reject", reason="abuse")
    desk.decide(f"horizons/{second}/1/pending", "reject", reason="off_topic")
    page = desk.get(comment=waiting).text
    assert "Rejected before <span>2</span>" in page
    for words in (
        ">Abuse</a>",
        "“Oh, the clowns.”",
        ">Off topic</a>",
        "“Meanwhile nobody mends the school roof.”",
    ):
        assert words in page
    for advert in adverts:
        desk.decide(f"horizons/{advert}/1/pending", "spam", reason="spam")
    page = desk.get(comment=waiting).text
    assert ("Oh, the clowns." in page, ">and 1 more</a>" in page) == (False, True)
    assert "Rejected before <span>3</span>" in desk.get(comment=first).text  # not itself


def test_the_card_shows_what_an_edit_changed(desk: Desk, service: Service, site: int) -> None:
    edited = comment(service, site, status="published", body="A lovely evening.", revision=1)
    service.write(lambda session: _held_edit(session, edited, "A dreadful evening."))
    page = desk.get(queue="pending").text
    assert "A <del>lovely</del> <ins>dreadful</ins> evening." in page
    assert "revision 1 stays public until you decide" in page
    assert "Changed by the edit" not in desk.get(comment=comment(service, site)).text


def _held_edit(session: Session, comment_id: int, body: str) -> None:
    words = {"body": body, "html": body, "policy_version": 1, "salt": bytes(16), "created_at": clock.now()}
    session.add(Revision(comment_id=comment_id, revision=2, **words))
    row = session.get_one(Comment, comment_id)
    row.held_revision, row.edited_at = 2, clock.now()


def test_reports_of_spam_suggest_spam(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site)
    for reason in ("spam", "spam", "off_topic"):
        report(service, waiting, reason)
    page = desk.get().text
    assert "Reject: off topic" not in page
    assert '<button class="button reject" data-key="s"' in page


def test_an_approval_may_trust_the_author(desk: Desk, service: Service, site: int) -> None:
    writer = author(service, site)
    waiting = comment(service, site, author_id=writer)
    assert "Trust the author" in desk.get().text
    desk.decide(f"horizons/{waiting}/1/pending", trust="yes")
    assert service.write(lambda session: session.get_one(Author, writer).trusted_at) is not None


def test_near_duplicates_are_shown_once_and_decided_together(desk: Desk, service: Service, site: int) -> None:
    bodies = ("Now I earn £640 at home.", "Now I earn £710 at home.", "Now I earn £585 at home.")
    first = comment(service, site, body=bodies[0], name="Penny")
    rest = [comment(service, site, body=body, cluster_id=first) for body in bodies[1:]]
    page = desk.get().text
    assert "3 comments, nearly one text:" in page
    assert "640 · 710 · 585" in page
    items = [f"horizons/{one}/1/pending" for one in (first, *rest)]
    assert all(item in page for item in items)
    page = shown(desk, desk.send("decisions", item=items, decision="spam:spam"))
    assert "3 marked as spam." in page
    assert {status(service, one) for one in (first, *rest)} == {"spam"}


def test_copies_that_are_public_are_a_way_off(desk: Desk, service: Service, site: int) -> None:
    public = [comment(service, site, body="Buy soap.", status="published", name="Ann")]
    public.append(comment(service, site, body="Buy soap.", status="published", cluster_id=public[0]))
    comment(service, site, body="Not this.", status="published")
    waiting = comment(service, site, body="Buy soap!", cluster_id=public[0])
    page = desk.get(comment=waiting).text
    assert ">2 published</a>" in page
    narrowed = desk.get(queue="published", cluster=public[0]).text
    assert "Nearly the same text" in narrowed
    assert ("Buy soap." in narrowed, "Not this." in narrowed) == (True, False)
    items = [f"horizons/{one}/1/published" for one in public]
    page = shown(
        desk, desk.send("decisions", item=items, decision="spam:spam", queue="published", cluster=public[0])
    )
    assert "Nothing nearly the same" in page


def test_a_group_taken_apart_stays_so_until_it_is_put_together(
    desk: Desk, service: Service, site: int
) -> None:
    first = comment(service, site, body="Earn £640 at home.", name="Penny")
    for name in ("Carla", "Hannah"):
        comment(service, site, body="Earn £640 at home.", name=name, cluster_id=first)
    other = comment(service, site, body="Buy ten get one.", name="Olga")
    comment(service, site, body="Buy ten get one.", name="Otto", cluster_id=other)
    assert f"comment={other}" in skip(desk.get().text)  # a group is skipped as a whole
    page = desk.get(singly=first).text
    assert 'aria-label="Comment by Penny"' in page
    assert f'name="singly" value="{first}"' in page
    assert f"singly={first}" in skip(page)
    page = shown(desk, desk.decide(f"horizons/{first}/1/pending", singly=first))
    assert 'aria-label="Comment by Carla"' in page
    assert f"singly={first}" not in (together := copies(page))
    assert "2 comments, nearly one text" in desk.client.get(together).text
    assert "See the 1 published" in desk.get().text
    assert "2 comments, nearly one text" in desk.get(comment=other, singly=first).text


def copies(page: str) -> str:
    """Where what is nearly the same and waits is shown."""
    found = re.search(r'href="([^"]+)" data-key="g"', page)
    assert found is not None
    return found[1].replace("&amp;", "&")


def skip(page: str) -> str:
    """Where its Skip leads."""
    found = re.search(r'href="([^"]+)" data-key="j"', page)
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_a_notice_is_on_the_card(desk: Desk, service: Service, site: int) -> None:
    accused = comment(service, site, status="published")
    report(service, accused, "illegal")
    service.write(lambda session: session.add(notice_of(session.query(Report).one().id)))
    page = desk.get(queue="reported").text
    for words in ("Notified", "1 · <bdi>Bertram Oake", "oake@fells.example", "I am the only clerk."):
        assert words in page
    desk.decide(f"horizons/{accused}/1/published", "approve")
    history = desk.get(f"comments/{accused}").text
    for words in ("1 · <b><bdi>Bertram Oake", "oake@fells.example", "write to the sender"):
        assert words in history


def notice_of(report_id: int) -> Notice:
    return Notice(
        report_id=report_id,
        revision=1,
        text="I am the only clerk.",
        name="Bertram Oake",
        email="oake@fells.example",
        receipt=b"receipt",
        created_at=NOON,
    )


def test_approving_publishes_and_says_so(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site, name="Wilhelmina Bose")
    page = shown(desk, desk.decide(f"horizons/{waiting}/1/pending"))
    assert status(service, waiting) == "published"
    assert "Approved Wilhelmina Bose’s comment" in page


def test_rejecting_needs_a_reason(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site)
    assert desk.decide(f"horizons/{waiting}/1/pending", "reject").status_code == 422
    assert status(service, waiting) == "pending"
    page = shown(desk, desk.decide(f"horizons/{waiting}/1/pending", "reject", reason="off_topic"))
    assert status(service, waiting) == "rejected"
    assert "comment as off topic" in page


@pytest.mark.parametrize("reason", ["illegal", "other"])
def test_some_reasons_need_a_note(desk: Desk, service: Service, site: int, reason: str) -> None:
    waiting = comment(service, site)
    refused = desk.decide(f"horizons/{waiting}/1/pending", "reject", reason=reason, note=" ")
    assert refused.status_code == 422
    assert "needs a note" in refused.text
    desk.decide(f"horizons/{waiting}/1/pending", "reject", reason=reason, note="Paragraph 185.")
    assert status(service, waiting) == "rejected"
    assert "Paragraph 185." in desk.get(f"comments/{waiting}").text


def test_undo_brings_back_exactly_what_was(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site, name="Tom")
    report(service, waiting)
    shown(desk, desk.decide(f"horizons/{waiting}/1/pending", "spam", reason="spam"))
    assert status(service, waiting) == "spam"
    page = shown(desk, desk.send("reversals", decision=_undo_of(desk)))
    assert status(service, waiting) == "pending"
    assert "Undone: Tom’s comment is pending again." in page
    assert "Reports <span>1</span>" in page


def test_undo_outlives_the_toast(desk: Desk, service: Service, site: int) -> None:
    first, second = comment(service, site, name="Ann"), comment(service, site, name="Ben")
    desk.decide(f"horizons/{first}/1/pending")
    page = desk.get().text
    assert "Ben" in page
    assert "Undo your latest decision" in page
    desk.send("reversals", decision=_undo_of(desk))
    assert status(service, first) == "pending"
    assert status(service, second) == "pending"


def test_only_the_latest_decision_of_a_comment_can_be_undone(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site)
    desk.decide(f"horizons/{waiting}/1/pending")
    early = _undo_of(desk)
    desk.decide(f"horizons/{waiting}/1/published", "reject", reason="abuse")
    assert desk.send("reversals", decision=early).status_code == 409
    assert status(service, waiting) == "rejected"


def test_a_late_decision_says_who_was_first(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site)
    service.add_moderator("Per Aldous", sites=["horizons"])
    per = Desk(service, "Per Aldous").sign_in()
    per.decide(f"horizons/{waiting}/1/pending", "reject", reason="abuse")
    page = shown(desk, desk.decide(f"horizons/{waiting}/1/pending"))
    assert "Per Aldous had already rejected it; that stands." in page
    assert status(service, waiting) == "rejected"


def test_a_decision_on_an_older_revision_changes_nothing(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site)
    page = shown(desk, desk.decide(f"horizons/{waiting}/2/pending"))
    assert "It has changed meanwhile; please look again." in page
    assert status(service, waiting) == "pending"


def test_ticked_comments_are_decided_together(desk: Desk, service: Service, site: int) -> None:
    several = [comment(service, site) for _ in range(4)]
    service.add_moderator("Per Aldous", sites=["horizons"])
    Desk(service, "Per Aldous").sign_in().decide(f"horizons/{several[0]}/1/pending", "reject", reason="abuse")
    items = [f"horizons/{one}/1/pending" for one in several]
    page = shown(desk, desk.send("decisions", item=items, action="approve"))
    assert "3 approved. Per Aldous had already rejected 1; that stands." in page
    assert [status(service, one) for one in several] == ["rejected", *["published"] * 3]


def test_ticked_comments_span_sites_and_share_a_reason(service: Service, site: int, other_site: int) -> None:
    service.add_moderator("Ada")
    ada = Desk(service, "Ada").sign_in()
    here, there = comment(service, site), comment(service, other_site)
    items = [f"horizons/{here}/1/pending", f"harbour/{there}/1/pending"]
    shown(ada, ada.send("decisions", item=items, decision="reject:duplicate"))
    assert [status(service, one) for one in (here, there)] == ["rejected", "rejected"]


@pytest.mark.parametrize(
    "item",
    [
        "",
        "horizons",
        "horizons/x/1/pending",
        "horizons/1/1",
        "horizons/" + "9" * 30 + "/1/pending",
        "\x00/1/1/pending",
    ],
)
def test_a_broken_form_is_refused(desk: Desk, item: str) -> None:
    assert desk.decide(item).status_code in (404, 422)


def test_too_many_ticks_are_refused(desk: Desk) -> None:
    items = [f"horizons/{n}/1/pending" for n in range(1, 102)]
    assert desk.send("decisions", item=items, action="approve").status_code == 422


def test_an_unknown_action_is_refused(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site)
    assert desk.decide(f"horizons/{waiting}/1/pending", "explode").status_code == 422


def test_the_script_gets_its_answer_as_json(desk: Desk, service: Service, site: int) -> None:
    waiting = comment(service, site, name="Tom")
    form = {"csrf": desk.csrf(), "item": f"horizons/{waiting}/1/pending", "action": "approve"}
    headers = {"Origin": "http://127.0.0.1:8000", "Accept": "application/json"}
    answer = desk.client.post("/moderate/decisions", data=form, headers=headers).get_json()
    assert answer["message"] == "Approved Tom’s comment"
    assert answer["comments"] == [waiting]
    assert answer["counts"]["pending"] == "–"
    assert len(answer["undo"]) == 1
    refused = desk.client.post("/moderate/decisions", data={**form, "action": "reject"}, headers=headers)
    assert refused.status_code == 422
    assert "Say why" in refused.get_json()["message"]


def test_skipping_shows_the_next_and_keeps_the_rest(desk: Desk, service: Service, site: int) -> None:
    first = comment(service, site, name="Ann", body="Ann's words")
    second = comment(service, site, name="Ben", body="Ben's words")
    page = desk.get().text
    assert f'data-card="{first}"' in page
    assert "1 of 2" in page
    assert f"comment={second}" in page
    page = desk.get(comment=second).text
    assert f'data-card="{second}"' in page
    assert "2 of 2" in page


def test_the_search_finds_words_and_names(desk: Desk, service: Service, site: int) -> None:
    comment(service, site, name="Ann", body="About bollards.")
    comment(service, site, name="Ben", body="About ferries.")
    page = desk.get(q="bollards").text
    assert "Ann" in page
    assert "Ben" not in page
    assert "Nothing found" in desk.get(q="zeppelin").text


def test_what_a_search_found_is_decided_together(desk: Desk, service: Service, site: int) -> None:
    found = [comment(service, site, body=f"Cheap bollards {n}.") for n in range(2)]
    other = comment(service, site, body="About ferries.")
    items = [f"horizons/{one}/1/pending" for one in found]
    page = desk.get(q="bollards").text
    assert all(item in page for item in items)
    page = shown(desk, desk.send("decisions", item=items, decision="spam:spam", q="bollards"))
    assert "2 marked as spam." in page
    assert "Nothing found" in page
    assert [status(service, one) for one in (*found, other)] == ["spam", "spam", "pending"]


def test_what_one_author_wrote_is_decided_together(desk: Desk, service: Service, site: int) -> None:
    writer = author(service, site)
    own = [comment(service, site, body=f"Own {n}.", author_id=writer) for n in range(2)]
    comment(service, site, body="Somebody else.")
    assert f"author={writer}" in desk.get().text
    page = desk.get(author=writer).text
    assert "Own 1." in page
    assert "Somebody else." not in page
    items = [f"horizons/{one}/1/pending" for one in own]
    form: dict[str, Any] = {"item": items, "decision": "reject:abuse", "author": str(writer)}
    page = shown(desk, desk.send("decisions", **form))
    assert "2 rejected." in page
    assert "Nothing of this author" in page


def test_an_empty_queue_leads_to_the_work_that_is_left(desk: Desk, service: Service, site: int) -> None:
    comment(service, site)
    page = desk.get(queue="reported").text
    assert "Every report has an answer" in page
    assert "Go to the 1 pending" in page


def test_an_unknown_queue_is_refused(desk: Desk) -> None:
    assert desk.get(queue="drafts").status_code == 400


def _undo_of(desk: Desk) -> int:
    """The decision that the page's Undo would reverse."""
    found = re.search(r'name="decision" value="(\d+)"', desk.get().text)
    assert found is not None
    return int(found[1])


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def test_hostile_names_words_and_titles_stay_text(desk: Desk, service: Service, site: int) -> None:
    spans = {"check": "words", "rule": HOSTILE, "start": 2, "end": 12, "message": HOSTILE}
    waiting = comment(service, site, name=HOSTILE[:60], body=HOSTILE, slug=HOSTILE, evidence=[spans])
    report(service, waiting, "other", HOSTILE)

    def dress(session: Any) -> None:
        thread = session.get_one(Thread, session.get_one(Comment, waiting).thread_id)
        thread.title, thread.url = HOSTILE, "javascript:alert(1)"

    service.write(dress)
    for path in ("", f"cards/{waiting}", f"comments/{waiting}", "threads", "log"):
        page = desk.get(path, queue="reported", q="" if path else HOSTILE[:8]).text
        assert "<script>alert" not in page, path
        assert "<img" not in page, path
        assert 'href="javascript:' not in page, path
    assert "&lt;script&gt;" in desk.get().text
