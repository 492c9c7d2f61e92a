"""nginx as a yardstick (static files of the same bytes) and in front of the service, as it is shipped."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

from tests.servers import shipped_nginx
from tests.servers.nginx import Nginx

from .servers import cpu_of

STATIC = """\
    sendfile on;
    tcp_nopush on;
    gzip_static on;
    access_log off;
    open_file_cache max=100;
    keepalive_requests 1000000;
    types { application/json json; }
    server {
        listen 127.0.0.1:@PORT@;
        root @PREFIX@/www;
    }
"""
WHOLE = """\
worker_processes 2;
pcre_jit on;
events { worker_connections 1024; }
http {
%s
}
"""


class Front:
    """A running nginx with two workers."""

    def __init__(self, program: Path, inside: str) -> None:
        self.nginx = Nginx(program, WHOLE % inside)
        self.port, self.url = self.nginx.port, self.nginx.url

    def cpu(self) -> float:
        """Seconds of CPU that it took so far."""
        return cpu_of(self.nginx.server.process.pid)

    def stop(self) -> None:
        """End it."""
        self.nginx.stop()


def static(program: Path, files: Mapping[str, tuple[bytes, bytes]]) -> Front:
    """nginx serving these files: their bytes, and their bytes gzipped as the service does it."""
    front = Front(program, STATIC)
    folder = front.nginx.folder / "www"
    folder.mkdir()
    for name, (plain, packed) in files.items():
        assert gzip.decompress(packed) == plain
        (folder / name).write_bytes(plain)
        (folder / f"{name}.gz").write_bytes(packed)
    return front


def shipped(program: Path, port: int) -> Front:
    """nginx as it is shipped in front of the service; only its limit does not fit a single client."""
    text = shipped_nginx.configuration([port])
    return Front(program, shipped_nginx.replaced(text, "rate=50r/s", "rate=1000000r/s"))
