"""docs/api.md names every endpoint there is, and its examples work; docs/problems.md names every problem."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import pytest
from werkzeug.test import TestResponse

from comments_service.web.problem_types import FIELD_CODES, PROBLEM_TYPES
from tests.app import Service, new_author_key

DOCS = Path(__file__).parents[2] / "docs"
API = (DOCS / "api.md").read_text(encoding="utf-8")
PROBLEMS = (DOCS / "problems.md").read_text(encoding="utf-8")
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """One database is enough: that the service is the same on both is tested elsewhere."""
    return sqlite_url


def test_every_endpoint_is_documented_and_nothing_else(service: Service) -> None:
    existing = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in service.app.url_map.iter_rules()
        for method in METHODS & (rule.methods or set())
        # Of the moderators' pages the first one leads to all others.
        if not rule.endpoint.startswith("moderators.") or rule.rule == "/moderate/"
    }
    documented = set(re.findall(rf"`({'|'.join(METHODS)}) (/[^`?]*)(?:\?[^`]*)?`", API))
    assert documented == existing


def test_the_examples_work_in_the_order_they_stand(horizons: Service) -> None:
    for subject in ("", "", "filled by a machine"):
        horizons.posted(f"Thought{subject}.", author_key=new_author_key(), subject=subject)
    names = {
        "API": "/api/v1/sites/horizons",
        "SERVICE": "",
        "KEY": new_author_key(),
        "TOKEN": horizons.add_moderator(role="admin"),
    }
    examples = list(_examples())
    assert len(examples) > 25
    for example in examples:
        answer = _run(horizons, Template(example).substitute(names))
        assert answer.status_code < 300, (example, answer.text)
        if answer.data and answer.is_json:
            names |= _names_in(answer.get_json())


def test_every_problem_and_every_code_of_a_field_is_documented() -> None:
    for one in PROBLEM_TYPES:
        assert f"| `{one.code}` | {one.status} | {one.meaning} | {one.remedy} |" in PROBLEMS
    for code, meaning in FIELD_CODES.items():
        assert f"| `{code}` | {meaning} |" in PROBLEMS
    assert len(re.findall(r"^\| `", PROBLEMS, re.MULTILINE)) == len(PROBLEM_TYPES) + len(FIELD_CODES)


def _examples() -> Iterator[str]:
    for block in re.findall(r"```sh\n(.*?)```", API, re.DOTALL):
        yield block.replace("\\\n", " ").strip()


def _run(service: Service, command: str) -> TestResponse:
    """What curl would do: the few of its options that the examples use."""
    words = shlex.split(command)
    assert words.pop(0) == "curl"
    method, headers, data, address = None, {}, [], ""
    while words:
        match words.pop(0):
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                data.append(words.pop(0))
            case other:
                assert not other.startswith("-"), other
                address = other
    if data:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    body = "&".join(data).encode()
    return service.client.open(
        address, method=method or ("POST" if data else "GET"), headers=headers, data=body
    )


def _names_in(answer: dict[str, Any]) -> dict[str, Any]:
    """What a later example needs of this answer."""
    found = {"EDIT": answer.get("edit_token")}
    if answer.get("results"):
        found["DECISION"] = answer["results"][0]["decision"]
    return {name: value for name, value in found.items() if value is not None}
