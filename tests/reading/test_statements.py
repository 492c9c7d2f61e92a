"""Statements of reasons: what an author is told of each decision that keeps a comment from being shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comments_service.db import Database
from comments_service.models import Evidence
from comments_service.models.policy import Policy
from comments_service.reading import statements
from comments_service.reading.statements import Statement
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
    same = {"decision": 0, "decided_at": twin.decided_at, "text": ""}
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
