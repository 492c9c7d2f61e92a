"""The demo's command line: `python -m comments_service.demo --port 8000 --dir var/demo`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from ..errors import Unavailable
from .api import Refusal
from .running import run
from .service import ServiceFailed

HIGHEST_PORT = 65_534


def main(arguments: list[str]) -> int:
    """Runs the demo and answers its exit code: 0 stopped by a person, 1 failed, 2 misused."""
    known = _command_line().parse_args(arguments)
    try:
        run(known.port, known.dir)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    except Unavailable as taken:
        print(f"{taken.message} Another demo may be running; --port chooses others.", file=sys.stderr)
        return 1
    except (ServiceFailed, Refusal, SQLAlchemyError, OSError) as failure:
        print(f"The demo failed. {failure}", file=sys.stderr)
        return 1
    return 0


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m comments_service.demo",
        description="A small newspaper with comments: the service on --port, the newspaper on the next one.",
        epilog="example: python -m comments_service.demo --port 9000 --dir var/demo",
    )
    parser.add_argument("--port", type=_port, default=8000, help="the service's port on 127.0.0.1 (8000)")
    parser.add_argument("--dir", type=Path, default=Path("var/demo"), help="where data is kept (var/demo)")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is 1 to {HIGHEST_PORT}: the newspaper takes the next one")
    return port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
