"""Checking: what is cut, altered, out of bounds or at odds with itself is refused, and nothing is stored."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from comments_service.errors import Invalid
from comments_service.transfer.checking import check
from tests.transfer.files import Record, changed, header, plain
from tests.transfer.lively import LONGEST, silent

# Line 1 header, 2 thread, 3 the first comment, 4 its revision, 5 the second comment, ...
CONTENT = plain(statuses=("published", "pending", "published"))
FIRST, SECOND, THIRD = 2, 4, 6


def refused(content: bytes, longest: int = LONGEST) -> str:
    """Why the file is refused."""
    with pytest.raises(Invalid) as caught:
        check(io.BytesIO(content), longest=longest, tell=silent)
    return caught.value.message


def test_a_whole_file_is_accepted() -> None:
    file = check(io.BytesIO(CONTENT), longest=LONGEST, tell=silent)
    assert file.counts["comment"] == 3
    assert [record["id"] for record in file.records("comment") if record["type"] == "comment"] == [1, 2, 3]
    file.close()


@pytest.mark.parametrize("cut", [1, 100, len(CONTENT) // 2, len(CONTENT) - 1])
def test_a_file_that_is_cut_is_refused(cut: int) -> None:
    assert "cut off" in refused(CONTENT[:-cut])


def test_a_file_without_its_last_lines_is_refused() -> None:
    assert "no footer" in refused(b"".join(CONTENT.splitlines(keepends=True)[:-1]))
    assert "no footer" in refused(b"")


def test_an_altered_byte_is_found() -> None:
    assert "SHA-256" in refused(CONTENT.replace(b"Lovely", b"Lively", 1))
    assert "SHA-256" in refused(CONTENT.replace(b'"pending"', b'"rejected"', 1))


def test_lines_after_the_footer_are_refused() -> None:
    assert "last line" in refused(CONTENT + b"{}\n")


@pytest.mark.parametrize(
    "line",
    [
        b"no json",
        b"[]",
        b'{"type":"cat"}',
        b'{"type":["comment"]}',
        b"\xff",
        b"[" * 100_000,
        b'{"type":"vote","value":NaN}',
        b'{"type":"header","version":' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_record_is_refused(line: bytes) -> None:
    assert refused(CONTENT.splitlines(keepends=True)[0] + line + b"\n").startswith("Line 2: ")


def field(index: int, name: str, value: Any) -> Callable[[list[Record]], Any]:
    return lambda records: records[index].__setitem__(name, value)


def fields(index: int, **values: Any) -> Callable[[list[Record]], Any]:
    return lambda records: records[index].update(values)


@pytest.mark.parametrize(
    ("change", "line", "why"),
    [
        (field(0, "version", 2), 1, "version"),
        (field(0, "format", "other"), 1, "format"),
        (lambda records: records[0]["site"]["policy"].update(mode="wild"), 1, "must be one of"),
        (lambda records: records[0]["site"]["policy"].update(colour="blue"), 1, "not a setting"),
        (lambda records: records.pop(0), 1, "header"),
        (lambda records: records.append(header()), 9, "header"),
        (field(1, "slug", "a\x00b"), 2, "slug"),
        (field(1, "url", "javascript:alert(1)"), 2, "http"),
        (field(1, "colour", "blue"), 2, "there are no fields"),
        (lambda records: records[1].pop("title"), 2, "missing"),
        (field(FIRST, "status", "hidden"), 3, "status"),
        (field(FIRST, "n", None), 3, "has an n"),
        (field(FIRST, "n", 0), 3, "n is"),
        (field(FIRST, "n", 3), 3, "last_n"),
        (field(FIRST, "n", 2), 7, "same n"),
        (field(FIRST, "n", True), 3, "whole number"),
        (field(FIRST, "id", 10**16), 3, "id is"),
        (field(FIRST, "shown", False), 3, "is shown"),
        (field(FIRST, "name", ""), 3, "no name"),
        (field(FIRST, "name", "\u202eelur"), 3, "name"),
        (field(FIRST, "name", "x" * 61), 3, "60"),
        (field(FIRST, "badge", "\n"), 3, "badge"),
        (field(FIRST, "score", 5), 3, "ups less downs"),
        (field(FIRST, "edited_at", "2026-05-04T12:00:00Z"), 3, "edited"),
        (field(FIRST, "created_at", "2026-05-04 12:00"), 3, "time in UTC"),
        (field(FIRST, "author", "ab" * 32), 3, "no author"),
        (field(FIRST, "thread", "nowhere"), 3, "no thread"),
        (field(FIRST, "revision", 2), 3, "does not follow"),
        (field(FIRST, "parent", 3), 3, "stand before"),
        (field(SECOND, "shown", True), 5, "has an n"),
        (fields(SECOND, shown=True, n=2), 5, "neither published nor above"),
        (field(SECOND, "held_revision", 2), 5, "held_revision"),
        (field(SECOND, "root", 1), 5, "no root"),
        (field(SECOND, "parent", 1), 5, "root"),
        (field(SECOND, "id", 1), 5, "order"),
        (fields(THIRD, parent=2, root=2), 7, "after its parent"),
        (field(3, "body", ""), 4, "Write something"),
        (field(3, "body", "a\r\nb"), 4, "LF"),
        (field(3, "body", "x" * (LONGEST + 1)), 4, "shorten"),
        (field(3, "body", "a\ud800"), 4, "surrogates"),
        (field(3, "html", "<script>"), 4, "there are no fields"),
        (field(3, "comment", 2), 4, "follows the comment"),
        (lambda records: records.insert(2, records[3]), 3, "follows the comment"),
        (lambda records: records.append(records[1]), 9, "order"),
        (lambda records: records.insert(2, records[1]), 3, "slug already"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(
    change: Callable[[list[Record]], Any], line: int, why: str
) -> None:
    message = refused(changed(CONTENT, change))
    assert message.startswith(f"Line {line}: "), message
    assert why in message


def test_a_footer_that_counts_wrong_is_refused() -> None:
    lines = CONTENT.splitlines()
    footer = json.loads(lines[-1])
    footer["counts"]["comment"] = 2
    assert "the footer counts 2" in refused(b"\n".join([*lines[:-1], json.dumps(footer).encode()]) + b"\n")


def decision(records: list[Record], seq: int) -> Record:
    return [record for record in records if record["type"] == "decision"][seq - 1]


def published(records: list[Record]) -> Record:
    """A comment that the log says was not left published, now claiming to be."""
    refusals = {r["comment"] for r in records if r["type"] == "decision" and r["after_status"] == "pending"}
    found = next(
        r for r in records if r["type"] == "comment" and r["status"] == "pending" and r["id"] in refusals
    )
    thread = next(r for r in records if r["type"] == "thread" and r["slug"] == found["thread"])
    thread["last_n"] += 1
    found.update(status="published", shown=True, n=thread["last_n"])
    return found


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (published, "left it in another status"),
        (lambda records: decision(records, 2).update(reason="abuse"), "log is broken"),
        (lambda records: decision(records, 2)["chained"].update(comment=1), "log is broken"),
        (lambda records: decision(records, 2).update(by="Mallory"), "chained.moderator"),
        (lambda records: records.remove(decision(records, 2)), "missing"),
        (lambda records: one(records, "vote").update(value=0), "1 or -1"),
        (lambda records: records.insert(records.index(one(records, "vote")), one(records, "vote")), "voted"),
        (lambda records: one(records, "evidence").update(score="high"), "score"),
        (lambda records: answered(records).update(decision=10**6), "no decision on this comment"),
        (lambda records: answered(records).update(closed_at=None), "closed"),
        (lambda records: one(records, "ban").update(author="00" * 32), "no author"),
        (lambda records: records.remove(one(records, "author")), "no author"),
    ],
)
def test_a_lively_file_that_was_changed_is_refused(
    content: bytes, change: Callable[[list[Record]], Any], why: str
) -> None:
    assert why in refused(changed(content, change))


def one(records: list[Record], kind: str) -> Record:
    return next(record for record in records if record["type"] == kind)


def answered(records: list[Record]) -> Record:
    return next(r for r in records if r["type"] == "report" and r["decision"] is not None)


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    class Endless(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 < size < 20_000_000
            return b" " * size

    with pytest.raises(Invalid, match="a line has less than"):
        check(Endless(), longest=1, tell=silent)
