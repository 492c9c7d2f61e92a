"""What all commands have in common: help with an example, exit codes, sentences instead of tracebacks."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from comments_service.cli import cli
from tests.cli.running import Shell


def commands(group: click.Group = cli, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every group and command with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


ALL = [pytest.param(path, command, id=" ".join(path)) for path, command in commands()]


@pytest.mark.parametrize(("path", "command"), ALL)
def test_every_command_has_help_with_an_example_of_itself(
    path: tuple[str, ...], command: click.Command
) -> None:
    text = command.get_help(click.Context(command, info_name=path[-1]))
    examples = [line.strip() for line in text.splitlines() if line.strip().startswith("comments-service ")]
    assert "Example:" in text
    assert examples
    for example in examples:
        words = shlex.split(example)[1:]
        assert tuple(words[: len(path)]) == path
        options = {name for parameter in example_command(words).params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


def example_command(words: list[str]) -> click.Command:
    leaves = {path: command for path, command in commands() if not isinstance(command, click.Group)}
    return next(command for path, command in leaves.items() if path == tuple(words[: len(path)]))


def test_help_needs_neither_settings_nor_database(nothing: Shell) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "comments_service.cli", "moderator", "add", "--help"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0
    assert "--all-sites" in result.stdout


def test_the_installed_command_is_the_same() -> None:
    installed = shutil.which("comments-service", path=str(Path(sys.executable).parent))
    assert installed is not None
    result = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("comments-service, version ")


@pytest.mark.parametrize("words", [["nonsense"], ["site", "add", "ab"], ["token", "revoke", "x"], ["--no"]])
def test_misuse_exits_with_2_and_shows_the_usage(shell: Shell, words: list[str]) -> None:
    assert "Usage: comments-service" in shell.misused(*words)


def test_a_missing_secret_is_one_sentence(shell: Shell) -> None:
    assert "COMMENTS_SECRET_KEY" in shell.failed("site", "list", SECRET_KEY="")


def test_an_unknown_setting_is_one_sentence(shell: Shell) -> None:
    assert "COMMENTS_LIMIT_POTS" in shell.failed("site", "list", LIMIT_POTS="1 per day")


@pytest.mark.parametrize(
    "words",
    [
        ["site", "list"],
        ["moderator", "list"],
        ["token", "list"],
        ["log", "verify"],
        ["purge"],
        ["db", "check"],
        ["db", "backup", "/nowhere/copy.db"],
        ["serve"],
    ],
    ids=" ".join,
)
def test_without_a_migrated_database_the_way_out_is_named(nothing: Shell, words: list[str]) -> None:
    assert "comments-service db upgrade" in nothing.failed(*words)
    assert list(nothing.folder.iterdir()) == [], "and nothing was made"


def test_a_database_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    away = Shell(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing")
    assert "database" in away.failed("site", "list")


def test_every_command_runs_as_a_process(nothing: Shell) -> None:
    """One small service from the first command to the last but `serve`, whose own tests start it."""
    leaves = {" ".join(path) for path, command in commands() if not isinstance(command, click.Group)}
    lines = (
        "db upgrade",
        "db check",
        "db backup copy.db",
        "site add fells --origin https://fells.example",
        "site set fells mode=first",
        "site list",
        "moderator add Ada --all-sites --role admin",
        "moderator list",
        "moderator link Ada",
        "token add Ada",
        "token list",
        "token revoke 1",
        "log head",
        "log verify",
        "log export --site fells --format csv",
        "export --site fells fells.jsonl",
        "import fells.jsonl",
        "purge",
        "render",
        "moderator remove Ada",
    )
    for line, ended in zip(lines, nothing.processes(lines), strict=True):
        assert (line, ended.code) == (line, 0), ended
        assert ended.out
    ran = {" ".join(line.split()[:number]) for line in lines for number in (1, 2)}
    # Those of a person need one who wrote something.
    assert leaves - ran == {"serve", "doctor", "privacy report", "privacy erase"}
    assert nothing.process("doctor", TRUSTED_PROXIES="0.0.0.0/0").code == 1
    assert nothing.process("site", "add").code == 2
