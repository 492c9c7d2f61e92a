"""`python -m tests.server.run PORT WORKERS THREADS KILL_SECONDS`: serves the tests' application."""

from __future__ import annotations

import sys

from comments_service import server
from comments_service.errors import Unavailable
from tests.server import news

if __name__ == "__main__":
    port, workers, threads, kill_seconds = (int(word) for word in sys.argv[1:])
    # The hourly work begins at once, and again soon after its process died.
    server.SETTLING_SECONDS, server.KEEPER_SECONDS = 0, 0.05
    try:
        server.serve(
            port=port,
            workers=workers,
            threads=threads,
            kill_seconds=kill_seconds,
            target="tests.server.news:create",
            hourly=news.hourly,
        )
    except Unavailable as error:
        sys.exit(error.message)
