"""Reading threads as pages."""

from __future__ import annotations

import re

import pytest

from tests.app import Service
from tests.web.pages.conftest import Pages, visible


def test_a_thread_names_its_feed(pages: Pages) -> None:
    pages.service.posted(slug="a b")
    found = re.search(r'type="application/atom\+xml" [^>]*href="([^"]+)"', pages.text(slug="a b"))
    assert found
    assert "<entry>" in pages.client.get(found[1]).text


def test_an_unknown_slug_reads_as_empty_and_writes_nothing(pages: Pages) -> None:
    answer = pages.get(slug="nobody/wrote/here")
    assert answer.status_code == 200
    assert "Comments (0)" in visible(answer.text)
    assert "No comments yet" in answer.text
    assert pages.service.get("horizons/counts", slug="nobody/wrote/here").get_json() == {
        "counts": {"nobody/wrote/here": 0}
    }
    token = pages.service.add_moderator()
    headers = {"Authorization": f"Bearer {token}"}
    threads = "/api/v1/sites/horizons/moderation/threads"
    found = pages.client.get(threads, query_string={"slug": "nobody/wrote/here"}, headers=headers)
    assert found.status_code == 404


def test_a_thread_is_drawn_with_its_replies_inside_their_parents(pages: Pages) -> None:
    root = pages.service.posted("The *first* word.")["id"]
    reply = pages.service.posted("An answer.", parent=root, name="Ravi")["id"]
    pages.service.posted("An answer to that.", parent=reply, name="Mo")
    text = pages.text(slug="tarn")
    assert "Comments (3)" in visible(text)
    assert "<p>The <em>first</em> word.</p>" in text
    assert f'id="comment-{root}"' in text
    assert text.count('<ol class="replies">') == 2
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT[^"]*Z">\d+ \w+ \d{4}, \d\d:\d\d UTC</time>', text)


def test_names_and_titles_are_escaped_and_only_the_sanitised_html_is_not(pages: Pages) -> None:
    pages.service.posted("<script>alert(1)</script> & more", name="<b>Bold</b>", slug="a<i>b")
    text = pages.text(slug="a<i>b")
    assert "<script" not in text
    assert "<b>" not in text
    assert "a<i>b" not in text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in text


def test_reading_pages_are_public_and_tell_who_has_them_already(pages: Pages) -> None:
    pages.service.posted()
    answer = pages.get(slug="tarn")
    assert answer.headers["Cache-Control"] == "public, max-age=0, s-maxage=1"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    again = pages.client.get(
        "/sites/horizons/thread?slug=tarn", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
    pages.service.posted("Another.")
    assert pages.get(slug="tarn").headers["ETag"] != answer.headers["ETag"]


def test_a_page_that_is_shared_carries_no_form_and_no_token(pages: Pages) -> None:
    pages.service.posted()
    text = pages.text(slug="tarn")
    assert "<form" not in text
    assert "<input" not in text


@pytest.mark.parametrize("path", ["", "/comment"])
def test_no_page_runs_script_or_may_be_framed(pages: Pages, path: str) -> None:
    headers = pages.get(path, slug="tarn").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["script-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == policy["img-src"] == "'none'"
    assert policy["style-src"] == policy["form-action"] == "'self'"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_all_conversations_are_reached_by_links_in_every_order(pages: Pages) -> None:
    wanted = {pages.service.posted(f"Thought {number}.")["id"] for number in range(27)}
    for sort in ("newest", "oldest", "best"):
        address: str | None = f"/sites/horizons/thread?slug=tarn&sort={sort}"
        met: list[int] = []
        while address:
            text = pages.client.get(address).text
            met += [int(id) for id in re.findall(r'id="comment-(\d+)"', text)]
            found = re.search(r'class="button" rel="next" href="([^"]+)"', text)
            address = found[1].replace("&amp;", "&") if found else None
        assert len(met) == 27
        assert set(met) == wanted
    assert met != sorted(met) or sort != "newest"


def test_the_rest_of_a_conversation_is_reached_by_links(pages: Pages) -> None:
    root = pages.service.posted()["id"]
    wanted = [pages.service.posted(f"Reply {n}.", parent=root)["id"] for n in range(8)]
    text = pages.text(slug="tarn")
    found = re.search(rf'href="(/sites/horizons/thread/comments/{root}/replies\?cursor=[^"]+)"', text)
    assert found
    further = pages.client.get(found[1]).text
    met = [int(id) for id in re.findall(r'id="comment-(\d+)"', text + further)]
    assert sorted(met) == [root, *wanted]


def test_a_permalink_shows_a_comment_wherever_it_stands(pages: Pages) -> None:
    root = pages.service.posted()["id"]
    last = [pages.service.posted(f"Reply {n}.", parent=root)["id"] for n in range(8)][-1]
    text = pages.text(f"/comments/{last}")
    assert f'<article id="comment-{last}" class="chosen">' in text
    assert f'id="comment-{root}"' in text
    assert text.count(f'id="comment-{last}"') == 1


def test_replies_beyond_the_deepest_level_say_whom_they_answer(pages: Pages) -> None:
    pages.service.set_policy(depth_drawn=2)
    above = pages.service.posted("Root.", name="One")["id"]
    for name in ("Two", "Three", "Four"):
        above = pages.service.posted(f"{name} speaks.", name=name, parent=above)["id"]
    text = pages.text(slug="tarn")
    assert text.count('<ol class="replies">') == 1
    assert "in reply to Two" in visible(text)
    assert "in reply to Three" in visible(text)


def test_what_a_moderator_removed_leaves_a_tombstone_above_its_replies(pages: Pages) -> None:
    token = pages.service.add_moderator()
    root = pages.service.posted("Something awful.", name="Rude")
    pages.service.posted("Please do not.", parent=root["id"])
    done = pages.service.decide(
        token,
        {"comment": root["id"], "revision": 1, "from": "published", "action": "reject", "reason": "abuse"},
    )
    assert done.status_code == 200
    text = pages.text(slug="tarn")
    assert "Removed by a moderator" in text
    assert "Something awful." not in text
    assert "Rude" not in text
    assert "Please do not." in text
    assert "Comments (1)" in visible(text)


def test_comments_that_wait_are_nowhere(pages: Pages) -> None:
    pages.service.set_policy(mode="premoderated")
    waiting = pages.service.posted("Not yet.")
    assert waiting["status"] == "pending"
    assert "Not yet." not in pages.text(slug="tarn")
    assert pages.get(f"/comments/{waiting['id']}").status_code == 404
    assert pages.get(f"/comments/{waiting['id']}/report").status_code == 404
    assert pages.get("/comment", slug="tarn", parent=waiting["id"]).status_code == 404


def test_a_closed_thread_is_read_and_takes_nothing(pages: Pages) -> None:
    pages.service.posted("Still here.")
    pages.service.set_policy(mode="closed")
    text = pages.text(slug="tarn")
    assert "Still here." in text
    assert "Comments on this article are closed." in text
    assert "Leave a comment" not in text
    assert ">Reply<" not in text


def test_the_article_is_linked_when_its_address_is_known(pages: Pages) -> None:
    assert "news.example" not in pages.text(slug="a b/c?d")
    pages.service.set_policy(article_url="https://news.example/read/{slug}")
    linked = '<a href="https://news.example/read/a%20b/c%3Fd">Back to the article</a>'
    assert linked in pages.text(slug="a b/c?d")


def test_a_title_and_an_address_of_the_thread_come_first(pages: Pages) -> None:
    pages.service.set_policy(article_url="https://news.example/read/{slug}")
    headers = {"Authorization": f"Bearer {pages.service.add_moderator()}"}
    changes = {"title": "How deep is the tarn?", "url": "https://news.example/2026/tarn"}
    threads = "/api/v1/sites/horizons/moderation/threads?slug=tarn"
    assert pages.client.patch(threads, json=changes, headers=headers).status_code == 200
    text = pages.text(slug="tarn")
    assert '<a href="https://news.example/2026/tarn">How deep is the tarn?</a>' in text
    assert "<title>Comments on How deep is the tarn?</title>" in text


@pytest.mark.parametrize(
    "query",
    ["", "slug=", "slug=a&slug=b", "slug=a&colour=red", "slug=a&sort=loudest", "slug=a&cursor=nonsense"],
)
def test_a_query_that_makes_no_sense_is_refused(pages: Pages, query: str) -> None:
    answer = pages.client.get(f"/sites/horizons/thread?{query}")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.get_json()["errors"]


def test_errors_are_pages_for_people_and_problems_for_programs(pages: Pages) -> None:
    page = pages.client.get("/sites/nowhere/thread?slug=a", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 404
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    assert "There is no such site." in page.text
    problem = pages.client.get("/sites/nowhere/thread?slug=a")
    assert problem.status_code == 404
    assert problem.get_json()["code"] == "site_not_found"


def test_comments_of_another_site_are_not_found(pages: Pages) -> None:
    pages.service.add_site("other")
    there = pages.service.posted("Elsewhere.", site="other")["id"]
    for path in ("", "/replies", "/report"):
        assert pages.get(f"/comments/{there}{path}").status_code == 404


def test_the_style_sheet_is_ours_and_never_changes_under_its_name(pages: Pages, service: Service) -> None:
    found = re.search(r'<link rel="stylesheet" href="([^"]+)">', pages.text(slug="tarn"))
    assert found
    answer = service.client.get(found[1])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert service.client.get("/pages/pages.000000000000.css").status_code == 404
