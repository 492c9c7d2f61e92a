"""SIGKILL of workers in turn and of the whole service, while 16 readers post: nothing is lost or doubled."""

from __future__ import annotations

import statistics
import time

from tests.app import Live
from tests.faults.conftest import THREADS
from tests.faults.figures import Figures, spread
from tests.faults.kept import assert_kept, assert_served
from tests.faults.processes import kill_all, kill_oldest_worker
from tests.faults.writers import WRITERS, Ledger, Writers

WORKERS = 2
ROUNDS = {"short": 1, "long": 8}  # in each, one kill of every worker, and one of them all
POSTS_BETWEEN = {"short": WRITERS, "long": 90}
# Wide: other processes share the machine.
LONGEST_MEDIAN = 10.0


def test_what_was_acknowledged_survives_kills(
    running: Live, database_of_running: str, is_long: bool, figures: Figures
) -> None:
    form = "long" if is_long else "short"
    away: dict[str, list[float]] = {"worker": [], "service": []}
    with Writers(running.port, seed=1) as ledger:
        ledger.wait_for(WRITERS)
        for _ in range(ROUNDS[form]):
            for _ in range(WORKERS):
                away["worker"].append(kill_worker(running, ledger))
                ledger.wait_for(POSTS_BETWEEN[form])
            away["service"].append(kill_service(running, ledger))
            ledger.wait_for(POSTS_BETWEEN[form])
    kept = assert_kept(ledger, database_of_running)
    assert_served(ledger, running)
    for kind, seconds in away.items():
        figures(f"{len(seconds)} kills of a {kind}, back in service after {spread(seconds)}")
        assert statistics.median(seconds) < LONGEST_MEDIAN
    figures(kept)


def kill_worker(live: Live, ledger: Ledger) -> float:
    """Kill a worker; seconds until all workers serve again and a post was acknowledged."""
    began = time.monotonic()
    kill_oldest_worker(live)
    ledger.wait_for(1)
    return time.monotonic() - began


def kill_service(live: Live, ledger: Ledger) -> float:
    """Kill every process of the service and start it again; seconds until a post was acknowledged."""
    began = time.monotonic()
    kill_all(live)
    live.start(threads=THREADS)
    ledger.wait_for(1)
    return time.monotonic() - began
