"""The log as a file: it proves itself with a few lines of Python, and no spreadsheet computes it."""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
from pathlib import Path

import pytest

from comments_service import clock, people
from comments_service.db import Database
from comments_service.reading import log_files
from tests.databases import NOON, add_author
from tests.scene import Scene

DOCS = Path(__file__).parents[2] / "docs" / "moderation.md"
PROOF = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
# What is asked of the database here is little and plain.
pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
DANGEROUS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\uff1d1")


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene.on(database)


def lines(scene: Scene, form: str) -> str:
    return scene.do(lambda session: "".join(log_files.FORMATS[form](session, scene.site)))


def proves_itself() -> bool:
    """Whether the lines that the documentation gives find log.jsonl whole."""
    assert PROOF is not None
    try:
        exec(textwrap.dedent(PROOF[1]), {})
    except AssertionError:
        return False
    return True


def test_the_lines_in_the_documentation_prove_an_export(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log_files, "ROWS_AT_ONCE", 2)
    author = scene.do(lambda session: add_author(session, scene.site))
    comment = scene.post("pending", author_id=author)
    decision = scene.decided(comment, trust=True)
    scene.reverse(decision)
    scene.decided(comment, "reject", reason="other", note="Ünkind\nwords.")
    whole = lines(scene, "jsonl")
    rows = [json.loads(line) for line in whole.splitlines()]
    assert [(row["seq"], row["action"], row["by"], row["trusts"]) for row in rows] == [
        (1, "hold", "software", False),
        (2, "approve", "Ada", True),
        (3, "reverse", "Ada", False),
        (4, "reject", "Ada", False),
    ]
    assert rows[-1]["note"] == "Ünkind\nwords."
    (tmp_path / "log.jsonl").write_text(whole, encoding="utf-8")
    assert proves_itself()
    (tmp_path / "log.jsonl").write_text(whole.replace('"trusts":true}', '"trusts":1}'), encoding="utf-8")
    assert not proves_itself()
    (tmp_path / "log.jsonl").write_text("".join(whole.splitlines(True)[1:]), encoding="utf-8")
    assert not proves_itself()


def test_no_cell_is_a_formula(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    for note in (*DANGEROUS, 'Said "no", twice.\r\nThen left.'):
        scene.decided(scene.post("pending"), "reject", reason="other", note=note)
    bo = scene.do(lambda session: people.add(session, name="=Bo", sites=["horizons"], role="moderator"))
    scene.ada = bo
    scene.decided(scene.post("pending"))
    header, *rows = csv.reader(io.StringIO(lines(scene, "csv")))
    assert tuple(header) == log_files.COLUMNS
    for row in rows:
        assert len(row) == len(header)
        assert not any(cell.lstrip(" ").startswith(log_files.FORMULA) for cell in row)
    notes = [row[header.index("note")] for row in rows if row[header.index("note")]]
    assert notes == [f"'{note.strip()}" for note in DANGEROUS] + ['Said "no", twice.\r\nThen left.']
    last = dict(zip(header, rows[-1], strict=True))
    assert (last["by"], last["trusts"], last["reason"]) == ("'=Bo", "false", "")
    assert last["created_at"][:10] == NOON.date().isoformat()
