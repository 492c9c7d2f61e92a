"""What was measured of the widget, as a table and in docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from .visits import MEGABYTE, Visit

BEGIN, END = "<!-- measured widget -->", "<!-- end of measured widget -->"


class Wanted(NamedTuple):
    """At most this share of Isso's figure."""

    painted: float | None = None
    blocked: float | None = None
    heap: float | None = None


class Section(NamedTuple):
    """One page: the visits of ours and of Isso's, taken in turn."""

    title: str
    ours: Sequence[Visit]
    theirs: Sequence[Visit]
    wanted: Wanted


UNITS = {"painted": (1e3, "ms"), "blocked": (1e3, "ms"), "heap": (1 / MEGABYTE, "MB")}


def table(sections: Sequence[Section]) -> str:
    """The sections as one table of fixed width; medians, and the median of each round's ratio."""
    lines = [f"{'':34}{'ours':>10}{'Isso':>10}{'ratio':>8}  wanted"]
    for section in sections:
        lines += ["", section.title, *(_line(section, name) for name in UNITS)]
    return "\n".join(line.rstrip() for line in lines)


def write(page: Path, text: str, machine: str) -> None:
    """Put table and machine into the page between its marks."""
    measured = f"{BEGIN}\n{machine}.\n\n```\n{text}\n```\n{END}"
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    page.write_text(pattern.sub(lambda _: measured, page.read_text()))


def _line(section: Section, name: str) -> str:
    factor, unit = UNITS[name]
    ours = [getattr(visit, name) for visit in section.ours]
    theirs = [getattr(visit, name) for visit in section.theirs]
    # Neither blocks for 0 s where it blocks at all: a page that never did has no ratio.
    ratios = [one / other for one, other in zip(ours, theirs, strict=True) if other]
    ratio = f"{median(ratios):8.2f}" if ratios else f"{'-':>8}"
    wanted = getattr(section.wanted, name)
    verdict = ""
    if wanted is not None and ratios:
        verdict = f"  <= {wanted:.2f} {'ok' if median(ratios) <= wanted else 'MISSED'}"
    label = f"  {name}, {unit}"
    return f"{label:34}{median(ours) * factor:10.1f}{median(theirs) * factor:10.1f}{ratio}{verdict}"
