"""The docker-compose.yml that is shipped, read as far as its own YAML goes and not a step further."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAIR = re.compile(r"(?P<key><<|[\w-]+):(?: (?P<value>.*))?")
NAMED = re.compile(r"&(?P<anchor>\w+)")
GIVEN = re.compile(r"\$\{(?P<name>\w+):(?P<kind>[-?])(?P<rest>[^}]*)\}")
NOT_READ = ("|", ">", "'", "!", "%", "@", "`", "- ", "? ")

Line = tuple[int, str]


def compose() -> dict[str, Any]:
    """The whole file as values; ValueError for a line that is more than this reads."""
    return dict(read((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def environment(service: str, given: Mapping[str, str]) -> dict[str, str]:
    """What a service's container has in its environment when `given` is in the operator's."""
    variables = compose()["services"][service]["environment"]
    return {name: interpolated(str(value), given) for name, value in variables.items()}


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """`text` with ${NAME:-default} and ${NAME:?why} replaced; KeyError when a needed one is missing."""

    def value(found: re.Match[str]) -> str:
        return given[found["name"]] if found["kind"] == "?" else given.get(found["name"], found["rest"])

    return GIVEN.sub(value, text)


def read(text: str) -> Any:
    """The values of a YAML text: block mappings and lists, JSON's lists and strings, anchors, merges."""
    lines = [(len(line) - len(line.lstrip()), _bare(line)) for line in text.splitlines()]
    reader = _Reader([line for line in lines if line[1]])
    content = reader.block(0)
    if reader.lines:
        raise ValueError(f"not understood: {reader.lines[0][1]}")
    return content


class _Reader:
    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.anchors: dict[str, Any] = {}

    def block(self, indent: int) -> Any:
        return self.items(indent) if self.lines[0][1].startswith("- ") else self.mapping(indent)

    def items(self, indent: int) -> list[Any]:
        found = []
        while self.lines and self.lines[0][0] == indent and self.lines[0][1].startswith("- "):
            inner = self.lines[0][1].removeprefix("- ")
            if PAIR.fullmatch(inner):
                # A mapping that begins on the dash's line.
                self.lines[0] = (indent + 2, inner)
                found.append(self.mapping(indent + 2))
            else:
                found.append(_scalar(inner))
                del self.lines[0]
        return found

    def mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while self.lines and self.lines[0][0] == indent:
            pair = PAIR.fullmatch(self.lines[0][1])
            if pair is None or pair["key"] in found:
                raise ValueError(f"not understood: {self.lines[0][1]}")
            del self.lines[0]
            value = self.value(pair["value"] or "", indent)
            if pair["key"] == "<<":
                merged = value
            else:
                found[pair["key"]] = value
        # What is said here wins over what is merged in.
        return {**merged, **found}

    def value(self, text: str, indent: int) -> Any:
        named = NAMED.fullmatch(text)
        if text.startswith("*"):
            return self.anchors[text.removeprefix("*")]
        if text and not named:
            return _scalar(text)
        if not self.lines or self.lines[0][0] <= indent:
            return None
        value = self.block(self.lines[0][0])
        if named:
            self.anchors[named["anchor"]] = value
        return value


def _bare(line: str) -> str:
    """The line without indentation and comment; no string of ours holds a space before a #."""
    return re.sub(r"(^|\s)#.*", "", line).strip()


def _scalar(text: str) -> Any:
    if text[0] in '["{' or text in ("true", "false") or re.fullmatch(r"\d+", text):
        return json.loads(text)
    if text.startswith(NOT_READ) or ": " in text:
        raise ValueError(f"not understood: {text}")
    return text
