"""A page that embeds the widget: another origin than the service, under as strict a policy as there is."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.request
from collections.abc import Mapping
from functools import partial
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from comments_service import sites
from comments_service.config import Settings
from tests.app import UNLIMITED, Live, Service
from tests.databases import SECRET

STATIC = Path(__file__).parents[2] / "comments_service" / "static"

PAGE = """<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>An article</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><script type="module" src="{service}/embed/v1.js"></script></head>
<body><main><h1>An article</h1>{elements}</main></body></html>"""

SITES = {"horizons": "open", "careful": "premoderated"}

POLICY = (
    "default-src 'none'; img-src data:; script-src 'self' {service}; connect-src {service}; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class Host:
    """Serves a page with the elements that its query asks for, and the built module for tests of parts."""

    def __init__(self, service: str = "") -> None:
        self.service = service
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing to say: a test reads what the page does."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def address(
        self, slug: str, *, site: str = "horizons", counts: str = "", page: str = "", **attributes: str
    ) -> str:
        """Where an article with this thread stands.

        `counts` lists slugs, separated by commas; `page` is the page's language, or `drawn` where the
        service's fragment stands in it, or `styled` where it brings its styles along.
        """
        named = {"site": site, "slug": slug, **attributes, "_counts": counts, "_page": page}
        return f"{self.origin}/article?{urlencode(named)}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = urlsplit(handler.path)
        if asked.path == "/v1.js":
            kind, content = "text/javascript", (STATIC / "v1.js").read_bytes()
        else:
            kind, content = "text/html; charset=utf-8", self.page(dict(parse_qsl(asked.query))).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("Content-Security-Policy", self.policy(asked.query))
        handler.end_headers()
        handler.wfile.write(content)

    def policy(self, query: str) -> str:
        """What the page allows: where the fragment brings its styles along, those too."""
        styles = "; style-src 'unsafe-inline'" if "_page=styled" in query else ""
        return POLICY.format(service=self.service) + styles

    def page(self, attributes: dict[str, str]) -> str:
        counts = attributes.pop("_counts", "").split(",")
        kind = attributes.pop("_page", "")
        elements = [
            f'<p><comments-count site="horizons" slug="{escape(slug)}"></comments-count></p>'
            for slug in counts
            if slug
        ]
        named = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
        styles = {"drawn": "none", "styled": "inline"}.get(kind)
        drawn = (
            self.fragment(**attributes, styles=styles)
            if styles
            else f"<comments-thread {named}></comments-thread>"
        )
        language = kind if len(kind) == 2 else "en"
        return PAGE.format(service=self.service, elements="".join([*elements, drawn]), language=language)

    def fragment(self, site: str, slug: str, styles: str) -> str:
        """What the service draws for a site to include."""
        address = f"{self.service}/sites/{site}/fragment?slug={slug}&styles={styles}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return str(answer.read().decode())

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Newspaper(NamedTuple):
    """A service, a host of another origin that embeds it, a moderator's token, and a form's by site."""

    service: Live
    host: Host
    token: str
    forms: Mapping[str, str]

    def moderate(self, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
        """The JSON of a moderator's call, by a path below `/api/v1/sites/`."""
        site, _, rest = path.partition("/")
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        address = f"{self.service.url}/api/v1/sites/{site}/moderation/{rest}"
        asked = urllib.request.Request(address, data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)

    def decide(self, site: str, action: str, **why: str) -> None:
        """A moderator's decision on the newest waiting comment of a site."""
        waiting = self.moderate(f"{site}/queues/pending")["comments"][-1]
        self.judge(site, waiting["id"], "pending", action, **why)

    def judge(self, site: str, comment: int, status: str, action: str, **why: str) -> None:
        """A moderator's decision on the first revision of a comment that has this status."""
        judged = {"comment": comment, "revision": 1, "from": status}
        told = self.moderate(f"{site}/decisions", {"decisions": [{**judged, "action": action, **why}]})
        assert told["results"][0]["result"] == "done"


def prepared(migrated_file: Path, folder: Path, **environ: str) -> Newspaper:
    """A service that is ready to start: site `horizons` is open, `careful` reads everything first."""
    shutil.copy(migrated_file, folder / "comments.db")
    url = f"sqlite:///{folder / 'comments.db'}"
    service = Live(folder, url, **environ)
    host = Host(service.url)
    storage = f"sqlitefile:///{folder / 'limits.db'}"
    settings = Settings(secret_key=SECRET, database_url=url, rate_limit_storage=storage, **UNLIMITED)  # type: ignore[arg-type]
    # Inside this process, because each command would start another one.
    inside = Service(settings)
    for site, mode in SITES.items():
        add = partial(sites.add, key=site, name=site, origins=[host.origin], policy={"mode": mode})
        inside.write(add)
    token = inside.add_moderator(role="admin")
    # Signed before the service has started: whoever sends them seems to have typed for a while.
    forms = {site: inside.signer.form_token(site) for site in SITES}
    inside.close()
    return Newspaper(service, host, token, forms)
