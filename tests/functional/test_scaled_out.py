"""The service as docker-compose.yml runs it, with local programs: its settings, its commands, its nginx."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from comments_service import doctor, people, sites
from comments_service.demo.articles import read_articles
from comments_service.demo.newspaper import SITE, create_newspaper
from comments_service.demo.running import WORDS_HELD, QuietHandler
from comments_service.identity import Signer
from tests.app import ORIGIN, Live, new_author_key
from tests.databases import SECRET, open_database
from tests.functional.people import Moderator, OpenedForm, Reader
from tests.servers import programs, shipped_compose, shipped_nginx
from tests.servers.nginx import Nginx
from tests.servers.ports import PAUSE
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis

EDITION = datetime.now(UTC).astimezone()
ARTICLE = read_articles(EDITION)[0]
OTHERS = {"Boathouse": "It is always rope with that family.", "Tomas Lind": "Emmentaler, if you must."}
PASSWORD = "a-password-to-be-kept"
TOKEN = "a-token-for-prometheus"
PERSON = "Nora Feldt"
SECONDS = 2.0  # until every process shows what one of them stored
WRITING_SECONDS = 20.0  # until a line is in the log
HOUR = 3600
REPORTS_AN_HOUR = 10
WRITERS = 8
POSTS = 10  # of each writer


class ScaledOut:
    """nginx and two application processes, PostgreSQL and Redis behind them."""

    def __init__(self, folder: Path, database: str, redis: str) -> None:
        self.database = database
        self.apps = [App(folder / name) for name in ("one", "two")]
        ports = [app.port for app in self.apps]
        self.nginx = Nginx(programs.need("nginx"), shipped_nginx.whole(ports, proxy="127.0.0.1"))
        for app in self.apps:
            app.environ = self.environment(app.folder, redis)
        self.link = ""

    @property
    def url(self) -> str:
        return self.nginx.url

    def environment(self, folder: Path, redis: str) -> dict[str, str]:
        """The containers' settings; only the places of this machine are not as they are shipped."""
        (folder / "secret_key").write_bytes(SECRET)
        (folder / "database_url").write_text(self.database)
        (folder / "metrics_token").write_text(TOKEN)
        for file in folder.iterdir():
            file.chmod(0o400)
        shipped = shipped_compose.environment("app", {"COMMENTS_PUBLIC_URL": self.url})
        here = {
            name: value.replace("/run/secrets/", f"{folder}/")
            .replace("redis://redis:6379/0", redis)
            .replace("172.31.250.0/24", "127.0.0.1/32")
            for name, value in shipped.items()
        }
        assert not [value for value in here.values() if "/run/" in value or "//redis" in value]
        plain = {name: value for name, value in os.environ.items() if not name.startswith("COMMENTS_")}
        return {**plain, **here}

    def start(self) -> None:
        self.apps[0].cli(*shipped_compose.compose()["services"]["migrate"]["command"])
        with ThreadPoolExecutor() as starting:
            list(starting.map(App.begin, self.apps))

    def stop(self) -> None:
        self.nginx.stop()
        for app in self.apps:
            app.stop()

    def prepare(self, newspaper: str) -> None:
        """A site of the newspaper's and one of nobody's, and somebody who moderates them."""

        def rows(session: Session) -> str:
            held = {"words_held": list(WORDS_HELD), "threads": "open"}
            sites.add(session, key=SITE, name=SITE, origins=[newspaper], policy=held)
            sites.add(session, key="horizons", name="horizons", origins=[ORIGIN], policy={})
            people.add(session, name=PERSON, sites=None, role="admin")
            return people.make_link(session, Signer(SECRET), PERSON)

        with open_database(self.database.replace("postgresql:", "postgresql+psycopg:")) as database:
            self.link = f"{self.url}/moderate/sign-in?token={database.write(rows)}"

    def post(
        self, path: str, fields: dict[str, Any], *, address: str, port: int = 0, site: str = "horizons"
    ) -> tuple[int, Any]:
        """A reader's POST from an address, through nginx or to a process of one's own choice."""
        asked = {"Content-Type": "application/json", "X-Forwarded-For": address}
        return self.ask("POST", path, json.dumps(fields), asked, port, site)

    def ask(
        self,
        method: str,
        path: str,
        body: str | None,
        headers: dict[str, str],
        port: int,
        site: str = "horizons",
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.nginx.port, timeout=20)
        with closing(connection):
            connection.request(method, f"/api/v1/sites/{site}/{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def page(self, slug: str, port: int = 0) -> str:
        """A thread's first page as a reader gets it."""
        status, content = self.ask("GET", f"comments?slug={slug}&limit=100", None, {}, port)
        assert status == 200, content
        return json.dumps(content["comments"])

    def stored(self, slug: str) -> Counter[str]:
        """How often each body is in a thread."""
        query = (
            "SELECT r.body FROM revision r JOIN comment c ON c.id = r.comment_id"
            " JOIN thread t ON t.id = c.thread_id WHERE t.slug = %s"
        )
        with psycopg.connect(self.database) as connection:
            return Counter(row[0] for row in connection.execute(query, (slug,)))


class App(Live):
    """One container's process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        super().__init__(folder, "")

    def begin(self) -> None:
        """Serve with as many workers as a container does."""
        command = shipped_compose.compose()["services"]["app"]["command"]
        self.start(workers=int(command[command.index("--workers") + 1]))

    def posted(self) -> int:
        """How many POSTs it has answered."""
        return sum('"POST"' in line for line in self.errors.read_text().splitlines())


@pytest.fixture(scope="module")
def scaled(
    postgres: Postgres, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ScaledOut]:
    """Started in the order of the containers: the databases, the migration, the application."""
    redis_server.flush()
    url = postgres.database()
    told = url.replace("postgresql+psycopg://comments@", f"postgresql://comments:{PASSWORD}@")
    assert PASSWORD in told
    made = ScaledOut(tmp_path_factory.mktemp("scaled"), told, redis_server.url)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        postgres.drop(url)


@pytest.fixture(scope="module")
def newspaper(scaled: ScaledOut) -> Iterator[str]:
    """The demo's newspaper, below one of whose articles its readers have said something through nginx."""
    app = create_newspaper(service=scaled.url, edition=EDITION)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    scaled.prepare(address)
    for name, words in OTHERS.items():
        said = {**comment(ARTICLE.slug, words), "name": name}
        assert scaled.post("comments", said, address="203.0.113.9", site=SITE)[0] == 201
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("newspaper")
def test_a_limit_is_exact_over_both_processes(scaled: ScaledOut) -> None:
    _, posted = scaled.post("comments", comment("limits", "To be reported"), address="203.0.113.1")
    report = f"comments/{posted['comment']['id']}/reports"
    while time.time() % HOUR > HOUR - 10:
        time.sleep(0.1)  # at the hour's edge the sliding window would let another through
    before = [app.posted() for app in scaled.apps]

    def send(number: int) -> int:
        # nginx hands on the address that stands nearest to it, whatever a reader wrote before.
        claims = f"198.51.100.{number}, 203.0.113.2"
        return int(scaled.post(report, {"reason": "spam"}, address=claims)[0])

    with ThreadPoolExecutor(WRITERS) as readers:
        statuses = Counter(readers.map(send, range(3 * REPORTS_AN_HOUR)))
    assert statuses == {201: REPORTS_AN_HOUR, 429: 2 * REPORTS_AN_HOUR}
    until(
        lambda: all(app.posted() > count for app, count in zip(scaled.apps, before, strict=True)),
        WRITING_SECONDS,
    )
    assert scaled.post(report, {"reason": "spam"}, address="203.0.113.3")[0] == 201


@pytest.mark.usefixtures("newspaper")
def test_what_one_process_stored_the_other_shows(scaled: ScaledOut) -> None:
    one, two = (app.port for app in scaled.apps)
    scaled.post("comments", comment("shared", "The first"), address="203.0.113.4", port=one)
    until(lambda: "The first" in scaled.page("shared", two))
    scaled.post("comments", comment("shared", "The second"), address="203.0.113.4", port=two)
    until(lambda: "The second" in scaled.page("shared", one))
    until(lambda: "The second" in scaled.page("shared"))


def test_a_comment_goes_from_reader_to_moderator_and_back(
    scaled: ScaledOut, newspaper: str, open_page: Callable[..., Page]
) -> None:
    ada, ben = (Reader(open_page(), newspaper, name) for name in ("Ada Penn", "Ben Okoro"))
    ben.leaves_open(OpenedForm(scaled.url, SITE))
    ada.open_article(ARTICLE.title)
    told = ada.count()
    expect(ada.posts("Seen through both of them.")).to_contain_text("Ada Penn")
    other = ada.others().first
    other.get_by_role("button", name="Vote up").click()
    expect(other.get_by_role("button", name="Vote up")).to_have_attribute("aria-pressed", "true")

    held = f"A {WORDS_HELD[-1]} of gulls."
    ben.open_article(ARTICLE.title)
    expect(ben.posts(held)).to_contain_text("Waiting for a moderator")

    nora = Moderator(open_page())
    nora.signs_in(scaled.link)
    nora.opens_queue("Pending")
    expect(nora.card).to_contain_text(held)
    nora.card.get_by_role("button", name="Approve", exact=True).click()
    expect(nora.toast).to_contain_text("Approved Ben Okoro’s comment")

    def ada_sees_it() -> bool:
        ada.reload()
        return ada.comment(held).count() == 1

    until(ada_sees_it, seconds=20)  # a page may be a moment old here
    assert ada.count() == told + 2


@pytest.mark.usefixtures("newspaper")
def test_the_doctor_sees_everything_and_tells_no_secret(scaled: ScaledOut) -> None:
    findings = doctor.examine(scaled.apps[0].environ)
    told = "\n".join(finding.sentence for finding in findings)
    for words in ("comments:***@127.0.0.1", "counted in redis://127.0.0.1", "is migrated", "127.0.0.1/32"):
        assert words in told, told
    # The tests' PostgreSQL alone may forget what it acknowledged.
    failed = [finding.sentence for finding in findings if finding.level == doctor.FAIL]
    assert [sentence for sentence in failed if "PostgreSQL" not in sentence] == []
    for secret in (PASSWORD, SECRET.decode(), TOKEN):
        assert secret not in told


@pytest.mark.usefixtures("newspaper")
def test_a_process_that_stops_loses_nothing_it_answered(scaled: ScaledOut) -> None:
    leaving = scaled.apps[0]
    process = leaving.process
    assert process is not None
    answered = threading.Semaphore(0)

    def write(writer: int) -> dict[str, int]:
        ids = {}
        for number in range(POSTS):
            body = f"Number {number} of writer {writer}"
            ids[body] = keyed(scaled, "leaving", body, address=f"2001:db8:{writer:x}:{number:x}::1")
            answered.release()
        return ids

    with ThreadPoolExecutor(WRITERS) as writers:
        acknowledged = [writers.submit(write, writer) for writer in range(WRITERS)]
        for _ in range(WRITERS * POSTS // 4):
            assert answered.acquire(timeout=20)
        leaving.stop()
        ids = {body: id for posts in acknowledged for body, id in posts.result().items()}
    assert process.returncode == 0
    assert len(set(ids.values())) == WRITERS * POSTS
    assert scaled.stored("leaving") == dict.fromkeys(ids, 1)
    leaving.begin()


@pytest.mark.usefixtures("newspaper")
def test_readers_go_on_when_a_process_is_killed(scaled: ScaledOut) -> None:
    killed = scaled.apps[1].process
    assert killed is not None
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    bodies = [f"Written to the one that is left, number {number}" for number in range(WRITERS)]
    for number, body in enumerate(bodies):
        keyed(scaled, "left", body, address=f"203.0.113.{20 + number}")
        scaled.page("left")
    # The one that is left works for both, and may be slow. One page for each look: reads have a limit, too.
    until(lambda: has_all(scaled.page("left"), bodies), seconds=20)
    assert scaled.stored("left") == dict.fromkeys(bodies, 1)


class Breaks(socketserver.StreamRequestHandler):
    """Takes a whole request in and closes the connection instead of answering."""

    def handle(self) -> None:
        method = self.rfile.readline().split()[0].decode()
        length = 0
        while (line := self.rfile.readline().strip().lower()) != b"":
            length = int(line.split()[1]) if line.startswith(b"content-length:") else length
        self.rfile.read(length)
        self.server.taken.append(method)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("POST", 1)])
def test_only_a_read_that_broke_off_is_asked_of_another(
    nginx: Callable[[str], Nginx], method: str, times: int
) -> None:
    taken: list[str] = []
    with ExitStack() as stack:
        servers = [
            stack.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Breaks)) for _ in range(2)
        ]
        for server in servers:
            server.taken = taken  # type: ignore[attr-defined]
            threading.Thread(target=server.serve_forever, args=(PAUSE,), daemon=True).start()
            stack.callback(server.shutdown)
        front = nginx(shipped_nginx.configuration([server.server_address[1] for server in servers]))
        with closing(http.client.HTTPConnection("127.0.0.1", front.port, timeout=20)) as connection:
            connection.request(method, "/api/v1/sites/horizons/comments", b"{}" if method == "POST" else None)
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("Retry-After")) == (503, "2")
    assert taken == [method] * times


def keyed(scaled: ScaledOut, slug: str, body: str, *, address: str) -> int:
    """Post as the widget does, again with the same key while the service asks for that; answers the id."""
    fields = comment(slug, body, key="once")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        status, content = scaled.post("comments", fields, address=address)
        if status == 201:
            return int(content["comment"]["id"])
        assert status == 503, content
    raise TimeoutError(f"unavailable for too long: {content}")


def comment(slug: str, body: str, **more: str) -> dict[str, Any]:
    return {"slug": slug, "name": "Wren", "body": body, "author_key": new_author_key(), **more}


def has_all(page: str, bodies: list[str]) -> bool:
    return all(body in page for body in bodies)


def until(holds: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    # Whoever was stalled since they asked asks once more.
    while (asked := time.monotonic()) and not holds():
        assert asked < deadline, "it did not come to be so"
        time.sleep(PAUSE)
