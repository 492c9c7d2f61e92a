"""The demo as a person starts it: a real service beside it, seeded through the public API, stopped as one."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time
from pathlib import Path

import pytest

from comments_service.demo.conversations import read_conversations
from comments_service.demo.newspaper import NAME, SITE
from tests.demo.runs import Demo, free_pair
from tests.server.running import wait_for
from tests.servers.ports import answers

LEAD = "town/four-minutes-fast"


def test_every_comment_is_there_once_although_seeding_was_interrupted(demo: Demo) -> None:
    expected = sum(len(talk.comments) for talk in read_conversations())
    withdrawn = sum(comment.withdrawn for talk in read_conversations() for comment in talk.comments)

    assert demo.seeded + withdrawn == expected


def test_the_lead_article_has_sixty_comments_with_replies_below_what_was_removed(demo: Demo) -> None:
    page = demo.read(f"/comments?slug={LEAD}&limit=100")
    removed = {comment["removed"] for comment in page["comments"] if "removed" in comment}

    assert page["thread"]["count"] >= 60
    assert removed == {"moderator", "author"}


def test_moderators_find_comments_to_decide_and_reports_of_several_readers(demo: Demo) -> None:
    pending, reported = demo.queue("pending"), demo.queue("reported")

    assert len(pending) >= 4
    assert any("casino" in comment["body"] for comment in pending)
    assert len(reported) >= 4
    assert max(len(comment["reports"]) for comment in reported) >= 3


def test_the_newspaper_embeds_the_service_on_the_other_port(demo: Demo) -> None:
    status, body = demo.ask(f"/{LEAD}", port=demo.port + 1)

    assert status == 200
    assert NAME in body
    assert f'src="http://127.0.0.1:{demo.port}/embed/v1.js"' in body


def test_nothing_secret_is_in_the_log(demo: Demo) -> None:
    log = (demo.folder / "service.log").read_text()

    assert demo.token not in log
    assert demo.link.rpartition("/")[2].rpartition("=")[2] not in log
    assert (demo.folder / "secret-key").read_text() not in log


def test_limits_hold_again_once_the_seeding_is_over(demo: Demo) -> None:
    # Over the minute's edge one more gets through: what came before it weighs less with every moment.
    wait_for(lambda: time.time() % 60 < 45, 20)
    # From an address of its own, as other tests post to this demo too.
    connection = http.client.HTTPConnection(
        "127.0.0.1", demo.port, timeout=10, source_address=("127.0.0.2", 0)
    )
    statuses = []
    for number in range(11):
        comment = {"slug": LEAD, "name": "In a hurry", "body": f"And another thing, number {number}."}
        headers = {"Content-Type": "application/json", "X-Forwarded-For": f"2001:db8:{number}::1"}
        path = f"/api/v1/sites/{SITE}/comments"
        connection.request("POST", path, json.dumps(comment), headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()

    assert statuses[0] in (201, 202)
    assert statuses[-1] == 429


def test_another_run_keeps_the_data_and_replaces_link_and_token(demo: Demo) -> None:
    counts, token, link = demo.counts(), demo.token, demo.link
    assert demo.stop(signal.SIGINT) == 0
    assert not answers(demo.port)
    assert not answers(demo.port + 1)

    demo.begin()
    demo.started()
    assert demo.counts() == counts
    assert demo.token != token
    assert demo.link != link
    status, _ = demo.ask(f"/api/v1/sites/{SITE}/moderation/queues", token=token)
    assert status == 401


@pytest.mark.parametrize("which", [0, 1])
def test_a_busy_port_ends_the_demo_before_anything_is_made(tmp_path: Path, which: int) -> None:
    port = free_pair()
    with socket.create_server(("127.0.0.1", port + which)):
        demo = Demo(tmp_path / "demo", port)
        assert demo.process.wait(30) == 1

    assert f"127.0.0.1:{port + which}" in demo.printed
    assert "--port" in demo.printed
    assert not demo.folder.exists()
