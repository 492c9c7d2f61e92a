"""What was measured, as a table, as a chart, and in docs/performance.md."""

from __future__ import annotations

import platform
import re
import sqlite3
import subprocess
from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from .load import Load, generator

BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"
BAR, GAP, LABELS, WIDTH = 22, 8, 200, 760


class Row(NamedTuple):
    """One line: what it is, what came out, and what is wanted of its ratio or value."""

    name: str
    rate: float = 0.0
    p50: float | None = None
    p99: float | None = None
    cpu: float | None = None
    ratio: float | None = None
    wanted: float | None = None
    at_most: bool = False
    value: float | None = None
    unit: str = ""
    times_plain: float | None = None

    @classmethod
    def of_loads(
        cls, name: str, loads: Sequence[Load], *, against: Sequence[Load] | None, wanted: float | None
    ) -> Row:
        """The medians of all rounds; the ratio is the median of the rounds' ratios."""
        ratio = None
        if against is not None:
            ratio = median(mine.rate / other.rate for mine, other in zip(loads, against, strict=True))
        return cls(
            name,
            rate=median(load.rate for load in loads),
            p50=median(load.p50 for load in loads),
            p99=median(load.p99 for load in loads),
            cpu=median(load.cpu for load in loads),
            ratio=ratio,
            wanted=wanted,
        )

    @property
    def verdict(self) -> str:
        """Whether what is wanted was reached."""
        found = self.ratio if self.ratio is not None else self.value
        if self.wanted is None or found is None:
            return ""
        reached = found <= self.wanted if self.at_most else found >= self.wanted
        return f"{'<=' if self.at_most else '>='} {self.wanted:g} {'ok' if reached else 'MISSED'}"


class Section(NamedTuple):
    """A part of the table."""

    title: str
    rows: list[Row]


def table(sections: Sequence[Section]) -> str:
    """The sections as one table of fixed width."""
    head = f"{'':38}{'req/s':>9}{'p50 ms':>8}{'p99 ms':>8}{'CPU us':>8}{'ratio':>8}{'x plain':>9}  wanted"
    lines = [head]
    for section in sections:
        lines += ["", section.title, *(_line(row) for row in section.rows)]
    return "\n".join(line.rstrip() for line in lines)


def _line(row: Row) -> str:
    if row.value is not None:
        return f"  {row.name:36}{row.value:9.1f} {row.unit:30}  {row.verdict}"
    cells = [
        f"{row.rate:9,.0f}" if row.rate else " " * 9,
        _cell(row.p50, 1e3, 8),
        _cell(row.p99, 1e3, 8),
        _cell(row.cpu, 1e6, 8, "1f"),
        _cell(row.ratio, 1, 8),
        _cell(row.times_plain, 1, 9, "1f"),
    ]
    return f"  {row.name:36}{''.join(cells)}  {row.verdict} {row.unit}"


def _cell(value: float | None, times: float, width: int, form: str = "2f") -> str:
    return " " * width if value is None else f"{value * times:{width}.{form}}"


def machine() -> str:
    """The machine and the versions, without its name."""
    model, cores = _processor()
    nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr.strip()
    versions = [f"{name} {version(name)}" for name in ("granian", "flask", "sqlalchemy")]
    versions = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}", *versions]
    return (
        f"{cores} cores of {model}, shared with the load generator ({generator()}); {platform.system()} "
        f"{platform.release().split('-')[0]}, "
        f"{', '.join(versions)}, {nginx.removeprefix('nginx version: ')}"
    )


def write(folder: Path, text: str, sections: Sequence[Section]) -> None:
    """Put table and machine into performance.md between its marks, and draw performance.svg."""
    page = folder / "performance.md"
    measured = f"{BEGIN}\n{machine()}.\n\n```\n{text}\n```\n{END}"
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    page.write_text(pattern.sub(lambda _: measured, page.read_text()))
    (folder / "performance.svg").write_text(chart(sections[0].rows))


def chart(rows: Sequence[Row]) -> str:
    """Requests per second as bars; nginx's own in grey."""
    most = max(row.rate for row in rows)
    height = len(rows) * (BAR + GAP) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        'font-size="13" role="img" aria-label="Requests per second">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        '<text x="10" y="22" font-weight="bold">Requests per second</text>',
    ]
    for number, row in enumerate(rows):
        parts += _bar(row, 36 + number * (BAR + GAP), row.rate / most)
    return "\n".join([*parts, "</svg>\n"])


def _bar(row: Row, y: int, share: float) -> list[str]:
    colour = "#b5b5b5" if row.name.startswith(("nginx", "plain")) else "#2f6f4f"
    width, middle = max(1, round(share * (WIDTH - LABELS - 80))), y + BAR - 6
    return [
        f'<text x="{LABELS - 8}" y="{middle}" text-anchor="end">{escape(row.name)}</text>',
        f'<rect x="{LABELS}" y="{y}" width="{width}" height="{BAR}" fill="{colour}"/>',
        f'<text x="{LABELS + width + 6}" y="{middle}">{row.rate:,.0f}</text>',
    ]


def _processor() -> tuple[str, int]:
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = re.findall(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return (models[0], len(models)) if models else (platform.processor() or platform.machine(), 1)
