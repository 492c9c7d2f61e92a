"""The languages of the pages: complete, told by their counts, and spoken on every page of a site."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from comments_service.errors import FieldError
from comments_service.models.policy import LANGUAGES
from comments_service.web.pages import words
from comments_service.web.problem_types import FIELD_CODES, PROBLEM_TYPES
from comments_service.web.schemas.readers import SORTS
from tests.web.pages.conftest import Pages, visible

TEMPLATES = Path(words.__file__).parent / "templates" / "pages"
FORMS = ("zero", "one", "two", "few", "many")
OTHERS = LANGUAGES[1:]


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """SQLite alone: tests/reading and test_writing.py ask both databases the same."""
    return sqlite_url


def said(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((words.OWN / f"{language}.json").read_text(encoding="utf-8"))
    return found


def sentences(language: str) -> dict[str, str]:
    """The keys without their forms of number and without problems, which English leaves to the service."""
    counted = re.compile(rf"_({'|'.join(FORMS)})$")
    return {k: v for k, v in said(language).items() if not k.startswith("error_") and not counted.search(k)}


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_says_all_that_english_says(language: str) -> None:
    english, there = sentences("en"), sentences(language)
    assert there.keys() == english.keys()
    for key, sentence in there.items():
        assert set(re.findall(r"\{\w+\}", sentence)) == set(re.findall(r"\{\w+\}", english[key])), key
    assert len(there["months"].split()) == 12


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_the_same_problems_which_all_exist(language: str) -> None:
    problems = {key for key in said(language) if key.startswith("error_")}
    assert problems == {key for key in said("de") if key.startswith("error_")}
    codes = {one.code for one in PROBLEM_TYPES} | set(FIELD_CODES)
    for key in problems:
        assert any(key == f"error_{code}" or key.endswith(f"_{code}") for code in codes), key


def test_every_word_that_a_page_asks_for_is_there_and_none_is_idle() -> None:
    paths = [*TEMPLATES.glob("*.html"), *TEMPLATES.parents[1].glob("*.py")]
    pages = "".join(path.read_text(encoding="utf-8") for path in paths)
    asked = set(re.findall(r'(?:say|marked)\("(\w+[a-z])"', pages)) | set(SORTS)
    known = sentences("en").keys() | shared()
    assert asked <= known
    begun = tuple(re.findall(r'say\(f?"(\w+_)[{"]', pages))
    quoted = set(re.findall(r'"(\w+)"', pages)) | set(SORTS)
    assert {key for key in sentences("en") if key not in quoted and not key.startswith(begun)} == set()


def test_what_the_widget_says_stands_in_its_files_alone() -> None:
    assert said("en").keys() & shared() == set()
    for language in OTHERS:
        assert said(language).keys() & json.loads(_widgets(language)).keys() == set()


def shared() -> set[str]:
    """What the widget's own file says."""
    return set(json.loads(_widgets("en")))


def _widgets(language: str) -> str:
    return (words.WIDGET / f"{language}.json").read_text(encoding="utf-8")


def test_counts_are_told_in_the_form_they_ask_for() -> None:
    wanted = {
        ("en", 1): "1 point",
        ("en", -1): "−1 point",
        ("en", 1234): "1,234 points",
        ("fr", 0): "0 point",
        ("uk", 21): "21 бал",
        ("uk", 3): "3 бали",
        ("uk", 12): "12 балів",
        ("ar", 2): "نقطتان",
        ("ar", 3): "٣ نقاط",
        ("ar", 11): "١١ نقطة",
        ("ar", 100): "١٠٠ نقطة",
    }
    assert {(language, n): words.of(language).say("points", n=n) for language, n in wanted} == wanted


def test_a_problem_is_said_in_the_language_and_as_the_service_says_it_where_none_is_known() -> None:
    german = words.of("de")
    assert german.of_field(FieldError("body", "required", "Write something first.")).startswith("Bitte")
    assert german.of_field(FieldError("email", "too_long", "Too long.")) == "Das ist zu lang."
    assert german.of_field(FieldError("slug", "odd", "Odd.")) == "Odd."
    assert words.of("en").of_field(FieldError("body", "required", "Write it.")) == "Write it."


@pytest.mark.parametrize(
    ("language", "empty", "leave"),
    [("de", "Noch keine Kommentare", "Kommentar schreiben"), ("ar", "لا تعليقات بعد", "اكتب تعليقًا")],
)
def test_a_sites_pages_speak_its_language(pages: Pages, language: str, empty: str, leave: str) -> None:
    pages.service.set_policy(language=language)
    text = pages.text(slug="tarn")
    direction = ' dir="rtl"' if language == "ar" else ""
    assert f'<html lang="{language}"{direction}>' in text
    assert empty in text
    assert leave in text
    refused = pages.post(body="")
    assert said(language)["error_body_required"] in visible(refused.text)
    assert said(language)["title_404"] in pages.get("/comments/99").text
    comment, token = pages.posted()
    for path in (f"/comments/{comment}/report", f"/comments/{comment}/notice", f"/comments/{comment}"):
        assert f'<html lang="{language}"' in pages.text(path)
    own = pages.text(f"/comments/{comment}/own", edit_token=token)
    assert said(language)["is_published"] in own
    assert "UTC" in own
