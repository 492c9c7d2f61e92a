"""The demo's folder keeps its secrets to itself and remembers across runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from comments_service.demo.folder import Folder


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.open(tmp_path / "var" / "demo")


def test_nobody_else_reads_the_folder_or_what_is_in_it(folder: Folder) -> None:
    folder.remember_seeded()
    with folder.open_log() as log:
        log.write(b"a line\n")

    assert mode(folder.path) == 0o700
    assert {mode(path) for path in folder.path.iterdir()} == {0o600}


def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    Folder.open(tmp_path)

    assert mode(tmp_path) == 0o700


def test_every_folder_has_a_secret_of_its_own_and_keeps_it(folder: Folder, tmp_path: Path) -> None:
    secret = folder.key_file.read_bytes()

    assert len(secret) >= 32
    assert Folder.open(folder.path).key_file.read_bytes() == secret
    assert Folder.open(tmp_path / "other").key_file.read_bytes() != secret


def test_the_edition_is_the_first_run_s_for_ever(folder: Folder) -> None:
    edition = folder.edition

    assert Folder.open(folder.path).edition == edition
    folder.remember_seeded()
    assert folder.edition == edition


def test_a_folder_is_seeded_once_that_is_remembered(folder: Folder) -> None:
    assert not folder.is_seeded

    folder.remember_seeded()

    assert Folder.open(folder.path).is_seeded
