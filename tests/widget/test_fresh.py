"""The committed widget is what its sources give, and it is small."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "widget"
STATIC = ROOT / "comments_service" / "static"
NOTED = json.loads((STATIC / "v1.json").read_text())


def test_the_built_files_come_from_the_sources_as_they_are() -> None:
    names = [path.relative_to(SOURCES).as_posix() for path in (SOURCES / "src").rglob("*") if path.is_file()]
    names += ["build.js", "package.json", "package-lock.json", "tsconfig.json"]
    total = hashlib.sha256()
    for name in sorted(names):
        total.update(name.encode() + b"\0" + (SOURCES / name).read_bytes() + b"\0")
    assert NOTED["sources"] == total.hexdigest(), "the widget is stale: cd widget && npm ci && npm run build"


@pytest.mark.parametrize(("name", "noted"), [("v1.js", NOTED), ("v1.writing.js", NOTED["writing"])])
def test_hash_and_integrity_are_those_of_the_file(name: str, noted: dict[str, str]) -> None:
    content = (STATIC / name).read_bytes()
    digest = base64.b64encode(hashlib.sha384(content).digest()).decode()
    assert noted["hash"] == hashlib.sha256(content).hexdigest()[:16]
    assert noted["integrity"] == f"sha384-{digest}"


def test_the_first_script_names_the_second_by_its_hash() -> None:
    assert f"v1.writing.{NOTED['writing']['hash']}.js" in (STATIC / "v1.js").read_text()


def test_the_lock_file_names_no_address() -> None:
    lock = (SOURCES / "package-lock.json").read_text()
    assert "://" not in lock.replace('"url": "https://', "")
    assert '"resolved"' not in lock


@pytest.mark.parametrize(
    "forbidden", ["innerHTML", "insertAdjacentHTML", "DOMParser", "document.write", "eval("]
)
def test_no_script_of_the_widget_parses_strings_as_markup(forbidden: str) -> None:
    for name in ("v1.js", "v1.writing.js"):
        assert forbidden not in (STATIC / name).read_text()
