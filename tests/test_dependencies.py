"""What others wrote and we run: locked by hash, installed as locked, under licences that fit ours."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NODE = json.loads((ROOT / "widget" / "package-lock.json").read_text("utf-8"))["packages"]

# They ask for nothing but to be named; MPL-2.0 keeps its own files under itself, and ours out of it.
ALLOWED = {"MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "ISC", "0BSD", "MPL-2.0"}
# The name under which older packages say the same.
SPELT = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
}
# Loaded where an operator asks for its extra, unchanged and replaceable, which is what its licence wants.
EXCEPTIONS = dict.fromkeys(("psycopg", "psycopg-binary", "psycopg-pool"), "LGPL-3.0-only")


def installed() -> dict[str, Distribution]:
    return {canonicalize_name(found.metadata["Name"]): found for found in distributions()}


def locked(lock: str) -> Iterator[tuple[str, str]]:
    """(name, version) of what a lock file installs here."""
    text = (ROOT / "requirements" / lock).read_text("utf-8")
    for name, version, marker in re.findall(
        r"^([a-z0-9][\w.-]*)==([^\s;]+)(?: ; ([^\\\n]+))?", text, re.MULTILINE
    ):
        if not marker or Marker(marker.strip()).evaluate():
            yield canonicalize_name(name), version


def licences(found: Distribution) -> set[str]:
    """The licences under which a package says it may be used; of alternatives, those that we know."""
    said = _first(found, "License-Expression")
    if said is None:
        kinds = found.metadata.get_all("Classifier") or []
        named = [kind.rpartition(" :: ")[2] for kind in kinds if kind.startswith("License ::")]
        short = (_first(found, "License") or "").strip()
        said = " AND ".join(SPELT.get(name, name) for name in named if name != "OSI Approved") or short
    chosen = [part for part in re.split(r"\s+OR\s+", said.strip("()")) if part in ALLOWED]
    return {SPELT.get(one, one) for one in re.split(r"\s+AND\s+", chosen[0] if chosen else said)}


def test_every_package_has_a_licence_that_fits_ours() -> None:
    here = installed()
    names = [name for name, _ in locked("dev.txt")]
    assert len(names) > 50
    unfit = {name: found for name in names if not (found := licences(here[name])) <= ALLOWED}
    assert unfit == {name: {licence} for name, licence in EXCEPTIONS.items()}


def test_what_is_installed_is_what_is_locked() -> None:
    here = {name: found.version for name, found in installed().items()}
    assert [(name, version) for name, version in locked("dev.txt") if here.get(name) != version] == []


def test_every_dependency_is_bounded_above_and_locked_within_its_bounds() -> None:
    pins = dict(locked("dev.txt"))
    project = PROJECT["project"]
    extras = [words for extra in project["optional-dependencies"].values() for words in extra]
    for words in (*project["dependencies"], *extras, *_group("dev")):
        wanted = Requirement(words)
        assert any(bound.operator in ("<", "==", "~=") for bound in wanted.specifier), words
        assert wanted.specifier.contains(pins[canonicalize_name(wanted.name)], prereleases=True), words


def test_what_serves_needs_none_of_the_tools() -> None:
    tools = {canonicalize_name(Requirement(words).name) for words in _group("dev")}
    assert {name for name, _ in locked("run.txt")} & tools == set()


def test_the_widgets_tools_are_locked_by_hash_and_may_be_used() -> None:
    packages = {name: entry for name, entry in NODE.items() if name}
    assert packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert entry["license"] in ALLOWED, name
        # What readers load is ours alone.
        assert entry.get("dev"), name


def _first(found: Distribution, name: str) -> str | None:
    return next(iter(found.metadata.get_all(name) or ()), None)


def _group(name: str) -> list[str]:
    return [words for words in PROJECT["dependency-groups"][name] if isinstance(words, str)]
