"""One run of the demo: prepare the service, seed it if it is new, serve the newspaper, stop it all."""

from __future__ import annotations

import io
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Never

from sqlalchemy.orm import Session
from werkzeug.serving import WSGIRequestHandler, make_server

from .. import migrating, people, sites
from ..identity import Signer
from ..server import free_address
from .api import Api
from .articles import read_articles
from .conversations import read_conversations
from .folder import Folder
from .newspaper import NAME, SITE, create_newspaper
from .seeding import Seeder
from .service import HOST, Service, ServiceFailed

MODERATOR = "Nora Feldt"
WORDS_HELD = ["idiot", "idiots", "casino"]
TOLD_EVERY = 10
STOP_SEEN_WITHIN_SECONDS = 0.1


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
    with service.opened() as database:
        migrating.upgrade(database)
        if folder.prepared_for != port:
            database.write(partial(_set_up, newspaper=newspaper))
            folder.remember_prepared(port)
        signer = Signer(service.settings.secret_key)
        token = database.write(partial(_new_token, signer=signer))
    with service.started() as child:
        if not folder.is_seeded:
            _seed(folder, service, token)  # while the child imports what it needs
        service.wait_until_ready(child)
        with service.opened() as database:
            link = database.write(lambda session: people.make_link(session, signer, MODERATOR))
        with _printed(service, folder.edition, port + 1):
            _tell(newspaper, service.url, people.link_address(service.url, link), token)
            child.wait()
    raise ServiceFailed(f"The service ended by itself; see {folder.log_file}.")


def _set_up(session: Session, *, newspaper: str) -> None:
    """Add the site and the moderator, or bring them up to date: origins and links name a port."""
    policy = {
        "article_url": f"{newspaper}/{{slug}}",
        "mode": "open",
        "words_held": WORDS_HELD,
        "rules_url": f"{newspaper}/house-rules",
        "privacy_url": f"{newspaper}/privacy",
        "contact": f"{newspaper}/contact",
    }
    if SITE in {site.key for site in sites.listed(session)}:
        sites.set_policy(session, SITE, {"origins": [newspaper], **policy})
    else:
        sites.add(session, key=SITE, name=NAME, origins=[newspaper], policy=policy)
    people.add(session, name=MODERATOR, sites=None, role="admin")


def _new_token(session: Session, *, signer: Signer) -> str:
    """A token for this run; those of earlier runs end."""
    for issued in people.tokens(session):
        if issued.person == MODERATOR and issued.revoked_at is None:
            people.revoke_token(session, issued.id)
    return people.add_token(session, signer, MODERATOR)


def _seed(folder: Folder, service: Service, token: str) -> None:
    secret = folder.key_file.read_bytes()
    articles = read_articles(folder.edition)
    with service.uncounted() as app, folder.open_log() as log:
        lines = io.TextIOWrapper(log, write_through=True)
        api = Api(app, SITE, token=token, log=lines)
        Seeder(api, secret).seed(articles, read_conversations(), folder.edition, _tell_progress)
    folder.remember_seeded()


@contextmanager
def _printed(service: Service, edition: datetime, port: int) -> Iterator[None]:
    """The newspaper, served from a thread of this process while the block lasts."""
    app = create_newspaper(service=service.url, edition=edition.astimezone())
    server = make_server(HOST, port, app, threaded=True, request_handler=QuietHandler)
    serve = partial(server.serve_forever, poll_interval=STOP_SEEN_WITHIN_SECONDS)
    thread = threading.Thread(target=serve, name="newspaper", daemon=True)
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


def _tell(newspaper: str, service: str, link: str, token: str) -> None:
    print(
        f"""
{NAME}    {newspaper}/
Its moderators' desk     {link}
                         (the link signs you in once, within 15 minutes)
API token                {token}
API, and its description {service}/docs

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
