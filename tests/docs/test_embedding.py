"""docs/embedding: the reference says what the widget's source has, and the guides' snippets are right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, expect
from werkzeug.exceptions import HTTPException

from tests.app import Live, Service

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((DOCS / "embedding").glob("*.md"))}
REFERENCE = GUIDES["reference"]
WIDGET = Path(__file__).parents[2] / "widget" / "src"
SOURCE = "".join(path.read_text(encoding="utf-8") for path in sorted(WIDGET.rglob("*.ts")))
SHEETS = "".join(path.read_text(encoding="utf-8") for path in sorted(WIDGET.rglob("*.css")))
SERVICE = "https://comments.example.org"
SYSTEMS = ("astro", "ghost", "html", "hugo", "next", "wordpress")


@pytest.fixture
def migrated_url(migrated_file: Path) -> str:
    """Only addresses are looked up."""
    return f"sqlite:///{migrated_file}"


def snippets(guide: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDES[guide], re.DOTALL | re.MULTILINE)


def section(heading: str) -> str:
    return REFERENCE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def first_cells(heading: str) -> set[str]:
    rows = (line.split("|")[1] for line in section(heading).splitlines() if line.startswith("| `"))
    return {name for cell in rows for name in re.findall(r"`([\w:-]+)(?:\(.*?\))?`", cell)}


def test_every_attribute_of_the_elements_is_documented() -> None:
    lists = re.findall(r"const ATTRIBUTES = \[([^\]]*)\]", SOURCE)
    assert len(lists) == 2
    assert first_cells("Attributes") == {name for found in lists for name in re.findall(r'"(\w+)"', found)}


def test_every_event_that_the_elements_dispatch_is_documented() -> None:
    sent = re.findall(r'\b_?emit\(\s*"(\w+)"|\bdispatch\(\w+, "(\w+)"', SOURCE)
    assert first_cells("Events") == {f"comments:{a or b}" for a, b in sent}


def test_every_property_and_part_for_styling_is_documented() -> None:
    named = first_cells("Styling")
    assert {name for name in named if name.startswith("--")} == set(re.findall(r"--comments-[\w-]+", SHEETS))
    parts = {
        part
        for a, b in re.findall(r'\bpart: "([^"]+)"|"part", "([^"]+)"', SOURCE)
        for part in (a or b).split()
    }
    assert {name for name in named if not name.startswith("--")} == parts


def test_every_method_that_is_documented_is_there() -> None:
    for method in first_cells("Methods"):
        assert re.search(rf"^  (?:async )?{method}\(", SOURCE, re.MULTILINE), method


@pytest.mark.parametrize("guide", SYSTEMS)
def test_a_guide_loads_the_module_and_names_site_slug_and_the_page_without_script(guide: str) -> None:
    text = GUIDES[guide]
    assert "/embed/v1.js" in text
    assert 'type="module"' in text or "wp_enqueue_script_module(" in text
    for element in re.findall(r"<comments-(?:thread|count)\s[^>]*", text):
        assert " site=" in element
        assert " slug=" in element
    assert "/thread?" in text
    assert "rendered-on-the-server" in text


def test_every_address_of_the_service_in_the_guides_leads_somewhere(service: Service) -> None:
    routes = service.app.url_map.bind("127.0.0.1")
    text = "".join(GUIDES.values()).replace("${SITE}", "horizons").replace("${site}", "horizons")
    text = text.replace("{site}", "horizons")
    paths = set(re.findall(r"(?<![\w.])(/(?:sites/\w+|embed)/[\w./-]*\w)", text))
    assert {"/embed/v1.js", "/sites/horizons/thread", "/sites/horizons/fragment"} <= paths
    for path in paths:
        try:
            routes.match(path, method="GET")
        except HTTPException:
            pytest.fail(path)


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for guide, text in GUIDES.items():
        for target in re.findall(r"\]\(([^):]+\.md[^)]*|#[^)]*)\)", text):
            path, _, anchor = target.partition("#")
            file = DOCS / "embedding" / (path or f"{guide}.md")
            assert file.exists(), (guide, target)
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert not anchor or anchor in anchors, (guide, target)


def test_json_in_the_guides_is_an_abbreviation_of_what_the_service_sends() -> None:
    (data,) = re.findall(r'ld\+json">(.*?)</script>', GUIDES["README"])
    shown = json.loads(data.replace("[…]", "[]"))
    assert (shown["@type"], shown["comment"]) == ("Article", [])


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
    live: Live, articles: tuple[Path, str], open_page: Callable[..., Page]
) -> None:
    folder, elsewhere = articles
    slug = "politics/coalition-talks"
    live.api("horizons/comments", {"slug": slug, "name": "Wren", "body": "A *third* week already."})
    _, _, fragment = live.request(f"/sites/horizons/fragment?slug={slug}")
    (article,) = (html for html in snippets("html", "html") if html.startswith("<!doctype html>"))
    article = article.replace(SERVICE, live.url)
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
