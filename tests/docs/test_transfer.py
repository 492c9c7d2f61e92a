"""docs/transfer.md names every field of the file, and its example is one that can be imported."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from comments_service.transfer.checking import check
from comments_service.transfer.records import SHAPES

PAGE = (Path(__file__).parents[2] / "docs" / "transfer.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", SHAPES)
def test_every_field_of_a_record_is_named(kind: str) -> None:
    _, _, rest = PAGE.partition(f"\n| **{kind}** ")
    section = re.split(r"\n\| \*\*|\n\n", rest)[0]
    named = set(re.findall(r"`(\w+)`", section))
    assert SHAPES[kind].keys() - named == set()


def test_the_example_is_a_file_that_can_be_imported() -> None:
    (example,) = re.findall(r"```\n(\{.*?)```", PAGE, re.DOTALL)
    file = check(io.BytesIO(example.encode()), longest=10_000, tell=lambda sentence: None)
    assert file.counts["comment"] == 1
    file.close()
