"""Statements of reasons: what an author is told of each decision that keeps a comment from being shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from comments_service.db import Database
from comments_service.models import Evidence
from comments_service.models.policy import Policy
from comments_service.reading import own, statements
from comments_service.reading.statements import Statement
from tests.databases import add_author
from tests.reading.test_figures import a_notice
from tests.scene import Scene

POLICY = Policy(rules_url="https://news.example/rules", contact="forum@news.example")
PHONE = "A phone number."


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


def of(scene: Scene, comment: int, policy: Policy = POLICY) -> Statement | None:
    return scene.do(lambda session: statements.of(session, policy, [comment])).get(comment)


def held(scene: Scene) -> int:
    comment = scene.post("pending", reason="Phone numbers are read first.")
    found = Evidence(comment_id=comment, revision=1, check="personal", rule="phone", message=PHONE)
    scene.do(lambda session: session.add_all([found, replace_id(found)]))
    return comment


def replace_id(found: Evidence) -> Evidence:
    columns = {c.key: getattr(found, c.key, None) for c in Evidence.__mapper__.attrs if c.key != "id"}
    return Evidence(**columns)


def test_a_statement_follows_what_stands(scene: Scene) -> None:
    comment = held(scene)
    hold = of(scene, comment)
    assert hold is not None
    assert (hold.action, hold.decided_by, hold.found_by) == ("hold", "software", "software")
    assert (hold.ground, hold.reason, hold.note) == ("rules", None, None)
    assert hold.facts == ("Phone numbers are read first.",)

    rejection = scene.decided(comment, "reject", reason="personal_data", note="For colleagues.")
    rejected = of(scene, comment)
    assert rejected is not None
    assert (rejected.decision, rejected.action, rejected.revision) == (rejection, "reject", 1)
    assert (rejected.decided_by, rejected.found_by) == ("moderator", "software")
    assert (rejected.ground, rejected.reason, rejected.facts) == ("rules", "personal_data", (PHONE,))
    assert rejected.note is None
    assert "colleagues" not in rejected.text
    for said in ("personal data", PHONE, "https://news.example/rules", "forum@news.example", str(rejection)):
        assert said in rejected.text

    scene.reverse(rejection)
    again = of(scene, comment)
    assert again is not None
    assert (again.decision, again.action) == (hold.decision, "hold")
    scene.decided(comment)
    assert of(scene, comment) is None


def test_what_led_to_a_decision_is_said_and_never_who(scene: Scene) -> None:
    seen, reported, noticed = (scene.post() for _ in range(3))
    scene.report(reported)
    report = scene.report(noticed, "illegal")
    scene.do(lambda session: session.add(a_notice(report)))
    found = {}
    for comment in (seen, reported, noticed):
        scene.decided(comment, "reject", reason="illegal", note="It incites hatred.")
        statement = of(scene, comment)
        assert statement is not None
        assert (statement.ground, statement.note) == ("law", "It incites hatred.")
        assert "the law; the moderator holds it to be illegal: It incites hatred." in statement.text
        assert "Mo" not in statement.text.split()
        found[comment] = statement.found_by
    assert found == {seen: "moderator", reported: "report", noticed: "notice"}


def test_an_advert_is_not_told_what_gave_it_away(scene: Scene) -> None:
    comment = held(scene)
    scene.decided(comment, "spam", reason="spam")
    statement = of(scene, comment)
    assert statement is not None
    assert (statement.action, statement.facts) == ("spam", ())
    assert PHONE not in statement.text


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_discarded_comment_gets_the_statement_of_a_held_one(scene: Scene) -> None:
    statement = of(scene, scene.post("spam", reason="A moderator looks at it first."))
    twin = of(scene, scene.post("pending", reason="A moderator looks at it first."))
    assert statement is not None
    assert twin is not None
    same: dict[str, Any] = {"decision": 0, "decided_at": twin.decided_at, "text": ""}
    assert replace(statement, **same) == replace(twin, **same)
    assert statement.text[:12] == twin.text[:12]


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_site_without_rules_and_contact_still_says_where_to_object(scene: Scene) -> None:
    comment = scene.post()
    scene.edit(comment, held=True)
    statement = of(scene, comment, Policy())
    assert statement is not None
    assert (statement.revision, statement.rules_url, statement.contact) == (2, None, None)
    assert "(version 2)" in statement.text
    assert "whoever publishes this site" in statement.text
    assert "()" not in statement.text


def test_the_author_of_a_dropped_edit_learns_why_until_the_next(scene: Scene) -> None:
    comment = scene.post(author_id=scene.do(lambda session: add_author(session, scene.site)))
    scene.edit(comment, "Worse.", held=True)
    held = of(scene, comment)
    assert held is not None
    assert (held.action, held.revision) == ("hold", 2)
    drop = scene.decided(comment, "reject", reason="abuse")

    said, (mine,) = of(scene, comment), own_of(scene, comment)
    assert said is not None
    assert (said.decision, said.action, said.revision, said.reason) == (drop, "reject", 2, "abuse")
    assert "a moderator decided that your change of" in said.text
    assert "is not accepted; the version before stays." in said.text
    assert "not shown" not in said.text
    assert (mine["status"], mine["revision"]) == ("published", 1)
    assert "was not accepted: abuse. The version before stays." in mine["reason"]

    scene.reverse(drop)
    assert own_of(scene, comment)[0]["status"] == "pending"
    scene.decided(comment, "spam")
    scene.report(comment)
    scene.decided(comment)  # of what is public, which the readers complained of
    assert "was not accepted: abuse" in own_of(scene, comment)[0]["reason"]
    scene.edit(comment, "Better.")
    assert of(scene, comment) is None
    assert own_of(scene, comment) == []


def test_no_author_is_told_the_number_of_anothers_comment(scene: Scene) -> None:
    comment = scene.post("pending")
    message = "It is nearly the same text as comment 4711 (87% alike)."
    found = Evidence(comment_id=comment, revision=1, check="near", rule="cluster 4711", message=message)
    scene.do(lambda session: session.add(found))
    decision = scene.decided(comment, "reject", reason="duplicate")
    said = of(scene, comment)
    assert said is not None
    assert said.facts == ("It is much like another comment.",)
    assert "4711" not in said.text
    scene.reverse(decision)
    assert scene.comment(comment)["reason"] == "It is much like another comment."


def own_of(scene: Scene, comment: int) -> list[dict[str, Any]]:
    author = scene.comment(comment)["author_id"]
    return scene.do(lambda session: own.unpublished(session, thread_id=scene.thread, author_id=author))
