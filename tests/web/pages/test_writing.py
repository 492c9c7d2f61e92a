"""Posting, editing, withdrawing and reporting by plain forms."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from comments_service import clock
from comments_service.config import Settings
from tests.app import Service
from tests.web.pages.conftest import OURS, Pages, visible


def test_a_comment_is_posted_and_its_author_gets_an_edit_link(pages: Pages) -> None:
    answer = pages.post("Well *said*.")
    assert answer.status_code == 303
    assert "author_key" not in answer.headers["Location"]
    own = pages.client.get(answer.headers["Location"])
    assert own.status_code == 200
    assert own.headers["Cache-Control"] == "no-store"
    assert "Your comment is published." in visible(own.text)
    assert f"{OURS}{answer.headers['Location']}" in unescape(own.text)
    assert "Well *said*.</textarea>" in own.text
    assert "Well <em>said</em>." in pages.text(slug="tarn")


def test_the_form_has_a_page_of_its_own_that_nobody_stores(pages: Pages) -> None:
    answer = pages.get("/comment", slug="tarn")
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.search(r'<input type="hidden" name="form" value="[^"]{20,}">', answer.text)
    assert '<input type="hidden" name="slug" value="tarn">' in answer.text
    assert 'name="author_key"' not in answer.text


def test_a_reply_stands_below_what_it_answers(pages: Pages) -> None:
    root, _ = pages.posted("Who has seen the tarn?", name="Mo")
    form = pages.text("/comment", slug="tarn", parent=root)
    assert "Reply to Mo" in form
    assert "Who has seen the tarn?" in form
    reply, _ = pages.posted("I have.", parent=root)
    assert pages.service.page()["comments"][0]["replies"][0]["id"] == reply


@pytest.mark.parametrize(
    ("fields", "at", "message"),
    [
        ({"body": ""}, "body", "Write something first."),
        ({"name": ""}, "name", "Enter a name."),
        ({"name": "x" * 61}, "name", "Use a name of at most 60 characters."),
        ({"body": "x" * 10_001}, "body", "The comment has 10001 characters; shorten it to 10000."),
    ],
)
def test_what_is_not_right_is_said_at_its_field_and_nothing_typed_is_lost(
    pages: Pages, fields: dict[str, str], at: str, message: str
) -> None:
    typed = {"slug": "tarn", "name": "Wren", "body": "Long thoughts.", "form": "t"} | fields
    answer = pages.send("/comment", typed)
    assert answer.status_code == 422
    assert f'<p class="problem" id="problem-{at}">{message}</p>' in answer.text
    assert re.search(rf'name="{at}"[^>]*aria-invalid="true" aria-describedby="problem-{at}"', answer.text)
    assert f'value="{typed["name"]}"' in answer.text
    assert f"{typed['body']}</textarea>" in answer.text
    assert pages.service.page()["comments"] == []


def test_a_preview_shows_how_it_would_look_and_posts_nothing(pages: Pages) -> None:
    typed = {"slug": "tarn", "name": "Wren", "body": "So *deep* <b>.", "form": "t", "act": "preview"}
    answer = pages.send("/comment", typed)
    assert answer.status_code == 200
    assert "<p>So <em>deep</em> &lt;b&gt;.</p>" in answer.text
    assert "So *deep* &lt;b&gt;.</textarea>" in answer.text
    assert 'name="form" value="t"' in answer.text
    assert pages.send("/comment", typed | {"body": ""}).status_code == 422
    assert pages.service.page()["comments"] == []


def test_a_form_sent_twice_posts_once(pages: Pages) -> None:
    found = re.search(r'name="form" value="([^"]+)"', pages.text("/comment", slug="tarn"))
    assert found
    first, again = (pages.posted("Once is enough.", form=found[1])[0] for _ in range(2))
    other, _ = pages.posted("Another thought from the same page.", form=found[1])
    assert first == again != other
    assert pages.posted("Once is enough.")[0] not in (first, other)


def test_a_refusal_keeps_the_words(pages: Pages) -> None:
    pages.service.set_policy(mode="closed")
    answer = pages.post("Too late, and yet: <thoughts>.")
    assert answer.status_code == 403
    assert "Comments on this article are closed." in answer.text
    assert "Too late, and yet: &lt;thoughts&gt;.</textarea>" in answer.text


def test_a_reply_to_what_has_gone_keeps_the_words(pages: Pages) -> None:
    root, token = pages.posted()
    assert pages.send(f"/comments/{root}/withdrawal", {"edit_token": token}).status_code == 303
    answer = pages.post("But why?", parent=root)
    assert answer.status_code == 404
    assert "The comment you reply to is not here any more." in answer.text
    assert "But why?</textarea>" in answer.text
    assert 'name="parent"' not in answer.text


def test_a_form_of_another_origin_or_of_none_is_refused(pages: Pages) -> None:
    comment, token = pages.posted()
    for origin in (None, "null", "https://evil.example", "https://news.example", "http://127.0.0.1:8001"):
        for path, fields in (
            ("/comment", {"slug": "tarn", "name": "Wren", "body": "Not mine."}),
            (f"/comments/{comment}/revisions", {"edit_token": token, "body": "Not mine."}),
            (f"/comments/{comment}/withdrawal", {"edit_token": token}),
            (f"/comments/{comment}/report", {"reason": "spam"}),
        ):
            assert pages.send(path, fields, origin=origin).status_code == 403
    assert [one["html"] for one in pages.service.page()["comments"]] == ["<p>A thought.</p>"]


def test_a_body_that_is_no_form_is_refused(pages: Pages) -> None:
    answer = pages.client.post(
        "/sites/horizons/thread/comment",
        json={"slug": "tarn", "name": "Wren", "body": "x"},
        headers={"Origin": OURS},
    )
    assert answer.status_code == 415


@pytest.mark.parametrize("letter", ["\n", "\N{BENGALI LETTER A}", "\N{OLD PERSIAN SIGN A}"])
def test_a_comment_of_the_most_characters_is_posted_in_any_script(pages: Pages, letter: str) -> None:
    body = f"a{letter * 9_998}z"
    typed = body.replace("\n", "\r\n")  # as a browser sends it
    answer = pages.post(typed, slug=letter.strip() * 512 or "tarn", name=letter.strip() * 60 or "Wren")
    assert answer.status_code == 303
    assert f"{body}</textarea>" in pages.client.get(answer.headers["Location"]).text


def test_fields_that_come_twice_or_are_unknown_are_refused(pages: Pages) -> None:
    for body in (b"slug=tarn&name=a&body=b&body=c", b"slug=tarn&name=a&body=b&colour=red"):
        answer = pages.client.post(
            "/sites/horizons/thread/comment",
            data=body,
            headers={"Origin": OURS, "Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 422
    fields = {"slug": "tarn", "name": "a", "body": "b"}
    assert pages.send("/comment?colour=red", fields).status_code == 422
    assert pages.service.page()["comments"] == []


def test_what_falls_into_the_honeypot_waits(pages: Pages) -> None:
    answer = pages.post("Buy now.", subject="pills")
    assert answer.status_code == 303
    assert pages.service.page()["comments"] == []
    assert "Waiting for a moderator." in pages.client.get(answer.headers["Location"]).text


def test_a_comment_that_waits_is_seen_by_its_author_alone(pages: Pages) -> None:
    pages.service.set_policy(mode="premoderated")
    assert "A moderator reads comments here before they appear." in pages.text("/comment", slug="tarn")
    comment, token = pages.posted("Read me first.")
    own = pages.text(f"/comments/{comment}/own", edit_token=token)
    assert "Waiting for a moderator. Only you can see this." in own
    assert "Read me first." in own
    assert "Read me first." not in pages.text(slug="tarn")


def test_an_author_whose_comment_was_rejected_reads_why(pages: Pages) -> None:
    pages.service.set_policy(rules_url="https://news.example/rules")
    comment, token = pages.posted("Clowns, all of them.")
    decision = {"comment": comment, "revision": 1, "from": "published", "action": "reject", "reason": "abuse"}
    pages.service.decide(pages.service.add_moderator(), decision)
    own = visible(pages.text(f"/comments/{comment}/own", edit_token=token))
    assert "Your comment was not published." in own
    assert "https://news.example/rules" in own.partition("was not published.")[2].partition("Keep this")[0]


def test_without_a_time_to_edit_there_is_no_link_but_a_word(pages: Pages) -> None:
    pages.service.set_policy(edit_minutes=0)
    published = pages.post("At once.")
    assert re.search(r"/thread/comments/(\d+)#comment-\1$", published.headers["Location"])
    assert pages.client.get(published.headers["Location"]).status_code == 200
    pages.service.set_policy(mode="premoderated")
    waiting = pages.post("Later.")
    assert waiting.headers["Location"].endswith("/thread/comment/sent?slug=tarn")
    assert "Thank you" in pages.client.get(waiting.headers["Location"]).text


def test_an_author_edits_by_the_link(pages: Pages) -> None:
    comment, token = pages.posted("Frist.")
    answer = pages.send(f"/comments/{comment}/revisions", {"edit_token": token, "body": "First."})
    assert answer.status_code == 303
    assert "First.</textarea>" in pages.client.get(answer.headers["Location"]).text
    assert "First." in pages.text(slug="tarn")
    assert ">edited<" in pages.text(slug="tarn")


def test_an_edit_that_waits_leaves_the_earlier_words(pages: Pages) -> None:
    comment, token = pages.posted("Calm.")
    pages.service.set_policy(words_held=["furious"])
    answer = pages.send(f"/comments/{comment}/revisions", {"edit_token": token, "body": "Furious."})
    own = pages.client.get(answer.headers["Location"]).text
    assert "Your changes wait for a moderator. Until then your earlier words stay." in own
    assert "Furious.</textarea>" in own
    assert "<p>Calm.</p>" in pages.text(slug="tarn")


def test_an_edit_that_is_not_right_keeps_the_words(pages: Pages) -> None:
    comment, token = pages.posted("Frist.")
    too_long = "x" * 10_001
    answer = pages.send(f"/comments/{comment}/revisions", {"edit_token": token, "body": too_long})
    assert answer.status_code == 422
    assert f"{too_long}</textarea>" in answer.text
    assert 'id="problem-body"' in answer.text
    empty = pages.send(f"/comments/{comment}/revisions", {"edit_token": token, "body": ""})
    assert empty.status_code == 422
    assert "Frist." in pages.text(slug="tarn")


def test_an_edit_without_a_good_token_is_refused_and_keeps_the_words(pages: Pages) -> None:
    comment, _ = pages.posted("Mine.")
    other, token = pages.posted("Another.", name="Mo")
    for bad in (token, "forged", token + "x"):
        assert pages.get(f"/comments/{comment}/own", edit_token=bad).status_code == 403
        answer = pages.send(f"/comments/{comment}/revisions", {"edit_token": bad, "body": "Theirs."})
        assert answer.status_code == 403
        assert "Theirs.</textarea>" in answer.text
        assert pages.send(f"/comments/{comment}/withdrawal", {"edit_token": bad}).status_code == 403
    assert pages.get(f"/comments/{comment}/own").status_code == 422
    assert {one["id"] for one in pages.service.page()["comments"]} == {comment, other}


def test_the_link_ends_with_the_time_to_edit(pages: Pages) -> None:
    comment, _ = pages.posted("Settled.")
    late = pages.service.signer.edit_token(comment, clock.now() - timedelta(seconds=1))
    own = pages.get(f"/comments/{comment}/own", edit_token=late)
    assert own.status_code == 403
    assert "The time to edit this comment is over." in own.text
    answer = pages.send(f"/comments/{comment}/revisions", {"edit_token": late, "body": "Unsettled."})
    assert answer.status_code == 403
    assert "Unsettled.</textarea>" in answer.text
    assert "Settled." in pages.text(slug="tarn")


def test_an_author_withdraws_by_the_link(pages: Pages) -> None:
    comment, token = pages.posted("Regretted.")
    answer = pages.send(f"/comments/{comment}/withdrawal", {"edit_token": token})
    assert answer.status_code == 303
    assert "You withdrew this comment" in pages.client.get(answer.headers["Location"]).text
    assert "Regretted." not in pages.text(slug="tarn")
    again = pages.send(f"/comments/{comment}/revisions", {"edit_token": token, "body": "Back."})
    assert again.status_code == 404


def test_a_reader_reports_and_is_thanked(pages: Pages) -> None:
    token = pages.service.add_moderator()
    comment, _ = pages.posted("Buy my pills.")
    form = pages.text(f"/comments/{comment}/report")
    assert "Buy my pills." in form
    assert "checked" not in form
    answer = pages.send(f"/comments/{comment}/report", {"reason": "spam", "text": "Pills again."})
    assert answer.status_code == 303
    assert "A moderator will read this comment." in pages.client.get(answer.headers["Location"]).text
    queue = pages.client.get(
        "/api/v1/sites/horizons/moderation/queues/reported", headers={"Authorization": f"Bearer {token}"}
    ).get_json()
    assert [one["text"] for one in queue["comments"][0]["reports"]] == ["Pills again."]


def test_a_report_that_hides_the_comment_is_thanked_all_the_same(pages: Pages) -> None:
    pages.service.set_policy(hide_after_reports=1)
    comment, _ = pages.posted("Someone's telephone number.")
    answer = pages.send(f"/comments/{comment}/report", {"reason": "personal_data"})
    assert pages.client.get(answer.headers["Location"]).status_code == 200
    assert pages.get(f"/comments/{comment}").status_code == 404


def test_a_report_without_a_reason_asks_for_one_and_keeps_the_words(pages: Pages) -> None:
    comment, _ = pages.posted()
    for reason in ({}, {"reason": "ugly"}):
        answer = pages.send(f"/comments/{comment}/report", {"text": "Look at this."} | reason)
        assert answer.status_code == 422
        assert '<p class="problem" id="problem-reason">Please choose one.</p>' in answer.text
        assert "Look at this.</textarea>" in answer.text


def test_who_posts_too_fast_is_told_when_to_come_back(migrated_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "comments.db"
    copy.write_bytes(migrated_file.read_bytes())
    settings = Settings(secret_key=b"s" * 32, database_url=f"sqlite:///{copy}")
    service = Service(replace(settings, limit_post="1 per year"))
    service.add_site()
    pages = Pages(service)
    pages.posted("Once.")
    answer = pages.post("Twice.")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "You are posting very fast." in answer.text
    assert "Twice.</textarea>" in answer.text
    service.close()
