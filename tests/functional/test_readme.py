"""The README as a stranger follows it: a page of their own, a moderated comment, a backup that comes back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.functional.people import Moderator
from tests.server.running import ROOT, wait_for
from tests.servers.chromium import PageErrors
from tests.servers.ports import answers, free_port

README = (ROOT / "README.md").read_text(encoding="utf-8")
WORDS = "I like it a lot."


class Stranger:
    """Somebody in a fresh checkout with the README; each terminal runs one of its blocks, word for word."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service, self.pages = free_port(), free_port()
        # What `./dev demo` leaves behind.
        (folder / ".venv").symlink_to(sys.prefix)
        self._running: list[subprocess.Popen[str]] = []

    def blocks(self) -> list[str]:
        """What the README says to type, on ports that are free here."""
        section = README.partition("\n## Your own page\n")[2].partition("\n## ")[0]
        section = section.replace("8000", str(self.service)).replace("8080", str(self.pages))
        section = section.replace("comments-service serve", f"comments-service serve --port {self.service}")
        return re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)

    def types(self, block: str) -> subprocess.Popen[str]:
        """In a terminal of its own; whoever works with the service reads the settings first."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("COMMENTS_")}
        terminal = subprocess.Popen(
            # Whoever runs the tests in the background may have Ctrl-C ignored, and with them all they start.
            ["env", "--default-signal=INT", "bash", "-euc", block],
            cwd=self.folder,
            env=plain,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._running.append(terminal)
        return terminal

    def serves(self, blocks: dict[int, str]) -> dict[int, subprocess.Popen[str]]:
        """Types what goes on until it is stopped, by port; the terminals, when all of it answers."""
        terminals = {port: self.types(block) for port, block in blocks.items()}
        for port, terminal in terminals.items():
            wait_for(partial(is_settled, port, terminal), 30)
            assert terminal.poll() is None, terminal.communicate()[0]
        return terminals

    def leaves(self) -> None:
        """Ctrl-C in every terminal."""
        for terminal in self._running:
            stop(terminal)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    stranger = Stranger(tmp_path)
    yield stranger
    stranger.leaves()


def test_a_stranger_comes_to_a_page_a_moderated_comment_and_a_backup_restored(
    stranger: Stranger, open_page: Callable[..., Page], page_errors: PageErrors
) -> None:
    page_errors.expect("favicon")  # a page of one's own has none
    settings, service, pages, link, backup, restored = stranger.blocks()
    assert printed(stranger.types(settings)) == ""
    served = stranger.serves({stranger.pages: pages, stranger.service: service})
    asked = stranger.types(link)

    ben, address = open_page(), f"http://127.0.0.1:{stranger.pages}/"
    ben.goto(address)
    ben.get_by_role("button", name="Leave a comment").click()
    ben.get_by_role("textbox", name="Your comment").fill(WORDS)
    ben.get_by_role("textbox", name="Your name").fill("Ben")
    ben.get_by_role("button", name="Post").click()
    expect(ben.get_by_role("article")).to_contain_text("Waiting for a moderator")

    ada = Moderator(open_page())
    ada.signs_in(printed(asked).strip())
    expect(ada.page).to_have_title(re.compile("Pending"))
    expect(ada.card).to_contain_text(WORDS)
    ada.page.keyboard.press("a")
    expect(ada.toast).to_contain_text("Approved")
    copied = stranger.types(f". var/mine/settings\n{backup}")

    other = open_page()
    other.goto(address.replace("127.0.0.1", "localhost"))
    expect(other.get_by_role("article")).to_contain_text(WORDS)

    assert "checked the copy" in printed(copied)
    stop(served[stranger.service])
    stranger.serves({stranger.service: f". var/mine/settings\n{restored}"})
    another = open_page()
    another.goto(address)
    expect(another.get_by_role("article")).to_contain_text(WORDS)


def stop(terminal: subprocess.Popen[str]) -> None:
    """Ctrl-C, and waits for the end; nothing more for what has ended."""
    if terminal.poll() is None:
        os.killpg(terminal.pid, signal.SIGINT)
        terminal.communicate(timeout=15)


def is_settled(port: int, terminal: subprocess.Popen[str]) -> bool:
    return answers(port) or terminal.poll() is not None


def printed(terminal: subprocess.Popen[str]) -> str:
    """What was typed there said until its end, which is a success."""
    said = terminal.communicate(timeout=60)[0]
    assert terminal.returncode == 0, said
    return said
