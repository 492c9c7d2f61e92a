"""The plain page of docs/embedding in a browser: the element with script, the fragment without."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from tests.widget.host import Newspaper

GUIDE = Path(__file__).parents[2] / "docs" / "embedding" / "html.md"


@pytest.fixture
def articles(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that another origin than the service's shows, and its address."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "favicon.ico").touch()
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_plain_page_shows_the_thread_with_script_and_a_fragment_without(
    newspaper: Newspaper, articles: tuple[Path, str], open_page: Callable[..., Page]
) -> None:
    live, (folder, elsewhere) = newspaper.service, articles
    slug = "politics/coalition-talks"
    live.api("horizons/comments", {"slug": slug, "name": "Wren", "body": "A *third* week already."})
    _, _, fragment = live.request(f"/sites/horizons/fragment?slug={slug}")
    found = re.search(r"```html\n(<!doctype html>.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    article = found[1].replace("https://comments.example.org", live.url)
    element = re.compile(r"<comments-thread.*</comments-thread>\n", re.DOTALL)
    (folder / "plain.html").write_text(article, encoding="utf-8")
    (folder / "drawn.html").write_text(element.sub(lambda _: fragment, article), encoding="utf-8")

    page = open_page()
    page.goto(f"{elsewhere}/plain.html")
    expect(page.locator("comments-thread article em")).to_have_text("third")

    without = open_page(java_script_enabled=False)
    without.goto(f"{elsewhere}/drawn.html")
    expect(without.locator("comments-thread article em")).to_have_text("third")
    expect(without.get_by_text("Read the comments")).to_be_hidden()
    write = without.get_by_role("link", name="Leave a comment")
    expect(write).to_have_attribute("href", f"{live.url}/sites/horizons/thread/comment?slug={slug}")
    # The style sheet came along: a list without it would stand in from the text.
    assert without.locator("ol.list").evaluate("it => getComputedStyle(it).paddingInlineStart") == "0px"
