"""The doctor's look at the built widget; its other looks are tested through the command line."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from comments_service import doctor
from comments_service.config import Settings
from comments_service.doctor import FAIL, OK, Finding
from tests.databases import SECRET

SCRIPT = b"customElements.define('comments-thread', class extends HTMLElement {})"
INTEGRITY = "sha384-" + base64.b64encode(hashlib.sha384(SCRIPT).digest()).decode()


def look(folder: Path) -> Finding:
    settings = Settings(secret_key=SECRET, public_url="https://c.example")
    (finding,) = doctor.widget(settings, folder)
    return finding


def test_the_widgets_address_and_integrity_are_printed(tmp_path: Path) -> None:
    (tmp_path / "v1.js").write_bytes(SCRIPT)
    (tmp_path / "v1.json").write_text(json.dumps({"hash": "abc", "integrity": INTEGRITY}))
    finding = look(tmp_path)
    assert finding.level == OK
    assert f'https://c.example/embed/v1.abc.js integrity="{INTEGRITY}"' in finding.sentence


def test_an_altered_widget_fails(tmp_path: Path) -> None:
    (tmp_path / "v1.js").write_bytes(SCRIPT + b" ")
    (tmp_path / "v1.json").write_text(json.dumps({"hash": "abc", "integrity": INTEGRITY}))
    assert look(tmp_path).level == FAIL


def test_a_missing_widget_fails(tmp_path: Path) -> None:
    assert look(tmp_path).level == FAIL
    (tmp_path / "v1.json").write_text("[]")
    (tmp_path / "v1.js").write_bytes(SCRIPT)
    assert look(tmp_path).level == FAIL
