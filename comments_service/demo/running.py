"""One run of the demo: prepare the service, seed it if it is new, serve the newspaper, stop it all."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Never

from werkzeug.serving import WSGIRequestHandler, make_server

from ..server import free_address
from .api import Api
from .articles import read_articles
from .conversations import read_conversations
from .folder import Folder
from .newspaper import NAME, SITE, create_newspaper
from .seeding import Seeder
from .service import HOST, Service, ServiceFailed

MODERATOR = "Nora Feldt"
WORDS_HELD = ("idiot", "idiots", "casino")
NEVER = "-"
TOLD_EVERY = 10


def run(port: int, path: Path) -> None:
    """Serve the demo until SIGINT or SIGTERM: the service on `port`, the newspaper on the next one.

    `path` is the folder for its data. Raises Unavailable when a port is taken, before anything was made;
    ServiceFailed and Refusal when the service does not do its part.
    """
    for taken in (port, port + 1):
        free_address(HOST, taken)
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: what starts us in the background ignores it
        signal.signal(number, _interrupt)
    folder = Folder.open(path)
    service = Service(folder, port)
    newspaper = f"http://{HOST}:{port + 1}"
    _say("Preparing the database")
    service.command("db", "upgrade")
    if folder.prepared_for != port:
        _set_up(service, newspaper)
        folder.remember_prepared(port)
    token = _new_token(service)
    if not folder.is_seeded:
        _seed(folder, service, token)
    with service.running() as child, _printed(service, folder.edition, port + 1):
        link = service.command("moderator", "link", MODERATOR).split()[-1]
        _tell(newspaper, service, link, token)
        child.wait()
    raise ServiceFailed(f"The service ended by itself; see {folder.log_file}.")


def _set_up(service: Service, newspaper: str) -> None:
    """Add the site and the moderator, or bring them up to date: origins and links name a port."""
    if SITE not in {row[0] for row in _rows(service.command("site", "list"))}:
        service.command("site", "add", SITE, "--name", NAME, "--origin", newspaper)
    policy = {
        "origins": newspaper,
        "article_url": f"{newspaper}/{{slug}}",
        "mode": "open",
        "words_held": ",".join(WORDS_HELD),
        "rules_url": f"{newspaper}/house-rules",
        "privacy_url": f"{newspaper}/privacy",
        "contact": f"{newspaper}/contact",
    }
    service.command("site", "set", SITE, *(f"{key}={value}" for key, value in policy.items()))
    service.command("moderator", "add", MODERATOR, "--all-sites", "--role", "admin")


def _new_token(service: Service) -> str:
    """A token for this run; those of earlier runs end."""
    for number, person, _made, _used, revoked in _rows(service.command("token", "list")):
        if person == MODERATOR and revoked == NEVER:
            service.command("token", "revoke", number)
    return service.command("token", "add", MODERATOR).split()[-1]


def _rows(printed: str) -> list[list[str]]:
    return [line.split("\t") for line in printed.splitlines()]


def _seed(folder: Folder, service: Service, token: str) -> None:
    secret = folder.key_file.read_bytes()
    articles = read_articles(folder.edition)
    with service.running(seeding=True), Api(service.url, SITE, token=token) as api:
        Seeder(api, secret).seed(articles, read_conversations(), _tell_progress)
    folder.remember_seeded()


@contextmanager
def _printed(service: Service, edition: datetime, port: int) -> Iterator[None]:
    """The newspaper, served from a thread of this process while the block lasts."""
    app = create_newspaper(service=service.url, edition=edition.astimezone())
    server = make_server(HOST, port, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, name="newspaper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class QuietHandler(WSGIRequestHandler):
    """Leaves the terminal to the addresses that the demo has just shown."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of requests that were answered."""


def _tell(newspaper: str, service: Service, link: str, token: str) -> None:
    print(
        f"""
{NAME}    {newspaper}/
Its moderators' desk     {link}
                         (the link signs you in once, within 15 minutes)
API token                {token}
API, and its description {service.url}/docs

Ctrl-C stops the demo; its data stays. A new run makes a new link and a new token.
""",
        flush=True,
    )


def _tell_progress(done: int, total: int) -> None:
    if done % TOLD_EVERY == 0 or done == total:
        _say(f"Posting the readers' comments: {done} of {total}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> Never:
    raise KeyboardInterrupt
