"""The committed widget is what its sources give, and it is small."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from comments_service.models.policy import LANGUAGES

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "widget"
STATIC = ROOT / "comments_service" / "static"
NOTED = json.loads((STATIC / "v1.json").read_text())


def test_the_built_files_come_from_the_sources_as_they_are() -> None:
    names = [path.relative_to(SOURCES).as_posix() for path in (SOURCES / "src").rglob("*") if path.is_file()]
    names += ["build.js", "package.json", "package-lock.json", "tsconfig.json", "v1.d.ts"]
    total = hashlib.sha256()
    for name in sorted(names):
        total.update(name.encode() + b"\0" + (SOURCES / name).read_bytes() + b"\0")
    assert NOTED["sources"] == total.hexdigest(), "the widget is stale: cd widget && npm ci && npm run build"


def test_hash_and_integrity_are_those_of_the_script() -> None:
    content = (STATIC / "v1.js").read_bytes()
    digest = base64.b64encode(hashlib.sha384(content).digest()).decode()
    assert NOTED["hash"] == hashlib.sha256(content).hexdigest()[:16]
    assert NOTED["integrity"] == f"sha384-{digest}"


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_a_language_says_all_that_english_says(language: str) -> None:
    english, there = said("en"), said(language)
    assert english.keys() <= there.keys() | {f"{name}_one" for name in there}
    for name, sentence in english.items():
        places = set(re.findall(r"\{\w+\}", sentence))
        assert set(re.findall(r"\{\w+\}", there.get(name, sentence))) <= places, name


def said(language: str) -> dict[str, str]:
    words: dict[str, str] = json.loads((STATIC / "languages" / f"{language}.json").read_text())
    return words


def test_the_lock_file_names_no_address() -> None:
    lock = (SOURCES / "package-lock.json").read_text()
    assert "://" not in lock.replace('"url": "https://', "")
    assert '"resolved"' not in lock


@pytest.mark.parametrize(
    "forbidden", ["innerHTML", "insertAdjacentHTML", "DOMParser", "document.write", "eval("]
)
def test_the_script_never_parses_strings_as_markup(forbidden: str) -> None:
    assert forbidden not in (STATIC / "v1.js").read_text()
