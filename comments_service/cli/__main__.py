"""`python -m comments_service.cli`: the same as `comments-service`."""

from __future__ import annotations

from . import main

main()
