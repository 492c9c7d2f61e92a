"""Rendering again what another policy rendered."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comments_service import rendering
from comments_service.doctor import stored
from comments_service.models import Comment, Revision, Thread
from comments_service.rendering import Done, render_again
from comments_service.text.render import POLICY_VERSION
from tests.app import Service, new_author_key
from tests.databases import rows

LIMITS = itertools.cycle(range(50, 101))
OLD = "<p>old <em>rendering</em></p>"


def silent(more: int) -> None:
    return None


def made_by_another_policy(service: Service, *comments: int, **values: Any) -> None:
    """As if an older version had rendered these comments, or all."""

    def work(session: Session) -> None:
        mine = update(Revision).where(
            Revision.comment_id.in_(comments) if comments else Revision.comment_id > 0
        )
        session.execute(mine.values(policy_version=POLICY_VERSION - 1, **values))
        shown = select(Comment).where(Comment.leaf.is_not(None))
        for comment in session.scalars(shown.where(Comment.id.in_(comments)) if comments else shown):
            if comment.leaf and values.get("html"):
                leaf = json.loads(b"{%b}" % comment.leaf) | {"html": values["html"]}
                comment.leaf = json.dumps(leaf, separators=(",", ":"))[1:-1].encode()

    service.write(work)


def fresh_page(service: Service) -> dict[str, Any]:
    """The thread, asked for in words that no memory has heard before."""
    return service.page(limit=next(LIMITS))


def versions(service: Service) -> dict[str, int]:
    return dict(
        service.write(
            lambda session: [tuple(row) for row in session.execute(select(Thread.slug, Thread.version))]
        )
    )


def test_a_public_comment_is_shown_as_it_is_rendered_now(horizons: Service) -> None:
    other = horizons.posted("Elsewhere.", slug="other")["id"]
    root = horizons.posted("Said *so*.")["id"]
    reply = horizons.posted("Indeed.", parent=root)["id"]
    whole = fresh_page(horizons)
    for comment, html in ((root, OLD), (reply, "<p>Indeed.</p>"), (other, "<p>Elsewhere.</p>")):
        made_by_another_policy(horizons, comment, html=html)
    before = versions(horizons)
    assert fresh_page(horizons)["comments"][0]["html"] == OLD
    assert rendering.waiting(horizons.database) == 3
    assert render_again(horizons.database, silent) == Done(rendered=3, changed=1)
    after = versions(horizons)
    assert after["tarn"] > before["tarn"]
    assert after["other"] == before["other"], "nothing in it looks different"
    assert rendering.waiting(horizons.database) == 0
    assert fresh_page(horizons) == whole


def test_only_what_is_stored_as_html_changes(horizons: Service) -> None:
    root = horizons.posted("Said *so*.")["id"]
    horizons.posted("Indeed.", parent=root)
    with horizons.database.writer.connect() as connection:
        before = rows(connection)
    made_by_another_policy(horizons, html="<p>Old.</p>")
    assert render_again(horizons.database, silent).changed == 2
    with horizons.database.writer.connect() as connection:
        after = rows(connection)
    assert {name for name in before if before[name] != after[name]} == {"thread"}


def test_an_edited_and_a_waiting_comment_are_rendered_in_all_revisions(horizons: Service) -> None:
    key = new_author_key()
    answer = horizons.post("First *words*.", author_key=key).get_json()
    comment = answer["comment"]["id"]
    edit = {"body": "Second *words*.", "edit_token": answer["edit_token"]}
    assert horizons.post_json(f"horizons/comments/{comment}/revisions", edit).status_code == 201
    horizons.set_policy(mode="premoderated")
    waits = horizons.posted("It *waits*.")["id"]
    whole = fresh_page(horizons)
    made_by_another_policy(horizons, html=OLD)
    assert fresh_page(horizons)["comments"][0]["html"] == OLD
    assert render_again(horizons.database, silent) == Done(rendered=3, changed=3)
    assert fresh_page(horizons) == whole
    stored = horizons.write(
        lambda session: list(
            session.scalars(select(Revision.html).order_by(Revision.comment_id, Revision.revision))
        )
    )
    assert stored == [
        "<p>First <em>words</em>.</p>",
        "<p>Second <em>words</em>.</p>",
        "<p>It <em>waits</em>.</p>",
    ]
    held = horizons.write(lambda session: session.get_one(Comment, waits).leaf)
    assert held is None


def test_a_thread_whose_hidden_texts_alone_changed_keeps_its_version(horizons: Service) -> None:
    horizons.posted("Public.")
    horizons.set_policy(mode="premoderated")
    waits = horizons.posted("It *waits*.")["id"]
    made_by_another_policy(horizons, waits, html=OLD)
    before = versions(horizons)
    assert render_again(horizons.database, silent) == Done(rendered=1, changed=1)
    assert versions(horizons) == before


def test_an_erased_text_stays_erased(horizons: Service) -> None:
    comment = horizons.posted("Regretted.")["id"]
    made_by_another_policy(horizons, comment, body="", html="")
    assert rendering.waiting(horizons.database) == 0
    assert render_again(horizons.database, silent) == Done()


def test_a_break_loses_nothing_and_the_next_run_goes_on(
    horizons: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "BATCH", 2)
    monkeypatch.setattr(rendering, "STRIDE", 2)
    for number in range(5):
        horizons.posted(f"Said *{number}*.")
    whole = fresh_page(horizons)
    made_by_another_policy(horizons, html=OLD)
    assert rendering.waiting(horizons.database) == 5
    told: list[int] = []

    def break_off(more: int) -> None:
        told.append(more)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_again(horizons.database, break_off)
    assert rendering.waiting(horizons.database) == 1
    assert render_again(horizons.database, told.append) == Done(rendered=1, changed=1)
    assert told == [2, 2, 1]
    assert fresh_page(horizons) == whole


def test_the_doctor_tells_of_it_until_it_is_done(horizons: Service) -> None:
    horizons.posted("Said *so*.")
    told = "The HTML of 1 texts was made by another version's rules"
    assert not any(told in finding.sentence for finding in stored.looks(horizons.database))
    made_by_another_policy(horizons)
    assert any(told in finding.sentence for finding in stored.looks(horizons.database))
    render_again(horizons.database, silent)
    assert not any(told in finding.sentence for finding in stored.looks(horizons.database))
