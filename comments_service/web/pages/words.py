"""The words of the pages without script, and of the fragment, in a site's language.

They stand in `languages/`, a flat file for each language; what the widget says as well stands in its own
files, built into `static/languages/`.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import cast

from flask import g
from markupsafe import Markup, escape

from ...errors import FieldError, ServiceError
from ...models.policy import LANGUAGES

OWN = Path(__file__).parent / "languages"
WIDGET = Path(__file__).parents[2] / "static" / "languages"
ENGLISH = LANGUAGES[0]
RIGHT_TO_LEFT = ("ar",)


class Words:
    """One language: its tag, its direction (`ltr` or `rtl`), and what it says; what it lacks is English."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        self._said = _read(ENGLISH) | _read(language)
        digits = self._said["digits"]
        self._digits = str.maketrans("0123456789", digits) if digits else {}

    def say(self, key: str, **places: str | int) -> str:
        """A sentence with its {places} filled; with a number `n`, in the form that n asks for."""
        n = places.get("n")
        if isinstance(n, int):
            key = next(k for k in (f"{key}_{plural(self.language, abs(n))}", key) if k in self._said)
        shown = {name: self.number(v) if isinstance(v, int) else v for name, v in places.items()}
        return self._said[key].format_map(shown)

    def marked(self, key: str, **places: str) -> Markup:
        """As `say`, for sentences whose places are HTML."""
        return Markup(escape(self._said[key])).format_map(places)  # noqa: S704 (the sentence is escaped)

    def number(self, value: int) -> str:
        """A whole number with the language's digits and groups of three."""
        grouped = f"{value:,}".replace("-", "\u2212").replace(",", self._said["thousands"])
        return grouped.translate(self._digits)

    def when(self, rfc3339: str) -> str:
        """A time in words. Without script nobody knows the reader's zone, so it says its own."""
        moment = datetime.fromisoformat(rfc3339)
        month = self._said["months"].split()[moment.month - 1]
        places = {"day": moment.day, "month": month, "year": moment.year, "time": f"{moment:%H:%M}"}
        return self._said["moment"].format_map(places).translate(self._digits)

    def of_field(self, error: FieldError) -> str:
        """What is wrong with a field; in English as the service itself says it."""
        return self._of(error.message, f"{error.field}_{error.code}", error.code)

    def of_error(self, error: ServiceError) -> str:
        """What went wrong; in English as the service itself says it."""
        return self._of(error.message, error.code)

    def _of(self, message: str, *codes: str) -> str:
        return next((self._said[key] for code in codes if (key := f"error_{code}") in self._said), message)


def speak(language: str) -> None:
    """Speak this language for the rest of the request."""
    g.comments_words = of(language)


def spoken() -> Words:
    """The words of this request: its site's, or English while no site is known."""
    return cast(Words, g.get("comments_words") or of(ENGLISH))


@cache
def of(language: str) -> Words:
    """The words of one of the languages."""
    return Words(language)


def plural(language: str, n: int) -> str:
    """The form that a count asks for, as Unicode's CLDR names it: one, two, few, many, other, zero."""
    if language == "ar":
        if n < 3:
            return ("zero", "one", "two")[n]
        return "few" if 3 <= n % 100 <= 10 else "many" if n % 100 >= 11 else "other"
    if language == "uk":
        if n % 10 == 1 and n % 100 != 11:
            return "one"
        return "few" if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else "many"
    return "one" if n == 1 or (language == "fr" and n == 0) else "other"


def _read(language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in (WIDGET, OWN):
        found |= json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
    return found
