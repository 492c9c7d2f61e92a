"""What was measured of writing, as a table and in docs/performance.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .client import Load

BEGIN, END = "<!-- measured writes on {} -->", "<!-- end of measured writes on {} -->"


@dataclass(frozen=True)
class Cell:
    """One line: the rounds of ours and of the plain way with so many clients in such a thread."""

    clients: int
    place: str
    ours: Sequence[Load]
    plain: Sequence[Load]

    @property
    def times_plain(self) -> float:
        """How many times the posts of the plain way: the median of the rounds' ratios."""
        return median(a.rate / max(b.rate, 1e-9) for a, b in zip(self.ours, self.plain, strict=True))

    @property
    def share_of_p99(self) -> float:
        """Our p99 as a part of the plain way's: the median of the rounds' ratios."""
        return median(a.p99 / max(b.p99, 1e-9) for a, b in zip(self.ours, self.plain, strict=True))


@dataclass(frozen=True)
class Section:
    """One database: its cells, and of both ways how many posts were acknowledged and how many rows stored."""

    database: str
    title: str
    cells: list[Cell]
    acknowledged: tuple[int, int]
    stored: tuple[int, int]


def table(sections: Sequence[Section]) -> str:
    """The sections as one table of fixed width."""
    head = f"{'':26}{'posts/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'CPU us':>8}{'errors':>8}"
    lines = [f"{head}  |{'plain/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'errors':>8}  |{'ratio':>6}{'p99':>7}"]
    for section in sections:
        lines += ["", section.title, *(_line(cell) for cell in section.cells)]
        for name, acknowledged, stored in zip(
            ("ours", "plain"), section.acknowledged, section.stored, strict=True
        ):
            verdict = "ok" if acknowledged == stored else "DIFFER"
            lines.append(f"  {name}: {acknowledged:,} acknowledged, {stored:,} rows stored: {verdict}")
    return "\n".join(line.rstrip() for line in lines)


def write(page: Path, sections: Sequence[Section], machine: str) -> None:
    """Put each database's table, and the machine, into the page between its marks."""
    text = page.read_text()
    for section in sections:
        begin, end = BEGIN.format(section.database), END.format(section.database)
        measured = f"{begin}\n{machine}.\n\n```\n{table([section])}\n```\n{end}"
        pattern = re.compile(re.escape(begin) + ".*" + re.escape(end), re.DOTALL)
        text = pattern.sub(lambda _, measured=measured: measured, text)  # type: ignore[misc]
    page.write_text(text)


def _line(cell: Cell) -> str:
    cpu = median(load.cpu for load in cell.ours) * 1e6
    clients = f"{cell.clients} client{'s' if cell.clients > 1 else ''}"
    return (
        f"  {clients:11}{cell.place:13}{_numbers(cell.ours)}{cpu:8,.0f}{_errors(cell.ours):>8}"
        f"  |{_numbers(cell.plain)}{_errors(cell.plain):>8}"
        f"  |{cell.times_plain:6.2f}{cell.share_of_p99:7.3f}"
    )


def _numbers(loads: Sequence[Load]) -> str:
    rate, p50, p99 = (median(getattr(load, name) for load in loads) for name in ("rate", "p50", "p99"))
    return f"{rate:8,.0f}{p50 * 1e3:8.1f}{p99 * 1e3:8.1f}"


def _errors(loads: Sequence[Load]) -> str:
    errors = sum((Counter(load.errors) for load in loads), Counter[str]())
    return str(errors.total()) if errors else "0"
