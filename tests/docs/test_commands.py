"""docs/commands.md names every command, with its options and their defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from comments_service.cli import cli

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")


def leaves(group: click.Group = cli, *path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, *path, name)
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(leaves())


def section(name: str) -> str:
    """What stands under the heading of a command or of its group."""
    _, _, rest = PAGE.partition(f"\n## {name.split()[0]}\n")
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_documented_with_its_arguments(name: str) -> None:
    command = COMMANDS[name]
    arguments = [
        p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)
    ]
    assert f"`{' '.join(['comments-service', name, *arguments])}`" in section(name)


@pytest.mark.parametrize("name", COMMANDS)
def test_its_options_are_documented_with_their_defaults(name: str) -> None:
    for option in COMMANDS[name].params:
        if not isinstance(option, click.Option):
            continue
        (line,) = (line for line in section(name).splitlines() if line.startswith(f"| `{option.opts[0]}` |"))
        if option.show_default:
            assert f"| `{option.default}` |" in line


def test_no_command_is_documented_that_is_not_there() -> None:
    for words in re.findall(r"^(?:\| )?`?comments-service ([a-z ]+[a-z])", PAGE, re.MULTILINE):
        assert any(words == name or words.startswith(f"{name} ") for name in COMMANDS), words
