"""Who may do what: every route, asked by everybody, against the table in docs/roles.md."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule

from comments_service import clock
from comments_service.web import audience
from comments_service.web.audience import AUTHOR
from comments_service.web.embed import CURRENT
from comments_service.web.moderators import assets as moderators_assets
from comments_service.web.pages import assets as pages_assets
from tests.app import Service
from tests.web.visitors import Scene, Visitor, scene

TABLE = Path(__file__).parents[2] / "docs" / "roles.md"
COLUMNS = ("nobody", "reader", "elsewhere", "moderator", "admin")
OUT = ("revoked", "removed")
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
EVER = clock.now() + timedelta(days=1)
LAST = "moderators.sign_out"  # it ends the session that asks
NAMES = {
    "embed.file": CURRENT,
    "pages.style": pages_assets.served_name("pages.css"),
    "moderators.static": moderators_assets.served_name("moderators.css"),
}


@pytest.fixture
def migrated_url(migrated_file: Path, tmp_path: Path) -> str:
    """SQLite alone: what is asked here never depends on the database."""
    copy = tmp_path / "comments.db"
    shutil.copy(migrated_file, copy)
    return f"sqlite:///{copy}"


def test_the_table_of_roles_says_what_every_route_answers_to_everybody(service: Service) -> None:
    walked = scene(service)
    found = {_row(walked, method, rule) for method, rule in _routes(service)}
    assert found == set(_documented())


def test_every_route_declares_who_may_use_it(service: Service) -> None:
    views = service.app.view_functions
    undeclared = {name for name, view in views.items() if audience.declared(view) is None}
    assert undeclared == set()


def _documented() -> Iterator[str]:
    """The rows of the table, with single spaces."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            yield " ".join(line.split())


def _routes(service: Service) -> list[tuple[str, Rule]]:
    rules = sorted(service.app.url_map.iter_rules(), key=lambda rule: rule.endpoint == LAST)
    return [(method, rule) for rule in rules for method in sorted(METHODS & (rule.methods or set()))]


def _row(walked: Scene, method: str, rule: Rule) -> str:
    """A route's row as the service answers."""
    declared = audience.declared(walked.service.app.view_functions[rule.endpoint])
    answers = {name: _answer(walked, method, rule, name, declared) for name in (*COLUMNS, *OUT)}
    for name in OUT:
        assert answers[name] == answers["nobody"], (rule.endpoint, name)
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
    return f"| `{method} {path}` | {declared} | " + " | ".join(answers[name] for name in COLUMNS) + " |"


def _answer(walked: Scene, method: str, rule: Rule, name: str, declared: str | None) -> str:
    """`allowed`, or the status that keeps them out; an author's route lets in whom it serves."""
    visitor = walked.visitors[name]
    comment = walked.comment
    if declared == AUTHOR and visitor.author_key is not None and rule.endpoint != "readers.vote":
        comment = walked.service.posted(f"{method} {rule}", author_key=visitor.author_key)["id"]
    path = _path(walked, rule, comment)
    status = visitor.ask(method, path, **_sent(walked, method, rule, visitor, comment)).status_code
    is_in = status < 400 if declared == AUTHOR else status not in (401, 403, 404)
    assert status < 500, rule.endpoint
    return "allowed" if is_in else str(status)


def _path(walked: Scene, rule: Rule, comment: int) -> str:
    """The route's address with names and ids that are there."""
    values: dict[str, Any] = {"site": "horizons", "comment": comment, "comment_id": comment}
    values |= {"decision": walked.decision, "queue": "pending", "name": NAMES.get(rule.endpoint)}
    if "ban_id" in rule.arguments:
        values["ban_id"] = next(walked.bans)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), rule.rule)


def _sent(walked: Scene, method: str, rule: Rule, visitor: Visitor, comment: int) -> dict[str, Any]:
    """Nothing that could be carried out, except where it must be for who asks to matter."""
    about: dict[str, Any] = {"csrf": visitor.csrf, "site": "horizons", "decision": walked.decision}
    about["item"] = f"horizons/{comment}/9/pending"
    token = walked.service.signer.edit_token(comment, EVER) if visitor.author_key else "x"
    match rule.endpoint.split("."):
        case ["moderators", _]:
            return {"query": {"site": "horizons"}} if method == "GET" else {"form": about}
        case ["pages", "own"]:
            return {"query": {"edit_token": token}}
        case ["pages", "revise"]:
            return {"form": {"edit_token": token, "body": f"New words: {rule}"}}
        case ["pages", "withdraw"]:
            return {"form": {"edit_token": token}}
        case ["readers", "revise"]:
            return {"json": {"body": f"New words: {rule}", "edit_token": token}}
        case ["readers", "withdraw"]:
            return {
                "json": {"author_key": visitor.author_key} if visitor.author_key else {"edit_token": token}
            }
        case ["readers", "vote"]:
            return {"json": {"author_key": visitor.author_key, "value": 1}}
        case ["readers", "mine"]:
            return {"json": {"author_key": visitor.author_key, "slug": "tarn"}}
        case _:
            return {} if method in ("GET", "DELETE") else {"json": {}}
