"""The option `--faults`, and the figures that fault tests print at the end of a run."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest

Figures = Callable[[str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults",
        choices=("short", "long"),
        default="short",
        help="how long the tests in tests/faults keep breaking things (short: some seconds each)",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what the fault tests counted and measured, from all test processes."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    lines = [
        (report.nodeid, value)
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == "figures"
    ]
    if lines:
        terminalreporter.section("faults")
        for nodeid, line in lines:
            terminalreporter.write_line(f"{nodeid.rpartition('::')[2]}: {line}")


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """Whether the long form was asked for."""
    return bool(request.config.getoption("--faults") == "long")


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Figures:
    """Keeps a sentence of figures for the end of the run."""
    return lambda line: record_property("figures", line)


def spread(seconds: list[float]) -> str:
    """Median and worst of some times, in words."""
    return f"{statistics.median(seconds):.2f} s (median), {max(seconds):.2f} s (worst)"
