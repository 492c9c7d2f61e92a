"""Every code that the service can answer with is described, and nothing else is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from comments_service.web.problem_types import FIELD_CODES, PROBLEM_TYPES

PACKAGE = Path(__file__).parents[2] / "comments_service"
# Said by commands, or on the moderators' own pages, which answer people and not programs.
SAID_ELSEWHERE = {
    "site_exists",
    "token_not_found",
    "notice_not_found",
    "moderator_not_found",
    "sign_in_link",
    "csrf",
    "error",
}
# Named after the framework's statuses.
OF_STATUSES = {"bad_request", "method_not_allowed", "length_required", "content_too_large"}
OF_STATUSES |= {"unsupported_media_type", "internal"}


def test_every_code_in_the_sources_is_described() -> None:
    found = {code for tree in _sources() for code in _codes(tree)}
    assert "closed" in found, "the search finds nothing"
    described = [one.code for one in PROBLEM_TYPES]
    assert len(described) == len(set(described))
    assert set(described) == (found - SAID_ELSEWHERE) | OF_STATUSES


def test_every_code_of_a_field_is_described() -> None:
    found = {code for tree in _sources() for code in _field_codes(tree)}
    assert "too_long" in found, "the search finds nothing"
    assert set(FIELD_CODES) == found


def _sources() -> Iterator[ast.Module]:
    for path in PACKAGE.rglob("*.py"):
        yield ast.parse(path.read_text())


def _codes(tree: ast.Module) -> Iterator[str]:
    """`code="..."` of any call, and the `code = "..."` that a class of errors begins with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
            yield str(node.value.value)
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
                    assert isinstance(line.value, ast.Constant)
                    yield str(line.value.value)


def _field_codes(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("Invalid.field", "FieldError")):
            code = node.args[1]
            choices = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
            yield from (str(one.value) for one in choices if isinstance(one, ast.Constant))
