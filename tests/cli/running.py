"""Running `comments-service`: inside the tests for speed, or as people do, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from comments_service.cli import cli

SECRET = "a-secret-of-forty-bytes-that-tests-share"

# What others wrote takes longer to import than a command to run: done once. Each command imports all of ours.
FORKING = """
import gc, os, shlex, sys
import alembic.command, click, sqlalchemy.dialects.postgresql, sqlalchemy.dialects.sqlite, sqlalchemy.orm
gc.freeze()
for number, line in enumerate(sys.argv[1:]):
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    for file, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{name}.{number}", os.O_WRONLY | os.O_CREAT), file)
    assert not any(name.startswith("comments_service") for name in sys.modules)
    sys.argv[1:] = shlex.split(line)
    from comments_service.cli import main
    main()
"""


@dataclass(frozen=True)
class Ended:
    """A command's end."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """A folder with a database, and the command line in front of it."""

    folder: Path
    url: str

    @property
    def file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def settings(self, **settings: str) -> dict[str, str]:
        named = {f"COMMENTS_{name}": value for name, value in settings.items()}
        return {"COMMENTS_DATABASE_URL": self.url, "COMMENTS_SECRET_KEY": SECRET, **named}

    def run(self, *words: str, **settings: str) -> Ended:
        """Runs a command to its end, whatever that is, in this process."""
        others: dict[str, str | None] = dict.fromkeys(n for n in os.environ if n.startswith("COMMENTS_"))
        runner = CliRunner(env={**others, **self.settings(**settings)})
        result = runner.invoke(cli, words, prog_name="comments-service")
        # What a person would see as a traceback.
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        """Starts a command as a process of its own."""
        return self.start_python("-m", "comments_service.cli", *words, **settings)

    def start_python(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        """Starts Python with these arguments, in the settings of the commands."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("COMMENTS_")}
        return subprocess.Popen(
            [sys.executable, *words],
            env={**plain, **self.settings(**settings)},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def process(self, *words: str, **settings: str) -> Ended:
        """Runs a command to its end as a process of its own."""
        process = self.start(*words, **settings)
        out, err = process.communicate(timeout=60)
        return Ended(process.returncode, out, err)

    def processes(self, lines: Sequence[str]) -> list[Ended]:
        """Runs commands one after the other, each to its end as a process of its own, forked from one."""
        codes, errors = self.start_python("-c", FORKING, *lines).communicate(timeout=120)
        assert not errors, errors
        return [
            Ended(int(code), *((self.folder / f"{name}.{number}").read_text() for name in ("out", "err")))
            for number, code in enumerate(codes.split())
        ]

    def done(self, *words: str, **settings: str) -> str:
        """Runs a command that succeeds, and answers what it printed."""
        ended = self.run(*words, **settings)
        assert ended.code == 0, ended
        return ended.out

    def failed(self, *words: str, **settings: str) -> str:
        """Runs a command that fails, and answers its one sentence."""
        ended = self.run(*words, **settings)
        assert ended.code == 1, ended
        *_, sentence = ended.err.strip().splitlines()
        assert sentence.startswith("Error: ")
        return sentence

    def misused(self, *words: str) -> str:
        """Runs a command that does not understand its arguments, and answers what it says."""
        ended = self.run(*words)
        assert ended.code == 2, ended
        return ended.err
