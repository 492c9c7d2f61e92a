"""Public answers that caches may keep: what a view says of one, and how it goes out.

A view makes the plain 200; `Outgoing` gives it its strong tags, its gzip form, 304 and HEAD. It is the
one way out for an answer made just now and for one that `hot` kept.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from flask import Response, request

from ..identity import Signer
from .wsgi import Environ, Headers, StartResponse

PUBLIC = "public, max-age=0, s-maxage=1"
KEY = "comments_service.public"
# Level 1 costs a third of the default and leaves a page a tenth larger.
GZIP_LEVEL = 1
SMALLEST_GZIPPED = 256


@dataclass(frozen=True)
class Depends:
    """What a public answer was made from, so that a kept one can be told from a stale one.

    `versions` are those of the site (under an empty name) and of the threads that `slugs` lead to.
    `expires` is the moment (seconds since 1970) when the clock alone changes it; None for never.
    `canonical` is whether the address is the one spelling under which the widget asks for it.
    """

    site_id: int
    slugs: tuple[str, ...]
    versions: frozenset[tuple[str, int]]
    expires: float | None = None
    canonical: bool = False


@dataclass(frozen=True)
class Public:
    """The mark on a public answer; `depends` is None for one that is not worth keeping."""

    depends: Depends | None


def public(
    body: bytes,
    *,
    content_type: str = "application/json",
    cache_control: str = PUBLIC,
    depends: Depends | None = None,
) -> Response:
    """The answer as anybody may get it. It must not depend on who asks."""
    request.environ[KEY] = Public(depends)
    response = Response(body, content_type=content_type)
    response.headers["Cache-Control"] = cache_control
    response.headers["Vary"] = "Accept-Encoding"
    return response


class Outgoing:
    """A public 200 in all its forms: plain and gzipped, each with a strong tag over its very bytes.

    A tag of the bytes cannot be wrong: whatever changes them (a write, the clock, the policy) changes
    it, and nothing else does.
    """

    __slots__ = ("body", "gzipped", "headers", "plain_headers", "signer", "tag")

    def __init__(self, signer: Signer, address: bytes, headers: Headers, body: bytes) -> None:
        self.signer, self.body = signer, body
        self.headers = [(name, value) for name, value in headers if name not in ("Content-Length", "ETag")]
        self.tag = signer.etag(address, body)
        self.plain_headers = self._with(f'"{self.tag}"', body)
        self.gzipped: tuple[Headers, bytes] | None = None

    def answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Send the form this request asks for; 304 if it has it already."""
        accepts = environ.get("HTTP_ACCEPT_ENCODING")
        headers, body = self.plain_headers, self.body
        if accepts and len(body) >= SMALLEST_GZIPPED and takes_gzip(accepts):
            headers, body = self._gzipped()
        asked = environ.get("HTTP_IF_NONE_MATCH")
        if asked and _matches(asked, headers[0][1]):
            start_response("304 Not Modified", headers[:-1])
            return []
        start_response("200 OK", headers)
        # granian hands a list over as a whole; anything else it streams, at twice the cost.
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _gzipped(self) -> tuple[Headers, bytes]:
        if self.gzipped is None:
            # A fixed time: every process makes the same bytes, so the tag stays a strong one.
            body = gzip.compress(self.body, GZIP_LEVEL, mtime=0)
            headers = self._with(f'"{self.tag}-gzip"', body)
            self.gzipped = [*headers[:-1], ("Content-Encoding", "gzip"), headers[-1]], body
        return self.gzipped

    def _with(self, tag: str, body: bytes) -> Headers:
        # The tag first and the length last: `answer` knows where to find them.
        return [("ETag", tag), *self.headers, ("Content-Length", str(len(body)))]


@lru_cache(maxsize=64)
def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding allows gzip (RFC 9110, section 12.5.3)."""
    for part in accept_encoding.lower().split(","):
        name, _, parameters = part.partition(";")
        if name.strip() == "gzip":
            weight = parameters.replace(" ", "").removeprefix("q=")
            return not parameters or weight.strip("0.") != ""
    return False


def _matches(asked: str, tag: str) -> bool:
    """If-None-Match compares weakly (RFC 9110, section 13.1.2): a proxy may have weakened our tag."""
    return (
        asked == tag
        or asked.strip() == "*"
        or tag in (one.strip().removeprefix("W/") for one in asked.split(","))
    )
