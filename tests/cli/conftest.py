"""Command lines in front of a database: migrated once for each module, or one that was never made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Shell
from tests.databases import migrate


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A migrated database that the module's tests share; each uses names of its own."""
    folder = tmp_path_factory.mktemp("cli")
    url = f"sqlite:///{folder / 'comments.db'}"
    migrate(url)
    return Shell(folder, url)


@pytest.fixture
def nothing(tmp_path: Path) -> Shell:
    """A folder without a database."""
    return Shell(tmp_path, f"sqlite:///{tmp_path / 'var' / 'comments.db'}")
