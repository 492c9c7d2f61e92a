"""Deciding: bound to what was seen, with reasons, in bulk, and reversible."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from comments_service import log, moderation, publishing
from comments_service.db import Database
from comments_service.errors import Conflict, Invalid, NotFound
from comments_service.models import Author, Comment, Decision, Evidence, Report, Thread
from comments_service.moderation import Item
from comments_service.publishing import State
from comments_service.reading.decisions import logged
from tests.databases import NOON, add_author, add_site, add_thread
from tests.scene import Scene
from tests.statements import statements


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


def thread(scene: Scene) -> tuple[int, int]:
    return scene.do(lambda session: (session.get_one(Thread, scene.thread).count, scene.thread))


def version(scene: Scene) -> int:
    return scene.do(lambda session: session.get_one(Thread, scene.thread).version)


def decisions(scene: Scene) -> list[tuple[str, str, str]]:
    return scene.do(
        lambda session: [
            (row.action, row.before_status, row.after_status)
            for row in session.scalars(select(Decision).order_by(Decision.seq))
        ]
    )


@pytest.mark.parametrize("status", ["pending", "rejected", "spam"])
def test_approving_publishes_from_any_state(scene: Scene, status: str) -> None:
    comment = scene.post(status, reason="A link.")
    before = version(scene)
    scene.decided(comment)
    after = scene.comment(comment)
    assert (after["status"], after["shown"], after["n"], after["html"]) == (
        "published",
        True,
        1,
        "<p>Lovely.</p>",
    )
    assert after["reason"] is None
    assert after["reviewed"]
    assert thread(scene)[0] == 1
    assert version(scene) > before


@pytest.mark.parametrize(("action", "status"), [("reject", "rejected"), ("spam", "spam")])
def test_rejecting_hides_a_published_comment(scene: Scene, action: str, status: str) -> None:
    comment = scene.post()
    assert thread(scene)[0] == 1
    scene.decided(comment, action)
    after = scene.comment(comment)
    assert (after["status"], after["shown"]) == (status, False)
    assert thread(scene)[0] == 0


def test_a_decision_is_logged_with_who_what_and_why(scene: Scene) -> None:
    comment = scene.post("pending")
    decision = scene.decided(comment, "reject", reason="other", note=" Seen before. ")
    rows, following = scene.do(lambda session: logged(session, site_id=scene.site))
    assert following is None
    assert [row.action for row in rows] == ["reject", "hold"]
    latest = rows[0]
    assert (latest.id, latest.comment, latest.by) == (decision, comment, "Ada")
    assert (latest.reason, latest.note) == ("other", "Seen before.")
    assert (latest.before_status, latest.after_status) == ("pending", "rejected")
    assert rows[1].by == "software"
    assert scene.do(lambda session: log.verify(session, scene.site)) is None


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"action": "publish"}, "action", "invalid"),
        ({"action": "reject", "reason": None}, "reason", "required"),
        ({"action": "spam", "reason": None}, "reason", "required"),
        ({"action": "reject", "reason": "ugly"}, "reason", "invalid"),
        ({"action": "reject", "reason": "illegal"}, "note", "required"),
        ({"action": "reject", "reason": "other", "note": "  "}, "note", "required"),
        ({"action": "reject", "reason": "abuse", "note": "x" * 2001}, "note", "too_long"),
        ({"action": "reject", "reason": "abuse", "trust": True}, "trust", "invalid"),
    ],
)
def test_a_bad_decision_is_named_and_nothing_is_done(
    scene: Scene, fields: dict[str, Any], field: str, code: str
) -> None:
    good, bad = scene.post("pending"), scene.post("pending")
    items = [scene.item(good), scene.item(bad, **{"action": "reject", **fields})]
    with pytest.raises(Invalid) as caught:
        scene.decide(*items)
    assert [(error.field, error.code) for error in caught.value.errors] == [(f"decisions.1.{field}", code)]
    assert scene.comment(good)["status"] == "pending"


def test_a_note_at_the_limit_is_taken(scene: Scene) -> None:
    scene.decided(scene.post("pending"), "reject", reason="illegal", note="x" * 2000)


@pytest.mark.parametrize("count", [0, 101])
def test_one_to_a_hundred_decisions_are_taken(scene: Scene, count: int) -> None:
    with pytest.raises(Invalid):
        scene.decide(*[Item(1, 1, "pending", "approve")] * count)


def test_a_decision_of_a_batch_takes_three_statements(scene: Scene) -> None:
    comments = [scene.post("pending") for _ in range(20)]
    taken = [_statements(scene, [scene.item(one) for one in some]) for some in (comments[:5], comments[5:])]
    assert taken[1] - taken[0] == 3 * 10
    with Session(scene.database.writer) as session:
        assert log.head(session, scene.site).count == 40
        assert log.verify(session, scene.site) is None


def _statements(scene: Scene, items: list[Item]) -> int:
    """How many statements it takes to carry them out."""
    with statements(scene.database.writer) as seen:
        results = scene.decide(*items)
    assert {result.result for result in results} == {"done"}
    return len(seen)


def test_a_hundred_decisions_are_answered_in_the_order_asked(scene: Scene) -> None:
    other = scene.do(lambda session: add_thread(session, scene.site, "other"))
    comments = [scene.post("pending", thread_id=(scene.thread, other)[i % 2]) for i in range(100)]
    asked = [scene.item(comment) for comment in reversed(comments)]
    results = scene.decide(*asked)
    assert [result.comment for result in results] == list(reversed(comments))
    assert {result.result for result in results} == {"done"}
    assert thread(scene)[0] == 50
    assert scene.do(lambda session: log.verify(session, scene.site)) is None


def test_a_decision_on_another_revision_or_status_is_stale(scene: Scene) -> None:
    comment = scene.post("pending")
    (revision,) = scene.decide(scene.item(comment, revision=2))
    (status,) = scene.decide(scene.item(comment, from_status="published"))
    assert (revision.result, status.result) == ("stale", "stale")
    assert scene.comment(comment)["status"] == "pending"


def test_the_second_of_two_moderators_is_told_what_stands(scene: Scene) -> None:
    comment = scene.post("pending")
    approve, reject = scene.item(comment), scene.item(comment, "reject")
    assert scene.decide(approve)[0].result == "done"
    assert scene.decide(approve)[0].result == "unchanged"
    assert scene.decide(reject)[0].result == "stale"
    assert [action for action, *_ in decisions(scene)] == ["hold", "approve"]


def test_the_same_comment_twice_in_a_batch_is_decided_once(scene: Scene) -> None:
    comment = scene.post("pending")
    results = scene.decide(scene.item(comment), scene.item(comment, "reject"))
    assert [result.result for result in results] == ["done", "stale"]


def test_what_the_author_took_back_cannot_be_decided(scene: Scene) -> None:
    comment = scene.post()
    item = scene.item(comment, "reject")
    withdraw(scene, comment)
    assert scene.decide(item)[0].result == "stale"
    assert scene.decide(scene.item(comment))[0].result == "stale"


def test_a_decision_on_what_was_withdrawn_answers_its_reports_and_changes_no_status(scene: Scene) -> None:
    for action in ("approve", "reject", "spam"):
        comment = scene.post()
        seen = scene.item(comment, action)
        scene.report(comment)
        withdraw(scene, comment)
        before = scene.comment(comment)
        assert scene.decide(seen)[0].result == "stale", "its author took it back since"
        decision = scene.decided(comment, action)
        after = scene.comment(comment)
        assert (after["status"], after["shown"], after["open_reports"]) == ("withdrawn", False, 0)
        assert scene.decide(scene.item(comment, action))[0].result == "stale", "nothing is left to decide"
        scene.reverse(decision)
        assert scene.comment(comment) == before
    assert thread(scene)[0] == 0
    assert scene.do(lambda session: log.verify(session, scene.site)) is None


def test_who_is_approved_can_be_trusted_until_that_is_undone(scene: Scene) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    first, second = (scene.post("pending", author_id=author) for _ in range(2))
    trusting = scene.decided(first, trust=True)
    assert trusted_at(scene, author) == decided_at(scene, trusting)
    assert scene.decide(scene.item(first, trust=True))[0].result == "unchanged"
    again = scene.decided(second, trust=True)
    assert trusted_at(scene, author) == decided_at(scene, trusting)
    scene.reverse(trusting)
    assert trusted_at(scene, author) == decided_at(scene, again), "the other decision stands"
    scene.reverse(again)
    assert trusted_at(scene, author) is None
    rows, _ = scene.do(lambda session: logged(session, site_id=scene.site))
    assert [row.action for row in rows if row.trusts] == ["approve", "approve"]


def test_trust_of_another_time_outlives_a_reversal(scene: Scene) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    scene.do(lambda session: setattr(session.get_one(Author, author), "trusted_at", NOON))
    comment = scene.post("pending", author_id=author)
    scene.reverse(scene.decided(comment, trust=True))
    assert trusted_at(scene, author) == NOON
    assert scene.comment(comment)["status"] == "pending"


def test_an_approved_author_can_still_be_trusted_and_nobody_without_a_key(scene: Scene) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    comment, keyless = scene.post(author_id=author), scene.post()
    scene.decided(comment)
    scene.decided(comment, trust=True)
    assert trusted_at(scene, author) is not None
    decision = scene.decided(keyless, trust=True)
    assert not scene.do(lambda session: session.get_one(Decision, decision).trusts)
    assert scene.decide(scene.item(keyless, trust=True))[0].result == "unchanged"


def test_a_comment_of_another_site_answers_like_an_unknown_one(scene: Scene) -> None:
    comment = scene.post("pending")
    decision = scene.decided(comment)
    other = scene.do(lambda session: add_site(session, "fells"))
    results = scene.decide(scene.item(comment), Item(10**9, 1, "pending", "approve"), site=other)
    assert [result.result for result in results] == ["not_found", "not_found"]
    for unknown in (decision, 10**9):
        with pytest.raises(NotFound):
            scene.reverse(unknown, site=other)


def test_confirming_what_was_published_unseen_is_done_once(scene: Scene) -> None:
    comment = scene.post()
    assert not scene.comment(comment)["reviewed"]
    scene.decided(comment)
    assert scene.comment(comment)["reviewed"]
    assert scene.decide(scene.item(comment))[0].result == "unchanged"


def test_a_held_edit_leaves_the_published_text_until_it_is_approved(scene: Scene) -> None:
    comment = scene.post()
    scene.edit(comment, held=True)
    assert scene.item(comment).from_status == "pending"
    assert scene.comment(comment)["html"] == "<p>Lovely.</p>"
    scene.decided(comment)
    after = scene.comment(comment)
    assert (after["revision"], after["held_revision"], after["html"]) == (2, None, "<p>Better.</p>")
    assert after["edited_at"] is not None
    assert thread(scene)[0] == 1


@pytest.mark.parametrize("action", ["reject", "spam"])
def test_rejecting_a_held_edit_drops_only_that_revision(scene: Scene, action: str) -> None:
    comment = scene.post()
    scene.report(comment)
    scene.edit(comment, held=True)
    decision = scene.decided(comment, action)
    after = scene.comment(comment)
    assert (after["status"], after["revision"], after["held_revision"]) == ("published", 1, None)
    assert after["html"] == "<p>Lovely.</p>"
    assert after["open_reports"] == 1  # readers complained of the text that is still there
    scene.reverse(decision)
    assert scene.comment(comment)["held_revision"] == 2


def test_an_edit_that_no_moderator_saw_is_new_again(scene: Scene) -> None:
    comment = scene.post()
    scene.decided(comment)
    scene.edit(comment)
    assert not scene.comment(comment)["reviewed"]


@pytest.mark.parametrize("action", ["approve", "reject", "spam"])
def test_a_decision_closes_the_reports_and_its_reversal_opens_them_again(scene: Scene, action: str) -> None:
    comment = scene.post()
    earlier = scene.report(comment)
    first = scene.decided(comment)
    later = scene.report(comment, "illegal")
    decision = scene.decided(comment, action)

    def open_reports() -> list[int]:
        query = select(Report.id).where(Report.closed_at.is_(None)).order_by(Report.id)
        return scene.do(lambda session: list(session.scalars(query)))

    assert open_reports() == []
    assert scene.comment(comment)["open_reports"] == 0
    scene.reverse(decision)
    assert open_reports() == [later]
    assert scene.comment(comment)["open_reports"] == 1
    scene.reverse(first)
    assert open_reports() == [earlier, later]


@pytest.mark.parametrize("status", ["published", "pending", "spam"])
@pytest.mark.parametrize("action", ["approve", "reject", "spam"])
def test_a_reversal_restores_exactly_the_state_before(scene: Scene, status: str, action: str) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    comment = scene.post(status, author_id=author)
    if status == "published":
        scene.edit(comment, held=True)
    scene.do(lambda session: setattr(session.get_one(Comment, comment), "reason", moderation.WAITS))
    before = scene.comment(comment)
    decision = scene.decided(comment, action)
    reversal = scene.reverse(decision)
    after = scene.comment(comment)
    if action == "approve":  # a place once given is kept
        before["n"], before["leaf"], before["html"] = after["n"], after["leaf"], after["html"]
        before["edited_at"] = after["edited_at"]
    if status == "spam":
        before["reason"] = None
    assert after == before
    row = scene.do(lambda session: session.get_one(Decision, reversal))
    assert (row.action, row.reverses, row.moderator_id) == ("reverse", decision, scene.ada)
    assert scene.do(lambda session: log.verify(session, scene.site)) is None


def test_a_reversal_tells_the_author_again_why_it_waits(scene: Scene) -> None:
    comment = scene.post("pending", reason="Two links.")
    found = Evidence(comment_id=comment, revision=1, check="links", rule="links_max", message="Two links.")
    scene.do(lambda session: session.add(found))
    scene.reverse(scene.decided(comment))
    assert scene.comment(comment)["reason"] == "Two links."


def test_only_the_latest_decision_can_be_undone_and_once(scene: Scene) -> None:
    comment = scene.post("pending")
    first, second = scene.decided(comment), scene.decided(comment, "reject")
    with pytest.raises(Conflict, match="latest"):
        scene.reverse(first)
    reversal = scene.reverse(second)
    for again in (second, reversal):
        with pytest.raises(Conflict):
            scene.reverse(again)
    assert scene.comment(comment)["reviewed"]
    scene.reverse(first)
    assert scene.comment(comment)["status"] == "pending"
    assert not scene.comment(comment)["reviewed"]


def test_what_software_decided_cannot_be_undone(scene: Scene) -> None:
    scene.post("pending")
    hold = scene.do(lambda session: session.scalars(select(Decision.id)).one())
    with pytest.raises(Conflict, match="Software"):
        scene.reverse(hold)


def test_nothing_is_undone_that_changed_since(scene: Scene) -> None:
    edited, withdrawn = scene.post("pending"), scene.post("pending")
    decisions = [scene.decided(edited), scene.decided(withdrawn)]
    scene.edit(edited)
    withdraw(scene, withdrawn)
    for decision in decisions:
        with pytest.raises(Conflict, match="changed"):
            scene.reverse(decision)


def trusted_at(scene: Scene, author_id: int) -> datetime | None:
    return scene.do(lambda session: session.get_one(Author, author_id).trusted_at)


def decided_at(scene: Scene, decision_id: int) -> datetime:
    return scene.do(lambda session: session.get_one(Decision, decision_id).created_at)


def withdraw(scene: Scene, comment_id: int) -> None:
    def work(session: Session) -> None:
        comment = publishing.lock(session, scene.site, comment_id)
        assert comment is not None
        publishing.change(session, comment, State("withdrawn", comment.revision))

    scene.do(work)
