"""Who may do what: every route, asked by everybody, against the table in docs/roles.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule

from comments_service import clock
from comments_service.web import audience
from comments_service.web.audience import AUTHOR
from tests.app import Service, new_author_key
from tests.web.visitors import Scene, Visitor, scene

TABLE = Path(__file__).parents[2] / "docs" / "roles.md"
COLUMNS = ("nobody", "reader", "elsewhere", "moderator", "admin")
INSIDE = ("moderator", "admin")
OUT = ("revoked", "removed")
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
EVER = clock.now() + timedelta(days=1)
LAST = "moderators.sign_out"  # it ends the session that asks


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """SQLite alone: what is asked here never depends on the database."""
    return sqlite_url


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
    ids = _ids(walked, rule, name, declared == AUTHOR)
    sent = _sent(walked, method, rule, visitor, ids)
    status = visitor.ask(method, walked.address(rule, **ids), **sent).status_code
    is_in = status < 400 if declared == AUTHOR else status not in (401, 403, 404)
    assert status < 500, rule.endpoint
    return "allowed" if is_in else str(status)


def _ids(walked: Scene, rule: Rule, name: str, is_authors: bool) -> dict[str, int]:
    """What the route is about: something fresh for those who may use it up."""
    comment, ban, (person, token) = walked.comment, walked.bans[0], walked.staff[0]
    author_key = walked.visitors[name].author_key
    if is_authors and author_key is not None and rule.endpoint != "readers.vote":
        comment = walked.service.posted(str(rule), author_key=author_key)["id"]
    if name in INSIDE and "ban_id" in rule.arguments:
        ban = walked.bans.pop()
    if name in INSIDE and "person_id" in rule.arguments:
        person, token = walked.staff.pop()
    return {"comment": comment, "comment_id": comment, "ban_id": ban, "person_id": person, "token": token}


def _sent(walked: Scene, method: str, rule: Rule, visitor: Visitor, ids: dict[str, int]) -> dict[str, Any]:
    """Nothing that could be carried out, except where it must be for who asks to matter."""
    comment = ids["comment"]
    about: dict[str, Any] = {"csrf": visitor.csrf, "site": "horizons", "decision": walked.decision}
    about |= {"item": f"horizons/{comment}/9/pending", "token": ids["token"]}
    token = walked.service.signer.edit_token(comment, EVER) if visitor.author_key else "x"
    match rule.endpoint.split("."):
        case ["moderators", _]:
            return {"query_string": {"site": "horizons"}} if method == "GET" else {"data": about}
        case ["pages", "own"]:
            return {"query_string": {"edit_token": token}}
        case ["pages", "revise"]:
            return {"data": {"edit_token": token, "body": f"New words: {rule}"}}
        case ["pages", "withdraw"]:
            return {"data": {"edit_token": token}}
        case ["readers", "revise"]:
            return {"json": {"body": f"New words: {rule}", "edit_token": token}}
        case ["readers", "withdraw"]:
            return {"json": {"author_key": visitor.author_key or new_author_key()}}
        case ["readers", "vote"]:
            return {"json": {"author_key": visitor.author_key, "value": 1}}
        case ["readers", "mine"]:
            return {"json": {"author_key": visitor.author_key, "slug": "tarn"}}
        case _:
            return {} if method in ("GET", "DELETE") else {"json": {}}
