"""The benchmark's table says what was wanted and whether it was reached."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.reading import report
from benchmarks.reading.load import Load
from benchmarks.reading.report import Row, Section

FILE = [
    Load(1000, 0.001, 0.002, 0.00001),
    Load(3000, 0.001, 0.002, 0.00001),
    Load(2000, 0.001, 0.002, 0.00001),
]
PAGE = [
    Load(600, 0.001, 0.004, 0.00005),
    Load(1200, 0.001, 0.004, 0.00005),
    Load(1000, 0.001, 0.004, 0.00005),
]


def test_the_ratio_is_the_median_of_the_rounds_ratios() -> None:
    row = Row.of_loads("page", PAGE, against=FILE, wanted=0.4)
    assert (row.rate, row.ratio, row.verdict) == (1000, 0.5, ">= 0.4 ok")


def test_what_was_missed_is_said() -> None:
    assert Row("page", ratio=0.3, wanted=0.4).verdict == ">= 0.4 MISSED"
    assert Row("memory", value=150, wanted=140, at_most=True).verdict == "<= 140 MISSED"
    assert Row("memory", value=130, wanted=140, at_most=True).verdict == "<= 140 ok"


def test_the_table_names_every_row() -> None:
    rows = [Row.of_loads("page", PAGE, against=FILE, wanted=0.4), Row("memory", value=150, unit="MB")]
    text = report.table([Section("Hot", rows)])
    assert "Hot\n  page " in text
    assert "1,000" in text
    assert "150.0 MB" in text


def test_the_chart_is_well_formed() -> None:
    drawn = report.chart([Row("nginx: file & more", rate=2000), Row("page", rate=1000)])
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
