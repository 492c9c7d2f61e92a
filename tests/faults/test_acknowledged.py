"""What was acknowledged is stored once and as it was sent, whatever breaks meanwhile."""

from __future__ import annotations

import shlex
import signal
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from comments_service import people
from comments_service.config import Settings
from comments_service.identity import Signer
from tests.app import STOP_SECONDS, UNLIMITED, Live, Service, new_author_key
from tests.cli.running import Shell
from tests.databases import SECRET, open_database
from tests.faults.acts import Crowd
from tests.faults.conftest import THREADS
from tests.faults.figures import Figures, spread
from tests.faults.kept import assert_kept, assert_served, difference
from tests.faults.processes import kill_all, kill_oldest_worker, wait_for_workers
from tests.faults.sound import assert_sound
from tests.faults.writers import WRITERS, Acknowledged, Ledger, Sent, Writers, post
from tests.server.running import wait_for
from tests.servers import programs
from tests.servers.postgres import Postgres

HOUR = 3600.0
# Until the service is back after a kill. In the short form others use the machine, and it is wide.
LONGEST_MEDIAN = {"short": 10.0, "long": 2.0}


def test_what_was_acknowledged_survives_kills_and_sigterm(
    running: Live, running_url: str, is_long: bool, figures: Figures
) -> None:
    rounds, between = (10, 70) if is_long else (1, WRITERS // 2)
    # The short form kills the whole service on SQLite, and ends it with SIGTERM on PostgreSQL.
    ends = [kill_service, terminate_service]
    if running_url.startswith("postgresql"):
        ends.reverse()
    away: dict[str, list[float]] = defaultdict(list)
    with Writers(running.port, seed=1) as ledger:
        for number in range(rounds):
            for break_off in (kill_worker, kill_worker, ends[number % 2]):
                ledger.wait_for(between)
                away[NAMES[break_off]].append(break_off(running, ledger))
        ledger.wait_for(between)
    figures(assert_kept(ledger, running_url))
    assert_served(ledger, running)
    kills = [one for name in away if name != NAMES[terminate_service] for one in away[name]]
    for name, seconds in {**away, "SIGKILL of either kind": kills}.items():
        figures(f"{len(seconds)} times {name}, back in service after {spread(seconds)}")
    assert statistics.median(kills) < LONGEST_MEDIAN["long" if is_long else "short"]


def test_nobody_notices_that_the_clock_moves_an_hour_forwards_and_back(
    running: Live, running_url: str, move_clock: Callable[[float], None], is_long: bool, figures: Figures
) -> None:
    shifts = (HOUR, -HOUR, 0.0) * (10 if is_long else 1)
    with Writers(running.port, seed=2) as ledger:
        for shift in shifts:
            ledger.wait_for(WRITERS)
            move_clock(shift)
            # All that is answered next may have been dated before it moved.
            wait_for(partial(any_sent_after, ledger, time.monotonic()), 60)
        ledger.wait_for(WRITERS)
    assert ledger.troubles.keys() <= {"503"}, "nobody is thrown out by a clock"
    told = [datetime.fromisoformat(one.answer["comment"]["created_at"]) for one in ledger.acknowledged]
    assert max(told) - min(told) > timedelta(seconds=1.9 * HOUR), "it did move"
    figures(f"the clock moved {len(shifts)} times; {assert_kept(ledger, running_url)}")
    assert_served(ledger, running)


def test_answers_that_nobody_read_are_given_again(
    running: Live, running_url: str, is_long: bool, figures: Figures
) -> None:
    with Writers(running.port, seed=3, cuts=0.4) as ledger:
        ledger.wait_for(2_000 if is_long else 50)
    figures(assert_kept(ledger, running_url))


def test_twins_in_flight_are_one_comment(
    running: Live, running_url: str, is_long: bool, figures: Figures
) -> None:
    ledger = Ledger()
    with ThreadPoolExecutor(2) as fingers:
        for number in range(500 if is_long else 10):
            sent = one_post(f"Number {number}", key=f"twin {number}", slug="twins")
            began = time.monotonic()
            answers = list(fingers.map(post, [running.port] * 2, [sent] * 2))
            assert [status for status, _ in answers] == [201, 201]
            assert answers[0][1]["comment"] == answers[1][1]["comment"]
            ledger.acknowledge(Acknowledged(sent, 201, answers[0][1], began, time.monotonic(), 1))
    figures(f"each post sent twice at once; {assert_kept(ledger, running_url)}")


def test_a_key_that_comes_twice_at_once_with_other_words_stores_one_of_them(
    running: Live, running_url: str, is_long: bool
) -> None:
    with ThreadPoolExecutor(2) as fingers:
        for number in range(200 if is_long else 5):
            first = one_post(f"The first of {number}", key=f"rivals {number}", slug="rivals")
            second = Sent(**{**first.__dict__, "body": f"The second of {number}"})
            answers = list(fingers.map(post, [running.port] * 2, [first, second]))
            assert sorted(status for status, _ in answers) == [201, 422]
            (problem,) = [content for status, content in answers if status == 422]
            assert problem["errors"][0]["field"] == "key"
    assert_sound(running_url)


def test_parallel_acts_on_the_same_comments_leave_counters_and_log_exact(
    running: Live, running_url: str, is_long: bool, figures: Figures
) -> None:
    crowd = Crowd(running, token=moderator_token(running_url, "Ada"), seed=6)
    crowd.act(150 if is_long else 8)
    assert crowd.wrong == []
    figures(crowd.told())
    with open_database(running_url) as database:
        assert database.write(crowd.broken_promises) == []
    assert_sound(running_url)


def test_a_backup_under_load_holds_all_that_was_acknowledged_before_it(
    running: Live,
    running_url: str,
    is_long: bool,
    figures: Figures,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    token = moderator_token(running_url, "Grace")
    with Writers(running.port, seed=7) as ledger:
        ledger.wait_for(2_000 if is_long else 2 * WRITERS)
        reject(running, token, one_post("Not for here", key="rejected", slug="backed-up"))
        began, before = time.monotonic(), len(ledger.acknowledged)
        is_sqlite = running_url.startswith("sqlite")
        backup = copied(running_url, tmp_path) if is_sqlite else dumped(running_url, tmp_path)
        took, meanwhile = time.monotonic() - began, len(ledger.acknowledged) - before
    assert_kept(ledger, running_url)
    restored = f"sqlite:///{backup}" if is_sqlite else loaded(backup, request.getfixturevalue("postgres"))
    kept = [one for one in ledger.acknowledged if one.ended <= began]
    assert difference(ledger, restored, until=began).is_none
    assert_sound(restored)
    assert Shell(tmp_path, restored).done("log", "verify").startswith("horizons: all ")
    assert_all_keys_fit(restored, kept[:: len(kept) // 5], token, tmp_path)
    figures(
        f"{len(kept):,} posts acknowledged before the backup, all in it; "
        f"{meanwhile} more within the {took:.1f} s that it took"
    )


def any_sent_after(ledger: Ledger, moment: float) -> bool:
    """Whether a post was acknowledged that was sent after a moment."""
    return any(one.began > moment for one in ledger.acknowledged)


def kill_worker(live: Live, ledger: Ledger) -> float:
    """Kill a worker; seconds until all workers serve again and a post was acknowledged."""
    wait_for_workers(live)
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


def terminate_service(live: Live, ledger: Ledger) -> float:
    """End the service with SIGTERM, and start it again when it has ended; seconds until a post was
    acknowledged. What was answered before is stored already then."""
    assert live.process is not None
    began = time.monotonic()
    live.process.send_signal(signal.SIGTERM)
    assert live.process.wait(STOP_SECONDS) == 0
    assert difference(ledger, live.environ["COMMENTS_DATABASE_URL"]).is_none
    live.start(threads=THREADS)
    ledger.wait_for(1)
    return time.monotonic() - began


NAMES = {
    kill_worker: "SIGKILL to a worker",
    kill_service: "SIGKILL to the whole service",
    terminate_service: "SIGTERM",
}


def one_post(body: str, *, key: str, slug: str) -> Sent:
    """A post of a reader who was never here before."""
    return Sent("horizons", new_author_key(), key, slug, "Wren", body, None)


def moderator_token(url: str, name: str) -> str:
    """An API token of a new moderator."""
    with open_database(url) as database:
        database.write(lambda s: people.add(s, name=name, sites=["horizons"], role="moderator"))
        return str(database.write(lambda s: people.add_token(s, Signer(SECRET), name)))


def reject(live: Live, token: str, sent: Sent) -> None:
    """Post a comment, and have a moderator reject it."""
    comment = post(live.port, sent)[1]["comment"]["id"]
    decision = {"comment": comment, "revision": 1, "from": "published", "action": "reject", "reason": "abuse"}
    status, _, content = live.request(
        "/api/v1/sites/horizons/moderation/decisions",
        {"decisions": [decision]},
        Authorization=f"Bearer {token}",
    )
    assert (status, content["results"][0]["result"]) == (200, "done")


def copied(url: str, folder: Path) -> Path:
    """Back up an SQLite database with our own command; the copy, which is ready to be used."""
    file = folder / "elsewhere.db"
    Shell(folder, url).done("db", "backup", str(file))
    return file


def dumped(url: str, folder: Path) -> Path:
    """Back up a PostgreSQL database with the tool that our command names."""
    file = folder / "comments.dump"
    sentence = Shell(folder, url).failed("db", "backup", str(file))
    postgres_tool(*shlex.split(sentence.partition("run: ")[2]))
    return file


def loaded(file: Path, server: Postgres) -> str:
    """Restore a dump; the URL of the new database."""
    url = server.database()
    postgres_tool("pg_restore", "-d", url.replace("+psycopg", ""), str(file))
    return url


def postgres_tool(name: str, *words: str) -> None:
    """Run a program that stands beside the server's; raises CalledProcessError when it fails."""
    program = programs.need("postgres").resolve().parent / name
    subprocess.run([program, *words], check=True, capture_output=True, timeout=60)


def assert_all_keys_fit(url: str, kept: list[Acknowledged], token: str, folder: Path) -> None:
    """On the restored database: retries find their comments, edit tokens, author keys and API tokens work."""
    settings: dict[str, Any] = {"rate_limit_storage": f"sqlitefile:///{folder / 'limits.db'}", **UNLIMITED}
    service = Service(Settings(secret_key=SECRET, database_url=url, **settings))
    for one in kept:
        again = service.post_json("horizons/comments", one.sent.words())
        assert (again.status_code, again.get_json()["comment"]["id"]) == (one.status, one.id)
        edit = {"body": f"{one.sent.body}, and more", "edit_token": one.answer["edit_token"]}
        assert service.post_json(f"horizons/comments/{one.id}/revisions", edit).status_code == 201
    taken_back = service.post_json(
        f"horizons/comments/{kept[0].id}/withdrawal", {"author_key": kept[0].sent.author_key}
    )
    assert taken_back.status_code == 200
    queues = service.client.get(
        "/api/v1/sites/horizons/moderation/queues", headers={"Authorization": f"Bearer {token}"}
    )
    assert queues.status_code == 200
    service.close()
