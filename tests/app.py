"""Services for tests: an application with a client on a migrated database; and `live`, a real server."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from comments_service import create_app, db, people, sites
from comments_service.config import Settings
from comments_service.identity import Signer
from comments_service.web.limits import KINDS
from tests.databases import SECRET, open_database
from tests.kept import Applications, close
from tests.servers.ports import PAUSE, answers, free_port

ROOT = Path(__file__).parents[1]
ORIGIN = "https://news.example"
UNLIMITED = {f"limit_{kind}": "off" for kind in KINDS}
START_SECONDS = 20.0
STOP_SECONDS = 15.0


def new_author_key() -> str:
    """A fresh reader's key, as the widget makes it."""
    return secrets.token_urlsafe(16)


class Service:
    """One application and what tests do with it: sites, readers' acts, moderators with tokens."""

    def __init__(self, settings: Settings, app: Flask | None = None) -> None:
        self.settings = settings
        self.app: Flask = app or create_app(settings)
        self.client: FlaskClient = self.app.test_client()
        self.signer = Signer(settings.secret_key)

    @property
    def database(self) -> db.Database:
        database: db.Database = self.app.extensions["comments_database"]
        return database

    def write(self, work: Callable[[Session], Any]) -> Any:
        """Run `work` as the service itself would."""
        return self.database.write(work)

    def add_site(self, key: str = "horizons", **policy: Any) -> int:
        """A site whose pages may post from ORIGIN."""
        return int(
            self.write(lambda s: sites.add(s, key=key, name=key.title(), origins=[ORIGIN], policy=policy))
        )

    def set_policy(self, key: str = "horizons", **changes: Any) -> None:
        self.write(lambda session: sites.set_policy(session, key, changes))

    def add_moderator(
        self, name: str = "Ada", *, sites: Sequence[str] | None = None, role: str = "moderator"
    ) -> str:
        """A person on these sites (None: all); returns an API token."""
        self.write(lambda session: people.add(session, name=name, sites=sites, role=role))
        return str(self.write(lambda session: people.add_token(session, self.signer, name)))

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(_path(path), query_string=query)

    def post_json(self, path: str, body: Any, **headers: str) -> TestResponse:
        return self.client.post(_path(path), json=body, headers=headers)

    def post(self, body: str = "A thought.", *, slug: str = "tarn", **fields: Any) -> TestResponse:
        """A reader's comment through the public API."""
        site = fields.pop("site", "horizons")
        words = {"slug": slug, "name": "Wren", "body": body, **fields}
        return self.post_json(f"{site}/comments", words)

    def posted(self, body: str = "A thought.", **fields: Any) -> dict[str, Any]:
        """The comment of a post that must go well."""
        answer = self.post(body, **fields)
        assert answer.status_code in (201, 202), answer.get_data(as_text=True)
        comment: dict[str, Any] = answer.get_json()["comment"]
        return comment

    def page(self, slug: str = "tarn", site: str = "horizons", **query: Any) -> dict[str, Any]:
        """A thread as readers get it."""
        answer = self.get(f"{site}/comments", slug=slug, **query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        content: dict[str, Any] = answer.get_json()
        return content

    def decide(self, token: str, *decisions: Mapping[str, Any], site: str = "horizons") -> TestResponse:
        """Decisions through the moderation endpoint."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.post_json(f"{site}/moderation/decisions", {"decisions": list(decisions)}, **headers)

    def close(self) -> None:
        close(self.app)


class Live:
    """The real service in processes of its own, driven as people and browsers drive it."""

    def __init__(self, folder: Path, url: str, **environ: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **os.environ,
            "COMMENTS_DATABASE_URL": url,
            "COMMENTS_SECRET_KEY": SECRET.decode(),
            "COMMENTS_PUBLIC_URL": self.url,
            **{f"COMMENTS_LIMIT_{kind.upper()}": "off" for kind in KINDS},
            **environ,
        }
        self.errors = folder / "stderr"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, workers: int = 2, threads: int = 32, within: Sequence[str] = ()) -> None:
        """Start serving; returns when the service says that it is ready. `within` runs the command."""
        words = ["serve", "--port", str(self.port), "--workers", str(workers), "--threads", str(threads)]
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*within, sys.executable, "-m", "comments_service.cli", *words],
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )
        _wait(self._is_ready, self.errors)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for the whole group if that is not enough."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def write(self, work: Callable[[Session], Any]) -> Any:
        """Run `work` on its database, as a command would, without waiting for one to start."""
        with open_database(self.environ["COMMENTS_DATABASE_URL"]) as database:
            return database.write(work)

    def cli(self, *words: str) -> str:
        """What a command prints; CalledProcessError when it fails."""
        command = [sys.executable, "-m", "comments_service.cli", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout.strip()

    def request(
        self, path: str, body: Mapping[str, Any] | None = None, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """(status, headers, JSON or text) of a GET, or of a POST when there is a body."""
        data = None if body is None else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        asked = urllib.request.Request(self.url + path, data, headers)
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return answer.status, dict(answer.headers), _content(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), _content(error)

    def api(self, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """The JSON of a call that must go well, by a path below `/api/v1/sites/`."""
        suffix = f"?{urlencode(query, doseq=True)}" if query else ""
        status, _, content = self.request(f"/api/v1/sites/{path}{suffix}", body)
        assert status < 300, (status, content)
        return content

    def _is_ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended: {self.errors.read_text()[-2000:]}")
        return answers(self.port) and self.request("/readyz")[0] == 200


@pytest.fixture
def settings(migrated_url: str, emptied_folder: Path) -> Settings:
    """Settings without limits, so that tests may post as they like; tests of limits make their own."""
    storage = f"sqlitefile:///{emptied_folder / 'limits.db'}"
    return Settings(secret_key=SECRET, database_url=migrated_url, rate_limit_storage=storage, **UNLIMITED)  # type: ignore[arg-type]


@pytest.fixture
def service(settings: Settings, applications: Applications) -> Iterator[Service]:
    """The application on a migrated database, without a site."""
    made = Service(settings, applications.fresh(settings))
    yield made
    if settings.is_sqlite:
        made.close()  # the next test finds another file


@pytest.fixture
def horizons(service: Service) -> Service:
    """The application with a site `horizons`."""
    service.add_site()
    return service


@pytest.fixture
def live(migrated_file: Path, tmp_path: Path) -> Iterator[Live]:
    """The real service with two workers on SQLite, ready, with a site `horizons` and limits off."""
    shutil.copy(migrated_file, tmp_path / "comments.db")
    running = Live(tmp_path, f"sqlite:///{tmp_path / 'comments.db'}")
    running.write(lambda session: sites.add(session, key="horizons", name="Horizons", origins=[ORIGIN]))
    running.start()
    yield running
    running.stop()


def _path(path: str) -> str:
    return path if path.startswith("/") else f"/api/v1/sites/{path}"


def _content(answer: Any) -> Any:
    text = answer.read().decode()
    return json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text


def _wait(ready: Callable[[], bool], errors: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not ready after {START_SECONDS} s: {errors.read_text()[-2000:]}")
        time.sleep(PAUSE)
