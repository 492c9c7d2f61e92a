"""The doctor's look at the built widget; its other looks are tested through the command line."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from comments_service import doctor
from comments_service.config import Settings
from comments_service.doctor import FAIL, OK, Finding
from tests.databases import SECRET

PARTS = {"v1.js": b"customElements.define('comments-thread', Thread)", "v1.writing.js": b"export {}"}


def integrity(content: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A folder with a built widget."""
    for name, content in PARTS.items():
        (tmp_path / name).write_bytes(content)
    sums = [{"hash": "abc", "integrity": integrity(content)} for content in PARTS.values()]
    (tmp_path / "v1.json").write_text(json.dumps({**sums[0], "writing": sums[1]}))
    return tmp_path


def look(folder: Path) -> Finding:
    settings = Settings(secret_key=SECRET, public_url="https://c.example")
    (finding,) = doctor.widget(settings, folder)
    return finding


def test_the_widgets_address_and_integrity_are_printed(static: Path) -> None:
    finding = look(static)
    assert finding.level == OK
    address = f'https://c.example/embed/v1.abc.js integrity="{integrity(PARTS["v1.js"])}"'
    assert address in finding.sentence


@pytest.mark.parametrize("name", list(PARTS))
def test_an_altered_part_is_named(static: Path, name: str) -> None:
    (static / name).write_bytes(b"alert(1)")
    finding = look(static)
    assert finding.level == FAIL
    assert finding.sentence.endswith(f": {name}.")


@pytest.mark.parametrize("name", [*PARTS, "v1.json"])
def test_a_missing_file_fails(static: Path, name: str) -> None:
    (static / name).unlink()
    assert look(static).level == FAIL


def test_unreadable_notes_fail(static: Path) -> None:
    for notes in ("[]", "{}", "no json"):
        (static / "v1.json").write_text(notes)
        assert look(static).level == FAIL
