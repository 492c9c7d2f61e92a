"""docs/embedding: the reference says what the widget's source has, and the guides' snippets are right."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from werkzeug.exceptions import HTTPException

from tests.app import Service

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((DOCS / "embedding").glob("*.md"))}
REFERENCE = GUIDES["reference"]
WIDGET = Path(__file__).parents[2] / "widget" / "src"
SOURCE = "".join(path.read_text(encoding="utf-8") for path in sorted(WIDGET.rglob("*.ts")))
SHEETS = "".join(path.read_text(encoding="utf-8") for path in sorted(WIDGET.rglob("*.css")))
SYSTEMS = ("astro", "ghost", "html", "hugo", "next", "wordpress")


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """Only addresses are looked up."""
    return sqlite_url


def section(heading: str) -> str:
    return REFERENCE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def first_cells(heading: str) -> set[str]:
    rows = (line.split("|")[1] for line in section(heading).splitlines() if line.startswith("| `"))
    return {name for cell in rows for name in re.findall(r"`([\w:-]+)(?:\(.*?\))?`", cell)}


def test_every_attribute_of_the_elements_is_documented() -> None:
    lists = re.findall(r"const ATTRIBUTES = \[([^\]]*)\]", SOURCE)
    assert len(lists) == 2
    named = {name for found in lists for name in re.findall(r'"(\w+)"', found)}
    assert first_cells("Attributes") == named | {"lang"}  # which the platform reflects


def test_every_event_that_the_elements_dispatch_is_documented() -> None:
    sent = re.findall(r'\b_?emit\(\s*"(\w+)"|\bdispatch\(\w+, "(\w+)"', SOURCE)
    assert first_cells("Events") == {f"comments:{a or b}" for a, b in sent}


def test_every_property_and_part_for_styling_is_documented() -> None:
    named = first_cells("Styling")
    assert {name for name in named if name.startswith("--")} == set(re.findall(r"--comments-[\w-]+", SHEETS))
    # Each class is a part; those that are promised are documented.
    classes = {
        name
        for names in re.findall(r'"\w+\.([\w -]+)"|button\("([\w -]+)"', SOURCE)
        for name in " ".join(names).split()
    }
    assert {name for name in named if not name.startswith("--")} <= classes


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


def test_json_in_the_guides_is_an_abbreviation_of_what_the_service_sends() -> None:
    (data,) = re.findall(r'ld\+json">(.*?)</script>', GUIDES["README"])
    shown = json.loads(data.replace("[…]", "[]"))
    assert (shown["@type"], shown["comment"]) == ("Article", [])
