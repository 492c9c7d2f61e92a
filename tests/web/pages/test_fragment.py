"""The fragment: what a site puts into its own pages, for readers without script and for search engines."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from comments_service.web.pages import fragment
from tests.web.pages.conftest import OURS, Pages

WIDGET = Path(__file__).parents[3] / "widget" / "src"
TEMPLATES = Path(fragment.__file__).parent / "templates" / "pages"
ARTICLE = "https://news.example/tarn"


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """SQLite alone: tests/reading and test_writing.py ask both databases the same."""
    return sqlite_url


class Fragments:
    """The fragment of thread `tarn` as a site's server fetches it."""

    def __init__(self, pages: Pages) -> None:
        self.pages, self.service = pages, pages.service

    def get(self, **query: Any) -> Any:
        return self.pages.client.get("/sites/horizons/fragment", query_string={"slug": "tarn"} | query)

    def text(self, **query: Any) -> str:
        answer = self.get(**query)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def data(self) -> dict[str, Any]:
        found = re.search(r'<script type="application/ld\+json">(.*?)</script>', self.text())
        assert found
        data: dict[str, Any] = json.loads(found[1])
        return data


@pytest.fixture
def fragments(pages: Pages) -> Fragments:
    pages.service.set_policy(article_url="https://news.example/{slug}")
    return Fragments(pages)


def test_a_fragment_is_the_element_with_the_first_page_drawn_inside(fragments: Fragments) -> None:
    root = fragments.service.posted("The *first* word.", name="Wren Ross")["id"]
    reply = fragments.service.posted("An answer.", parent=root, name="Mo")["id"]
    text = fragments.text()
    assert text.startswith(f'<comments-thread service="{OURS}" site="horizons" slug="tarn" lang="en">')
    assert text.count('<template shadowrootmode="open">') == 1
    assert re.search(rf'<article id="comment-{root}" part="comment".*<article id="comment-{reply}"', text)
    assert '<div class="body" part="body" dir="auto"><p>The <em>first</em> word.</p></div>' in text
    assert re.search(r'data-hue="\d+">WR</span>', text)
    assert f'href="{OURS}/sites/horizons/thread/comment?slug=tarn&amp;parent={root}"' in text
    assert f'href="{OURS}/sites/horizons/thread/comments/{reply}#comment-{reply}"' in text
    after = text.partition("</template>")[2]
    assert f'<a href="{OURS}/sites/horizons/thread?slug=tarn">Read the comments</a>' in after


def test_a_fragment_needs_no_style_attribute_and_runs_no_script(fragments: Fragments) -> None:
    fragments.service.posted()
    text = fragments.text()
    assert not re.search(r"<[^>]*\s(style|on\w+)=", text)
    assert re.findall(r"<script[^>]*>", text) == ['<script type="application/ld+json">']
    assert text.count("<style>") == 1
    assert "</" not in fragment.styles()
    inline = f"<style>{fragment.styles()}</style>"
    assert fragments.text(styles="none") == text.replace(inline, "")
    linked = re.search(rf'<link rel="stylesheet" href="{OURS}(/[^"?]+)">', fragments.text(styles="link"))
    assert linked
    sheet = fragments.pages.client.get(linked[1])
    assert sheet.text.strip() == fragment.styles()
    assert sheet.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_fragment_is_kept_for_a_minute_open_to_all_origins_and_sets_no_cookie(fragments: Fragments) -> None:
    fragments.service.posted()
    answer = fragments.get()
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers
    tag = answer.headers["ETag"]
    path = "/sites/horizons/fragment?slug=tarn"
    again = fragments.pages.client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    fragments.service.posted("Another.")
    assert fragments.get().headers["ETag"] != tag


def test_only_what_is_published_is_in_it(fragments: Fragments) -> None:
    root = fragments.service.posted("Something awful.", name="Rude")
    fragments.service.posted("Please do not.", parent=root["id"], name="Mo")
    fragments.service.decide(
        fragments.service.add_moderator(),
        {"comment": root["id"], "revision": 1, "from": "published", "action": "reject", "reason": "abuse"},
    )
    fragments.service.set_policy(mode="premoderated")
    fragments.service.posted("Not yet.", name="Waiting")
    text = fragments.text()
    for hidden in ("Something awful.", "Rude", "Not yet.", "Waiting"):
        assert hidden not in text
    assert "Removed by a moderator" in text
    assert [one["text"] for one in fragments.data()["comment"]] == ["Please do not."]


def test_search_engines_get_the_comments_on_their_article(fragments: Fragments) -> None:
    root = fragments.service.posted("One.\n\nTwo & *three*.", name="Wren")["id"]
    fragments.service.posted("An answer.", parent=root, name="Mo")
    data = fragments.data()
    assert (data["@type"], data["@id"], data["commentCount"]) == ("Article", ARTICLE, 2)
    (one,) = data["comment"]
    assert one["@type"] == "Comment"
    assert one["url"] == f"{ARTICLE}#comment-{root}"
    assert one["author"] == {"@type": "Person", "name": "Wren"}
    assert one["text"] == "One.\nTwo & three."
    assert one["datePublished"].endswith("Z")
    assert [reply["author"]["name"] for reply in one["comment"]] == ["Mo"]
    fragments.service.set_policy(article_url="https://news.example/#/{slug}")
    assert fragments.data()["comment"][0]["url"] == f"https://news.example/#comment-{root}"


HOSTILE = "</script><script>alert(1)</script><!-- \u2028\u2029 &amp; </template></style>"


def test_nothing_that_readers_write_ends_the_script_or_the_template(fragments: Fragments) -> None:
    fragments.service.posted(HOSTILE, name="</script><b>")
    text = fragments.text()
    assert text.count("<script") == text.count("</script>") == text.count("</template>") == 1
    written = text.partition('<script type="application/ld+json">')[2].partition("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(written)
    data = fragments.data()["comment"][0]
    assert data["author"]["name"] == "</script><b>"
    assert data["text"].startswith("</script><script>alert(1)")


def test_a_slug_nobody_wrote_under_has_a_fragment_without_data(fragments: Fragments) -> None:
    text = fragments.text(slug='no"body')
    assert 'slug="no&#34;body"' in text
    assert "No comments yet" in text
    assert "<script" not in text


def test_a_fragment_speaks_the_sites_language_from_right_to_left(fragments: Fragments) -> None:
    fragments.service.set_policy(language="ar", mode="closed")
    text = fragments.text()
    assert ' lang="ar" dir="rtl">' in text
    assert "لا تعليقات بعد" in text
    assert 'part="opener"' not in text


def test_deep_replies_stand_flat_and_say_whom_they_answer(fragments: Fragments) -> None:
    fragments.service.set_policy(depth_drawn=2)
    above = fragments.service.posted("Root.", name="One")["id"]
    for name in ("Two", "Three"):
        above = fragments.service.posted("More.", name=name, parent=above)["id"]
    text = unescape(fragments.text())
    assert text.count('<ol class="replies" part="replies">') == 1
    assert text.count('<li class="flat">') == 1
    assert re.search(r"<span>in reply to</span> <a [^>]*>Two</a>", text)


@pytest.mark.parametrize(
    ("name", "shown"), [("Wren", "W"), ("mary ann lee", "ML"), ("(ß) _x", "SSX"), ("…", ""), ("Олег 2", "О2")]
)
def test_an_avatar_shows_what_the_widget_shows(name: str, shown: str) -> None:
    assert fragment.initials(name) == shown
    assert 0 <= fragment.hue(name) < fragment.HUES


def test_a_query_that_makes_no_sense_is_refused(fragments: Fragments) -> None:
    assert fragments.get(slug="").status_code == 422
    assert fragments.get(colour="red").status_code == 422
    assert fragments.get(styles="loud").status_code == 422


def test_the_icons_are_the_widgets() -> None:
    shapes = (WIDGET / "icons.ts").read_text(encoding="utf-8")
    drawn = (TEMPLATES / "fragment.html").read_text(encoding="utf-8")
    for name, shape in re.findall(r'set (\w+) = (?:circle ~ )?"([^"]+)"', drawn):
        assert f'"{shape}"' in re.findall(rf"const {name} = (.*);", shapes, re.IGNORECASE)[0]
