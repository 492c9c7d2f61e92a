"""docs/architecture.md shows the layers as the import contract has them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from comments_service import checks

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_layers_are_those_of_the_contract_in_its_order() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rows = re.search(r"\n\| layer.*?\n\n", PAGE, re.DOTALL)
    assert rows
    told = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in rows[0].strip().splitlines()[2:]]
    assert told == [re.findall(r"\w+", layer) for layer in contracts[0]["layers"]]


def test_what_it_names_is_there() -> None:
    assert callable(checks.judge)
    assert "`checks.CHAIN`" in PAGE
    for path in re.findall(r"`(web/\w+\.py|reading/\w+\.py)`", PAGE):
        assert (ROOT / "comments_service" / path).exists(), path
