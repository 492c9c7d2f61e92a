"""docs/adding-a-check.md: its example works as it stands there, and its place in the chain is one."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from comments_service import checks
from comments_service.checks import CHAIN, Draft

PAGE = (Path(__file__).parents[2] / "docs" / "adding-a-check.md").read_text(encoding="utf-8")
CHECK, PLACE, TEST, HELD = re.findall(r"^```(?:python|text)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
NAME = "comments_service.checks.shouting"


def run(name: str, source: str) -> ModuleType:
    module = ModuleType(name)
    module.__package__ = name.rpartition(".")[0]
    exec(compile(source, name, "exec"), module.__dict__)
    return module


@pytest.fixture
def shouting(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The check of the page, as if it were in its file."""
    module = run(NAME, CHECK)
    monkeypatch.setitem(sys.modules, NAME, module)
    monkeypatch.setattr(checks, "shouting", module, raising=False)
    return module


def test_the_example_passes_its_own_test(shouting: ModuleType, draft: Callable[..., Draft]) -> None:
    test = run("test_shouting", TEST).test_a_comment_in_capitals_is_held
    (cases,) = test.pytestmark
    for body, action in cases.args[1]:
        test(draft, body, action)
    ((name, values, marked),) = eval(f"[{HELD}]")
    held = shouting.check(None, draft(**values))
    assert (held.action, {found.check for found in held.evidence}, marked) == ("hold", {name}, [])


def test_the_example_stands_between_neighbours(shouting: ModuleType) -> None:
    before, example, after = eval(f"({PLACE})", vars(checks))
    assert example is shouting.check
    assert CHAIN.index(after) == CHAIN.index(before) + 1
