"""The widget's files as sites fetch them."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from comments_service.models.policy import LANGUAGES
from comments_service.web.embed import files
from tests.app import Service

FACTS = json.loads((files.FOLDER / "v1.json").read_text())
SCRIPT = (files.FOLDER / "v1.js").read_bytes()


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """Nothing here reads the database."""
    return sqlite_url


def test_the_current_widget_is_a_script_for_every_origin(service: Service) -> None:
    answer = service.get("/embed/v1.js")
    assert answer.status_code == 200
    assert answer.data == SCRIPT
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_a_name_with_a_hash_never_changes(service: Service) -> None:
    answer = service.get(f"/embed/v1.{FACTS['hash']}.js")
    assert answer.status_code == 200
    assert answer.data == SCRIPT
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_the_words_of_a_language_are_one_file_that_may_be_cached(service: Service, language: str) -> None:
    answer = service.get(f"/embed/v1.{language}.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Leave a comment" in answer.get_json()


@pytest.mark.parametrize("name", ["v1.0123456789abcdef.js", "v1.json", "v1.en.json", "v1.css", "v2.js"])
def test_what_no_release_has_is_not_found(service: Service, name: str) -> None:
    answer = service.get(f"/embed/{name}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_who_has_the_widget_already_is_told_so(service: Service) -> None:
    tag = service.get("/embed/v1.js").headers["ETag"]
    again = service.client.get("/embed/v1.js", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["Access-Control-Allow-Origin"] == "*"


def test_it_comes_compressed_when_asked(service: Service) -> None:
    plain = service.get("/embed/v1.js")
    answer = service.client.get("/embed/v1.js", headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == SCRIPT
    assert answer.headers["ETag"] != plain.headers["ETag"]
    refused = service.client.get("/embed/v1.js", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


def test_a_head_tells_the_length(service: Service) -> None:
    answer = service.client.head("/embed/v1.js")
    assert answer.status_code == 200
    assert answer.data == b""
    assert answer.headers["Content-Length"] == str(len(SCRIPT))


def test_the_file_of_an_earlier_release_stays_served_if_its_hash_is_true(tmp_path: Path) -> None:
    earlier = b"export const release = 1;"
    digest = hashlib.sha256(earlier).hexdigest()[: files.HASH_DIGITS]
    (tmp_path / f"v1.{digest}.js").write_bytes(earlier)
    (tmp_path / "v1.0000000000000000.js").write_bytes(earlier)
    (tmp_path / "v1.js").write_bytes(b"export const release = 2;")
    assert files.found_in(tmp_path)[f"v1.{digest}.js"].content == earlier
    assert "v1.0000000000000000.js" not in files.found_in(tmp_path)
    assert len(files.found_in(tmp_path)) == 3
