"""docs/settings.md names every setting and every key of a policy, with its default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from comments_service.config import FILES, PREFIX, SETTINGS, Setting
from comments_service.models.policy import KEYS, Policy

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")


def row(name: str) -> list[str]:
    """The cells of the one row that begins with this name."""
    (found,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    return [cell.strip() for cell in found.strip("|").split("|")]


def shown(default: Any) -> str:
    return f"`{default}`" if default or default == 0 else "empty"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_documented_with_its_default_and_reason(setting: Setting) -> None:
    _, default, why = row(PREFIX + setting.name)
    assert default == ("none" if setting.name == "SECRET_KEY" else shown(setting.default))
    assert why == setting.why


@pytest.mark.parametrize("name", KEYS)
def test_a_policys_key_is_documented_with_type_default_and_reason(name: str) -> None:
    _, kind, default, why = row(name)
    assert kind.replace("`", "").replace(" or ", "|") == KEYS[name].type
    assert default == shown(Policy().document()[name])
    assert why == KEYS[name].why


def test_nothing_is_documented_that_is_not_there() -> None:
    named = {line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")}
    assert named == {PREFIX + setting.name for setting in SETTINGS} | set(KEYS)


def test_the_files_for_secrets_are_named() -> None:
    assert [name for name in FILES if name not in PAGE] == []
