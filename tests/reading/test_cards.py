"""Cards: a comment with all that a decision needs, and its whole history."""

from __future__ import annotations

import pytest

from comments_service.db import Database
from comments_service.models import Evidence, Thread
from comments_service.reading import cards, queues
from comments_service.reading.cards import Card, QueueRow
from tests.databases import NOON, add_author, add_site
from tests.scene import Scene


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


def the_row(scene: Scene, queue: str = "pending") -> QueueRow:
    (row,) = scene.do(lambda session: queues.page(session, [scene.site], queue)).rows
    return row


def card(scene: Scene, comment: int, *sites: int) -> Card | None:
    return scene.do(lambda session: cards.card(session, sites or [scene.site], comment))


def test_a_row_holds_all_that_a_decision_needs(scene: Scene) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    scene.do(lambda session: setattr(session.get_one(Thread, scene.thread), "title", "At the tarn"))
    parent = scene.post(body="p" * 300, name="Robin")
    for status in ("published", "rejected"):
        scene.post(status, author_id=author)
    comment = scene.post(
        "pending", parent=parent, author_id=author, body="Buy http://x.example", reason="A link."
    )
    found = Evidence(
        comment_id=comment,
        revision=1,
        check="links",
        rule="links_max",
        start=4,
        end=20,
        score=0.5,
        message="A link.",
    )
    scene.do(lambda session: session.add(found))
    row = the_row(scene)
    assert (row.id, row.site_key, row.slug, row.title) == (comment, "horizons", "tarn", "At the tarn")
    assert row.parent is not None
    assert (row.parent.id, row.parent.name, row.parent.status) == (parent, "Robin", "published")
    assert row.parent.body == "p" * (cards.EXCERPT - 1) + "…"
    assert row.author is not None
    assert (row.author.id, row.author.published, row.author.rejected) == (author, 1, 1)
    assert row.author.recent == ("published", "rejected", "pending")
    (evidence,) = row.evidence
    assert row.body[evidence.start : evidence.end] == "http://x.example"
    assert (evidence.check, evidence.rule, evidence.score) == ("links", "links_max", 0.5)
    assert row.last_decision is not None
    assert (row.last_decision.action, row.last_decision.by) == ("hold", "software")
    assert (row.status, row.revision, row.public_revision, row.reason) == ("pending", 1, None, "A link.")
    assert (row.created_at, row.edited_at, row.html) == (NOON, None, "<p>Buy http://x.example</p>")


def test_a_row_shows_open_reports_and_a_card_all(scene: Scene) -> None:
    comment = scene.post()
    closed = scene.report(comment)
    scene.decided(comment)
    opened = scene.report(comment, "illegal")
    assert [(report.id, report.reason) for report in the_row(scene, "reported").reports] == [
        (opened, "illegal")
    ]
    whole = card(scene, comment)
    assert whole is not None
    assert [(report.id, report.closed_at is None) for report in whole.all_reports] == [
        (closed, False),
        (opened, True),
    ]


def test_an_author_has_at_most_fourteen_recent_states(scene: Scene) -> None:
    author = scene.do(lambda session: add_author(session, scene.site))
    for _ in range(15):
        scene.post(author_id=author)
    scene.post("pending", author_id=author)
    record = the_row(scene).author
    assert record is not None
    assert record.recent == ("published",) * 13 + ("pending",)


def test_a_card_tells_the_whole_history(scene: Scene) -> None:
    comment = scene.post()
    scene.edit(comment, "Worse.", held=True)
    scene.decided(comment, "reject", reason="other", note="Not like this.")
    whole = card(scene, comment)
    assert whole is not None
    assert [version.body for version in whole.revisions] == ["Lovely.", "Worse."]
    assert [(one.action, one.by, one.note) for one in whole.decisions] == [
        ("hold", "software", ""),
        ("reject", "Ada", "Not like this."),
    ]
    assert whole.last_decision == whole.decisions[-1]
    assert (whole.status, whole.body) == ("published", "Lovely.")


def test_a_card_of_another_site_is_not_there(scene: Scene) -> None:
    comment = scene.post()
    other = scene.do(lambda session: add_site(session, "fells"))
    assert card(scene, comment, other) is None
    assert card(scene, 10**9) is None
