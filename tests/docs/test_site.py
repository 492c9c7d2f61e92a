"""docs/site.md and the README name commands, settings and keys of the policy that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from comments_service.config import FILES, PREFIX, SETTINGS
from comments_service.models.policy import KEYS, Policy
from tests.docs.test_operating import known

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/site.md")}


@pytest.mark.parametrize("page", PAGES)
def test_its_commands_exist(page: str) -> None:
    told = re.findall(r"(?<!/)\bcomments-service ((?:[a-z]+ ?){1,2})", PAGES[page])
    assert len(told) > 3
    assert [words for words in told if not known(words.strip())] == []


@pytest.mark.parametrize("page", PAGES)
def test_its_settings_exist(page: str) -> None:
    told = set(re.findall(r"\bCOMMENTS_[A-Z_]+", PAGES[page]))
    assert told <= {PREFIX + setting.name for setting in SETTINGS} | set(FILES)


@pytest.mark.parametrize("page", PAGES)
def test_what_it_sets_is_a_policy(page: str) -> None:
    told = dict(re.findall(r'[ "]([a-z_]+)=([^\s"]+)', "".join(site_sets(PAGES[page]))))
    assert told
    Policy.parse(told)


def test_the_questions_of_a_site_name_keys() -> None:
    rows = re.findall(r"^\| .* \| (`.*) \|$", PAGES["docs/site.md"], re.MULTILINE)
    named = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert named - set(KEYS) <= {"open", "first", "premoderated", "closed"}


def site_sets(page: str) -> list[str]:
    return re.findall(r"^comments-service site set \w+(.*)$", page, re.MULTILINE)
