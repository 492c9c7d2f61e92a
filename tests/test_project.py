"""The repository itself: what a newcomer meets in it, and what must never get into it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
SOURCES = [
    path
    for folder in ("comments_service", "tests", "migrations", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("lock", LOCKS, ids=relative)
def test_a_lock_file_has_hashes_and_no_addresses(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links| @ ", text)
    pinned = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert pinned
    assert [entry for entry in pinned if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_the_dev_lock_holds_all_of_the_run_lock() -> None:
    run, dev = (
        set(re.findall(r"^[a-z0-9][^\s;]*==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("run.txt", "dev.txt")
    )
    assert run
    assert run - dev == set()


def test_no_file_has_a_name_that_could_hold_anything() -> None:
    assert [relative(path) for path in SOURCES if path.stem in VAGUE or path.parent.name in VAGUE] == []


def test_every_module_opens_with_a_sentence() -> None:
    silent = [relative(path) for path in SOURCES if not docstring(path)]
    assert silent == []


def docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in SOURCES if path.is_relative_to(ROOT / "tests")}
    assert [relative(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("command", ["./dev demo", "./dev test"])
def test_the_readme_gives_the_two_commands(command: str) -> None:
    assert re.search(rf"^{re.escape(command)}$", (ROOT / "README.md").read_text(), re.MULTILINE)


def run_dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-I", "-S", str(ROOT / "dev"), *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def test_dev_without_a_command_explains_itself_with_the_standard_library_alone() -> None:
    shown = run_dev()
    assert (shown.returncode, shown.stderr) == (0, "")
    for command in ("demo", "test", "check", "bench", "lock"):
        assert re.search(rf"^  ./dev {command}\b", shown.stdout, re.MULTILINE), command


@pytest.mark.parametrize("arguments", [["paint"], ["demo", "--prot", "1"], ["demo", "--port", "http"]])
def test_dev_refuses_what_it_does_not_know(arguments: list[str]) -> None:
    refused = run_dev(*arguments)
    assert refused.returncode == 2
    assert "usage: ./dev" in refused.stderr


def test_dev_names_the_benchmarks_there_are() -> None:
    refused = run_dev("bench", "no-such-thing")
    assert refused.returncode == 1
    assert refused.stderr.startswith("dev: no benchmark 'no-such-thing'; there are: ")


AS_PYTHON_3_9 = """
import runpy, sys
sys.version_info = (3, 9, 2, "final", 0)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def on_python_3_9(path: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-I", "-S", "-c", AS_PYTHON_3_9, str(ROOT / "dev"), "--help"]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env={"PATH": path})


def test_dev_on_an_old_python_starts_again_on_a_newer_one(tmp_path: Path) -> None:
    (tmp_path / "python3.12").symlink_to("/nowhere/python3.12")
    newer = tmp_path / "python3.11"
    newer.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    newer.chmod(0o755)
    shown = on_python_3_9(path=str(tmp_path))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "./dev demo" in shown.stdout


def test_dev_on_an_old_python_alone_says_what_to_install(tmp_path: Path) -> None:
    refused = on_python_3_9(path=str(tmp_path))
    assert refused.returncode == 1
    assert "python3 is 3.9.2" in refused.stderr
    assert "apt-get install python3.11 python3.11-venv" in refused.stderr


ONE_FILE = """
import runpy, sys
from pathlib import Path
names = runpy.run_path(sys.argv[1])["names"]
names.__globals__["tracked_files"] = lambda: [names.__globals__["ROOT"] / sys.argv[2]]
print(names())
"""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("from https://" + "pypi" + ".org/simple", True),
        ('"resolved": ' + '"https://registry.' + "npmjs" + '.org/esbuild"', True),
        ("/".join(["", "home", "ada", "comments"]), True),
        ("see @ROOT@/README.md", True),
        ("https://comments.example/root/ and /home of a site, /var/lib/comments", False),
    ],
)
def test_the_check_of_names_tells_of_registries_and_of_places_on_a_machine(
    tmp_path: Path, line: str, told: bool
) -> None:
    (tmp_path / "dev").write_bytes((ROOT / "dev").read_bytes())
    (tmp_path / "page.md").write_text(f"first\n{line.replace('@ROOT@', str(tmp_path))}\n")
    words = [sys.executable, "-I", "-S", "-c", ONE_FILE, str(tmp_path / "dev"), "page.md"]
    found = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.startswith("page.md:2: ") is told, found.stdout
