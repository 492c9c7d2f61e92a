"""The table of writes says what was measured, and whether rows and answers agree."""

from __future__ import annotations

from pathlib import Path

from benchmarks.writing import report
from benchmarks.writing.client import Load
from benchmarks.writing.report import Cell, Section

OURS = Load(acknowledged=300, seconds=1, p50=0.01, p99=0.05, errors={}, cpu=0.002)
PLAIN = Load(acknowledged=100, seconds=1, p50=0.02, p99=0.5, errors={"500": 2})
SECTION = Section("sqlite", "SQLite", [Cell(16, "empty thread", [OURS], [PLAIN])], (300, 100), (300, 99))


def test_a_line_compares_both_ways() -> None:
    line = next(line for line in report.table([SECTION]).splitlines() if "16 clients" in line)
    assert line.split() == [
        *("16", "clients", "empty", "thread", "300", "10.0", "50.0", "2,000", "0"),
        *("|", "100", "20.0", "500.0", "2", "|", "3.00", "0.100"),
    ]


def test_rows_that_were_not_stored_are_told() -> None:
    told = report.table([SECTION])
    assert "ours: 300 acknowledged, 300 rows stored: ok" in told
    assert "plain: 100 acknowledged, 99 rows stored: DIFFER" in told


def test_each_database_has_its_place_in_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    marks = [report.BEGIN.format("sqlite"), report.END.format("sqlite"), report.BEGIN.format("postgres")]
    page.write_text("\n".join(["before", marks[0], "old", marks[1], marks[2], "kept"]))
    report.write(page, [SECTION], "a machine")
    text = page.read_text()
    assert "old" not in text
    assert "16 clients" in text
    assert text.endswith("kept")
