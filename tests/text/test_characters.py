"""The classes of characters hold every character of theirs, wherever it stands in Unicode."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest

from comments_service.text import characters


@pytest.mark.parametrize(("inside", "category"), [(characters.MARKS, "M"), (characters.FORMAT, "Cf")])
def test_a_class_holds_its_categories_and_nothing_else(inside: str, category: str) -> None:
    of_class = set(re.findall(f"[{inside}]", "".join(map(chr, range(sys.maxunicode + 1)))))
    of_category = {
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character).startswith(category)
    }
    assert of_class == of_category
