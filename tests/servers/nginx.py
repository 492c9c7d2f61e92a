"""A private nginx in the foreground, with a configuration of the test's own."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.servers.ports import answers, free_port
from tests.servers.private import Server, private_folder

# Every path that nginx was compiled with lies in /var and belongs to the machine's own nginx.
AROUND = """\
worker_processes 1;
events {{ worker_connections 512; }}
http {{
{inside}
}}
"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
# How it runs is decided here, so a configuration for production can be given as it is.
OURS = re.compile(r"^\s*(?:user|pid|daemon)\s[^;{]*;", re.MULTILINE)


class Nginx:
    """A running nginx. In the text, @PORT@ is the port it gets and @PREFIX@ its private folder.

    The text is either a whole configuration (it has an `http { }` of its own) or what stands inside one.
    """

    def __init__(self, program: Path, text: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = private_folder("nginx")
        config = self.folder / "nginx.conf"
        config.write_text(self.whole(text))
        config.chmod(0o644)
        errors = self.folder / "error.log"
        words = ["-p", self.folder, "-c", config, "-e", errors, "-g", self.globally(errors)]
        self.server = Server([program, *words], self.folder)
        self.server.wait_until(lambda: answers(self.port))

    def whole(self, text: str) -> str:
        has_http = re.search(r"^\s*http\s*\{", text, re.MULTILINE)
        text = text if has_http else AROUND.format(inside=text)
        settings = [f"{name}_temp_path {self.folder}/{name};" for name in TEMPORARY]
        settings += [] if "access_log" in text else ["access_log off;"]
        first = "\n    ".join(["", *settings])
        text = re.sub(r"^(\s*http\s*\{)", rf"\1{first}", OURS.sub("", text), count=1, flags=re.MULTILINE)
        return text.replace("@PORT@", str(self.port)).replace("@PREFIX@", str(self.folder))

    def globally(self, errors: Path) -> str:
        return f"daemon off; pid {self.folder}/nginx.pid; error_log {errors} warn;"

    @property
    def errors(self) -> str:
        """What it wrote to its error log so far."""
        path = self.folder / "error.log"
        return path.read_text("utf-8", "replace") if os.path.exists(path) else ""

    def stop(self) -> None:
        self.server.stop()
