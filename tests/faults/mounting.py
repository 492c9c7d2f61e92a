"""Mounts that only one service's processes see."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.servers import programs

# In a name space of its own a mount needs no root, and ends with the last process in it.
NAMESPACES = ("-rm", "-m")


def mounting_shell(folder: Path) -> list[str]:
    """The words that run a shell's command where it may mount; without any, the test is skipped."""
    unshare = programs.need("mounts")
    for flags in NAMESPACES:
        words = [str(unshare), flags, "sh", "-c"]
        tried = subprocess.run(
            [*words, 'mount -t tmpfs -o size=64k tried "$1"', "sh", str(folder)],
            capture_output=True,
            check=False,
            timeout=10,
        )
        if tried.returncode == 0:
            return words
    # Not even where everything is required: what the system forbids no installation brings.
    pytest.skip(programs.NEEDED["mounts"].missing)
