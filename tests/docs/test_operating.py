"""docs/operating.md names commands, settings, files and containers that exist."""

from __future__ import annotations

import re
from pathlib import Path

from comments_service.config import FILES, PREFIX, SETTINGS
from comments_service.web import metrics
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


def test_its_metrics_exist_and_its_rules_ask_for_nothing_else() -> None:
    kinds = ((metrics.COUNTERS, "_total"), (metrics.HISTOGRAMS, ""), (metrics.GAUGES, ""))
    families = [(f"comments_{name}{end}", *rest) for kind, end in kinds for name, *rest in kind]
    for name, labels, about in families:
        cells = f"{', '.join(f'`{label}`' for label in labels)} |".removeprefix(" ")
        assert f"| `{name}` | {cells} {about} |".replace("|  |", "| |") in PAGE.replace("| | |", "| |")
    histograms = {f"comments_{name}_bucket" for name, *_ in metrics.HISTOGRAMS}
    told = set(re.findall(r"\bcomments_(?!service\b)[a-z_]+", PAGE))
    assert told == {name for name, *_ in families} | (told & histograms)


def test_its_containers_and_secrets_exist() -> None:
    compose = shipped_compose.compose()
    for line in re.findall(r"docker compose (?:run --rm|exec -T|stop|logs) ([a-z ]+)", PAGE):
        assert line.split()[0] in compose["services"]
    assert set(re.findall(r"deploy/secrets/(\w+)", PAGE)) == set(compose["secrets"])
    assert compose["networks"]["front"]["ipam"]["config"][0]["subnet"] in PAGE
