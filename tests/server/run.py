"""`python -m tests.server.run PORT WORKERS THREADS KILL_SECONDS`: serves the tests' application."""

from __future__ import annotations

import sys

from comments_service.errors import Unavailable
from comments_service.server import serve
from tests.server import news

if __name__ == "__main__":
    port, workers, threads, kill_seconds = (int(word) for word in sys.argv[1:])
    try:
        serve(
            port=port,
            workers=workers,
            threads=threads,
            kill_seconds=kill_seconds,
            target="tests.server.news:create",
            hourly=news.hourly,
        )
    except Unavailable as error:
        sys.exit(error.message)
