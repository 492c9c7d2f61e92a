"""What was measured of moderating, as a table and in docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

BEGIN, END = "<!-- measured moderating -->", "<!-- end of measured moderating -->"


class Row(NamedTuple):
    """One act at both sizes: the seconds of each request, and what is wanted of the larger."""

    name: str
    small: Sequence[float]
    large: Sequence[float]
    most_seconds: float | None = None
    most_ratio: float | None = None

    @property
    def ratio(self) -> float:
        """How many times as long the p95 of the larger is."""
        return share(self.large, 0.95) / share(self.small, 0.95)

    @property
    def verdict(self) -> str:
        """Whether what is wanted was reached."""
        parts = []
        if self.most_seconds is not None:
            reached = share(self.large, 0.95) <= self.most_seconds
            parts.append(f"p95 <= {self.most_seconds * 1e3:.0f} ms {'ok' if reached else 'MISSED'}")
        if self.most_ratio is not None:
            parts.append(
                f"ratio <= {self.most_ratio:g} {'ok' if self.ratio <= self.most_ratio else 'MISSED'}"
            )
        return ", ".join(parts)


class Section(NamedTuple):
    """One database."""

    title: str
    rows: list[Row]


def share(seconds: Sequence[float], part: float) -> float:
    """The value that this part of all is not above."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * part))]


def table(sections: Sequence[Section], small: int, large: int) -> str:
    """The sections as one table of fixed width."""
    lines = [f"{'':30}{small:>9,} pending {large:>12,} pending", f"{'':30}{'p50 ms':>9}{'p95 ms':>8}"]
    lines[1] += f"{'p50 ms':>13}{'p95 ms':>8}{'ratio':>7}  wanted"
    for section in sections:
        lines += ["", section.title, *(_line(row) for row in section.rows)]
    return "\n".join(line.rstrip() for line in lines)


def write(page: Path, text: str, machine: str) -> None:
    """Put table and machine into the page between its marks."""
    measured = f"{BEGIN}\n{machine}.\n\n```\n{text}\n```\n{END}"
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    page.write_text(pattern.sub(lambda _: measured, page.read_text()))


def _line(row: Row) -> str:
    small = f"{share(row.small, 0.5) * 1e3:9.1f}{share(row.small, 0.95) * 1e3:8.1f}"
    large = f"{share(row.large, 0.5) * 1e3:13.1f}{share(row.large, 0.95) * 1e3:8.1f}"
    return f"  {row.name:28}{small}{large}{row.ratio:7.2f}  {row.verdict}"
