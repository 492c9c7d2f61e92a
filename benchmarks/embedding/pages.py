"""One article's page, bare, with our widget or with Isso, from an origin that is neither's."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>An article</title></head>
<body>
<article><h1>An article</h1>{paragraphs}</article>
{embed}
</body>
</html>
"""
PARAGRAPHS = "<p>The ferry leaves at seven, and again at nine when the wind allows it.</p>" * 12
OURS = """\
<script type="module" src="{service}/embed/v1.js"></script>
<comments-thread site="{site}" slug="{slug}"></comments-thread>"""
# All of it at once, as our measure loads all of ours; avatars stay on, as both draw them.
ISSO = """\
<script data-isso="{service}/" data-isso-max-comments-top="inf" data-isso-max-comments-nested="inf"
  src="{service}/js/embed.min.js"></script>
<section id="isso-thread" data-isso-id="{slug}" data-title="An article"></section>"""


class Pages:
    """A web server for the pages put into it, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        handler = partial(_Quiet, directory=str(folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def put(self, name: str, embed: str) -> str:
        """The address of a page with this embed."""
        (self._folder / f"{name}.html").write_text(PAGE.format(paragraphs=PARAGRAPHS, embed=embed))
        return f"{self.url}/{name}.html"

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the benchmark prints its table alone."""
