"""Only a moderator's own and deliberate act moves a row: no GET, no foreign form, no stale decision."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import Column, Table, select
from sqlalchemy.orm import Session

from comments_service import db, people
from comments_service.config import Settings
from comments_service.db import Base
from comments_service.models import SignInSession, Token
from tests.app import ORIGIN, UNLIMITED, Service
from tests.databases import SECRET
from tests.web.moderators.conftest import OURS, Desk
from tests.web.visitors import Scene, Visitor, scene

API = "/api/v1/sites/horizons/moderation"
# A request may note that a token or a session was used, and nothing else.
STAMPS = {Token.__tablename__: {"last_used_at"}, SignInSession.__tablename__: {"last_used_at", "expires_at"}}
OVERRIDES = {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "DELETE", "X-Method-Override": "PATCH"}
FOREIGN = (
    None,
    "null",
    ORIGIN,
    "http://127.0.0.1",
    "https://127.0.0.1:8000",
    "http://127.0.0.1:8001",
    "http://127.0.0.1:8000.news.example",
    "http://news.127.0.0.1:8000",
)


@pytest.fixture(scope="module")
def walked(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A service with something of everything; no test here may change it, so that they share it."""
    folder = tmp_path_factory.mktemp("safe")
    shutil.copy(migrated_file, folder / "comments.db")
    limits = f"sqlitefile:///{folder / 'limits.db'}"
    url = f"sqlite:///{folder / 'comments.db'}"
    service = Service(Settings(secret_key=SECRET, database_url=url, rate_limit_storage=limits, **UNLIMITED))  # type: ignore[arg-type]
    yield scene(service)
    service.close()


@pytest.fixture
def admin(walked: Scene) -> Iterator[Visitor]:
    """An admin of the site; afterwards every row must be what it was before."""
    before = state(walked.service)
    yield walked.visitors["admin"]
    assert state(walked.service) == before


def state(service: Service) -> dict[str, list[str]]:
    """Every row of every table but for the stamps of last use."""
    with service.database.writer.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(*_lasting(table)))))
            for table in Base.metadata.sorted_tables
        }


def _lasting(table: Table) -> list[Column[Any]]:
    return [column for column in table.c if column.name not in STAMPS.get(table.name, ())]


def forms(walked: Scene) -> list[str]:
    """The addresses of all forms of the moderators' pages."""
    rules = walked.service.app.url_map.iter_rules()
    return [
        walked.address(rule)
        for rule in rules
        if rule.endpoint.startswith("moderators.") and "POST" in (rule.methods or ())
    ]


def filled(walked: Scene, csrf: str) -> dict[str, str]:
    """One form that would do something at nearly every address."""
    about = {"site": "horizons", "csrf": csrf, "token": walked.link, "decision": str(walked.decision)}
    deed = {
        "item": f"horizons/{walked.pending}/1/pending",
        "action": "approve",
        "comment": str(walked.pending),
    }
    return about | deed | {"kind": "author", "reason": "abuse", "days": "1", "slug": "tarn", "mode": "closed"}


def item(comment: int, **changes: Any) -> dict[str, Any]:
    return {"comment": comment, "revision": 1, "from": "pending", "action": "approve", **changes}


def test_what_only_reads_changes_no_row(walked: Scene, admin: Visitor) -> None:
    tempting = filled(walked, admin.csrf)
    queries: tuple[dict[str, str], ...] = ({}, {"slug": "tarn"}, {"_method": "POST", **tempting})
    asked = [*product(("GET",), queries), ("HEAD", {}), ("OPTIONS", queries[-1])]
    for rule in walked.service.app.url_map.iter_rules():
        for method, query in asked:
            address = walked.address(rule)
            answer = admin.ask(method, address, query_string=query, data=tempting, headers=OVERRIDES)
            assert answer.status_code < 500, (method, address, query)


def test_a_form_from_elsewhere_changes_no_row(walked: Scene, admin: Visitor) -> None:
    for path, origin in product(forms(walked), FOREIGN):
        answer = admin.ask("POST", path, origin=origin, data=filled(walked, admin.csrf))
        assert answer.status_code == 403, (path, origin)


def test_a_form_without_the_sessions_own_token_changes_no_row(walked: Scene, admin: Visitor) -> None:
    tokens = ("", "0" * 64, walked.visitors["moderator"].csrf, walked.visitors["revoked"].csrf)
    for path, csrf in product(_after_signing_in(walked), tokens):
        answer = admin.ask("POST", path, data=filled(walked, csrf), query_string={"csrf": admin.csrf})
        assert answer.status_code == 403, (path, csrf)


def test_a_form_dressed_as_something_else_changes_no_row(walked: Scene, admin: Visitor) -> None:
    form = filled(walked, admin.csrf)
    dresses: tuple[dict[str, Any], ...] = (
        {"data": urlencode(form), "content_type": "text/plain"},
        {"data": urlencode(form)},
        {"json": form},
        {"data": form, "content_type": "multipart/form-data"},
    )
    for path, sent in product(_after_signing_in(walked), dresses):
        assert admin.ask("POST", path, **sent).status_code in (403, 413), (path, sent)


def test_whoever_was_let_out_changes_no_row(walked: Scene, admin: Visitor) -> None:
    for name, path in product(("revoked", "removed"), _for_people(walked)):
        visitor = walked.visitors[name]
        answer = visitor.ask("POST", path, data=filled(walked, visitor.csrf))
        assert answer.status_code == 401, (name, path)


def test_a_session_opens_nothing_at_the_api_and_a_token_nothing_at_the_pages(
    walked: Scene, admin: Visitor
) -> None:
    cookie_alone = Visitor(admin.client, csrf=admin.csrf)
    for path in ("decisions", f"decisions/{walked.decision}/reversal", "bans", "threads/moves"):
        assert cookie_alone.ask("POST", f"{API}/{path}", data=filled(walked, admin.csrf)).status_code == 401
    token_alone = Visitor(walked.service.app.test_client(), bearer=admin.bearer)
    for path in _for_people(walked):
        answer = token_alone.ask("POST", path, data=filled(walked, admin.csrf))
        assert answer.status_code == 401, path


def test_a_decision_dressed_as_something_else_changes_no_row(walked: Scene, admin: Visitor) -> None:
    body = json.dumps({"decisions": [item(walked.pending)]})
    for content_type in (
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ):
        for origin in (None, OURS, ORIGIN):
            answer = admin.ask(
                "POST", f"{API}/decisions", origin=origin, data=body, content_type=content_type
            )
            assert answer.status_code in (415, 422), (content_type, origin)


def test_a_stale_decision_changes_no_row_by_either_door(walked: Scene, admin: Visitor) -> None:
    for changes in ({"revision": 2}, {"from": "published"}, {"revision": 2, "from": "published"}):
        stale = item(walked.pending, **changes)
        answer = admin.ask("POST", f"{API}/decisions", json={"decisions": [stale]})
        assert [one["result"] for one in answer.get_json()["results"]] == ["stale"], changes
        seen = f"horizons/{walked.pending}/{stale['revision']}/{stale['from']}"
        form = {"csrf": admin.csrf, "item": seen, "action": "approve"}
        said = admin.ask("POST", "/moderate/decisions", data=form, headers={"Accept": "application/json"})
        assert said.get_json()["late"] == [walked.pending], changes


def test_an_admin_of_another_site_changes_no_row(walked: Scene, admin: Visitor) -> None:
    stranger, at_home = walked.visitors["elsewhere"], API.replace("horizons", "fells")
    for place in (API, at_home):
        decided = stranger.ask("POST", f"{place}/decisions", json={"decisions": [item(walked.pending)]})
        undone = stranger.ask("POST", f"{place}/decisions/{walked.decision}/reversal")
        banned = {"kind": "author", "comment": walked.comment, "reason": "abuse"}
        others = stranger.ask("POST", f"{place}/bans", json=banned)
        moved = stranger.ask("POST", f"{place}/threads/moves", json={"slug": "tarn", "to": "lake"})
        lifted = stranger.ask("DELETE", f"{place}/bans/{walked.bans[0]}")
        refused = [answer.status_code for answer in (undone, others, moved, lifted)]
        assert refused == [403 if place == API else 404] * 4
        assert decided.status_code == 403 or decided.get_json()["results"][0]["result"] == "not_found"
    for path in _for_people(walked):
        answer = stranger.ask("POST", path, data=filled(walked, stranger.csrf))
        assert answer.status_code == 404, path


@pytest.mark.parametrize("path", ["/moderate/decisions", f"{API}/decisions"])
def test_who_is_removed_while_a_decision_waits_for_its_turn_decides_nothing(
    walked: Scene, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, write = walked.service, db.write
    token = service.add_moderator("Late", sites=["horizons"])
    desk = Desk(service, "Late").sign_in()
    late, before = Visitor(desk.client, token, desk.csrf()), state(service)
    sent: dict[str, Any] = {"json": {"decisions": [item(walked.pending)]}}
    if path.startswith("/moderate"):
        sent = {"data": {**filled(walked, late.csrf), "decision": ""}}

    def after_the_removal(work: Callable[[Session], Any]) -> Any:
        monkeypatch.undo()
        service.write(lambda session: people.remove(session, "Late"))
        return write(work)

    service.write(lambda session: people.note_token_use(session, service.signer, token))
    monkeypatch.setattr(db, "write", after_the_removal)
    assert late.ask("POST", path, **sent).status_code == 403
    after = state(service)
    assert (after["decision"], after["comment"]) == (before["decision"], before["comment"])
    assert after["moderator"] != before["moderator"]


def test_the_rows_do_move_when_the_admin_means_it(walked: Scene) -> None:
    admin, before = walked.visitors["admin"], state(walked.service)
    form = {name: value for name, value in filled(walked, admin.csrf).items() if name != "decision"}
    assert admin.ask("POST", "/moderate/decisions", data=form).status_code == 303
    decided = state(walked.service)
    assert decided != before
    again = Desk(walked.service, "Ada").sign_in()
    assert again.send("sign-out").status_code == 200
    assert state(walked.service) != decided


def _after_signing_in(walked: Scene) -> list[str]:
    return [path for path in forms(walked) if path != "/moderate/sign-in"]


def _for_people(walked: Scene) -> list[str]:
    return [path for path in _after_signing_in(walked) if path != "/moderate/sign-out"]
