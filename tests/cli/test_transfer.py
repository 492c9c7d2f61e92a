"""`export` and `import`: files of mode 0600, pipes, dry runs, and sentences for what went wrong."""

from __future__ import annotations

import json
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from comments_service.cli import cli
from comments_service.db import Turn
from tests.cli.running import Shell
from tests.servers.ports import PAUSE
from tests.transfer.files import plain, signed

# How much a process has when all is imported, and at its peak.
GAUGED = """
import sys
from pathlib import Path
import comments_service.transfer.importing
from comments_service.cli import cli

def kilobytes(name):
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0])

libraries = kilobytes("VmRSS")
cli(sys.argv[1:], standalone_mode=False)
print(libraries, kilobytes("VmHWM"), *("flask" in sys.modules, "alembic" in sys.modules))
"""
CONTENT = plain(statuses=("published", "pending"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An export on disk."""
    file = tmp_path / "horizons.jsonl"
    file.write_bytes(CONTENT)
    return file


def count(shell: Shell) -> int:
    with closing(sqlite3.connect(shell.file)) as connection:
        return int(connection.execute("SELECT count(*) FROM comment").fetchone()[0])


def test_a_site_is_imported_and_exported_again(shell: Shell, file: Path, tmp_path: Path) -> None:
    assert shell.done("import", str(file), "--dry-run") == (
        "Would add 1 thread, 0 authors, 2 comments, 0 decisions, 0 bans to horizons.\n"
    )
    assert shell.done("site", "list") == "", "a dry run changes nothing"
    added = "Added 1 thread, 0 authors, 2 comments, 0 decisions, 0 bans to horizons.\n"
    assert shell.done("import", str(file)) == added
    nothing = "0 threads, 0 authors, 0 comments, 0 decisions, 0 bans to horizons.\n"
    assert shell.done("import", str(file), "--dry-run") == f"Would add {nothing}"
    assert shell.done("import", str(file)) == f"Added {nothing}"

    again = tmp_path / "again.jsonl"
    assert "Exported 1 thread, 0 authors, 2 comments" in shell.done(
        "export", "--site", "horizons", str(again)
    )
    assert again.read_bytes() == CONTENT
    assert stat.S_IMODE(again.stat().st_mode) == 0o600
    assert "never overwrites" in shell.failed("export", "--site", "horizons", str(again))
    assert shell.done("export", "--site", "horizons").encode() == CONTENT


def test_a_file_goes_into_another_site_through_a_pipe(shell: Shell) -> None:
    runner = CliRunner(env=shell.settings())
    ended = runner.invoke(cli, ["import", "--site", "fells"], input=CONTENT)
    assert (ended.exit_code, ended.stdout.split()[0]) == (0, "Added"), ended
    assert "fells\tHorizons" in shell.done("site", "list")


def test_what_is_wrong_is_one_sentence(shell: Shell, file: Path, tmp_path: Path) -> None:
    before = count(shell)
    file.write_bytes(CONTENT[:-10])
    assert "cut off" in shell.failed("import", str(file))
    file.write_bytes(CONTENT.replace(b"Lovely", b"Lively", 1))
    assert "altered" in shell.failed("import", str(file), "--site", "becks")
    assert "Cannot read" in shell.failed("import", str(tmp_path / "nowhere.jsonl"))
    assert "Cannot write" in shell.failed(
        "export", "--site", "horizons", str(tmp_path / "no" / "folder.jsonl")
    )
    assert "no site" in shell.failed("export", "--site", "nowhere", str(tmp_path / "nothing.jsonl"))
    assert not (tmp_path / "nothing.jsonl").exists()
    assert "--site" in shell.misused("export")
    assert count(shell) == before
    assert "becks" not in shell.done("site", "list")


def test_a_body_that_this_service_does_not_take_is_refused_before_anything_is_stored(
    shell: Shell, file: Path
) -> None:
    sentence = shell.run("import", str(file), "--site", "becks", MAX_BODY="5")
    assert sentence.code == 1
    assert "Line 4: in the revision, body: The comment has 7 characters; shorten it to 5." in sentence.err
    assert "becks" not in shell.done("site", "list")


def test_an_import_that_was_killed_is_finished_by_the_next_in_little_memory(
    shell: Shell, tmp_path: Path
) -> None:
    content = plain(statuses=("published",) * 1_000)
    file = tmp_path / "long.jsonl"
    file.write_bytes(content)
    before = count(shell)
    words = ("import", str(file), "--site", "killed")
    turn = Turn(shell.file)
    with shell.start(*words) as process:
        while process.poll() is None:
            # While we have the turn it stores nothing more, however long we take to look.
            with turn.taken(60):
                if count(shell) > before:
                    process.kill()
                    process.wait()
                time.sleep(PAUSE)
        process.communicate()
    assert before < count(shell) < before + 1_000
    out, err = shell.start_python("-c", GAUGED, *words).communicate(timeout=60)
    added, (libraries, peak, *others) = out.splitlines()[0], out.split()[-4:]
    assert added.startswith("Added"), err
    # A million comments take 64 MiB, nearly all for the libraries; how much they take, each Python says anew.
    assert int(peak) - int(libraries) < 5_000, out
    assert int(peak) < 72_000, out
    assert others == ["False", "False"], "neither Flask nor Alembic"
    exported = shell.done("export", "--site", "killed").encode()
    lines = [json.loads(line) for line in content.splitlines()]
    lines[0]["site"]["key"] = "killed"
    assert exported == signed(lines)
