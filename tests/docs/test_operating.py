"""docs/operating.md names commands, settings, files and containers that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from comments_service.config import FILES, PREFIX, SETTINGS
from tests.docs.test_commands import COMMANDS
from tests.servers import shipped_compose

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "operating.md").read_text(encoding="utf-8")


def known(words: str) -> bool:
    return any(f"{words} ".startswith(f"{name} ") for name in COMMANDS)


def test_its_commands_exist() -> None:
    told = re.findall(r"(?<!/)\bcomments-service ((?:[a-z]+ ?){1,3})", PAGE)
    told += re.findall(r"docker compose run --rm app ((?:[a-z]+ ?){1,3})", PAGE)
    assert len(told) > 10
    assert [words for words in told if not known(words.strip())] == []


def test_its_settings_exist() -> None:
    told = set(re.findall(r"\bCOMMENTS_[A-Z_]+", PAGE))
    published = "COMMENTS_PUBLISH"  # docker-compose.yml's own
    assert told - {PREFIX + setting.name for setting in SETTINGS} - set(FILES) == {published}
    assert shipped_compose.compose()["services"]["nginx"]["ports"][0].startswith(f"${{{published}:-")


def test_its_containers_and_secrets_exist() -> None:
    compose = shipped_compose.compose()
    for line in re.findall(r"docker compose (?:run --rm|exec -T|stop|logs) ([a-z ]+)", PAGE):
        assert line.split()[0] in compose["services"]
    assert set(re.findall(r"deploy/secrets/(\w+)", PAGE)) == set(compose["secrets"])
    assert compose["networks"]["front"]["ipam"]["config"][0]["subnet"] in PAGE


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#\s]+)", PAGE))
def test_its_links_lead_somewhere(target: str) -> None:
    assert (DOCS / target).exists()
