"""Stands before the service and counts what reaches it: what a browser says it sent is half the proof."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True)
class Seen:
    """One request with its answer; the names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    status: int
    answered: dict[str, str]


@dataclass
class Relay:
    """Hands every request on to `service` unchanged, and what it answers back; `port` 0 is a free one."""

    service: str
    port: int = 0
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65_537)
                if self.raw_requestline and self.parse_request():
                    relay.hand_on(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def hand_on(self, handler: BaseHTTPRequestHandler) -> None:
        """Whatever its method is: a preflight is a request like any other."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = handler.rfile.read(int(headers.get("content-length", 0)))
        connection = http.client.HTTPConnection(urlsplit(self.service).netloc, timeout=10)
        connection.request(handler.command, handler.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        answered = {name.lower(): value for name, value in answer.getheaders()}
        # Before the browser has its answer: whoever waits for that finds it counted.
        self.seen.append(Seen(handler.command, urlsplit(handler.path).path, headers, answer.status, answered))
        handler.wfile.write(f"HTTP/1.1 {answer.status} {answer.reason}\r\n".encode())
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                handler.wfile.write(f"{name}: {value}\r\n".encode())
        handler.wfile.write(f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode())
        handler.wfile.write(content)
        handler.close_connection = True

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
