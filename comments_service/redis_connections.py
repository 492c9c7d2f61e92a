"""Connections to Redis whose name is found in time, and which what stands between does not forget."""

from __future__ import annotations

import socket
from collections.abc import Callable

from redis import Connection, SSLConnection, UnixDomainSocketConnection

from .connecting import keep_known, named

# Where an address says that connecting may take as long as it likes.
NAME_SECONDS = 2.0


class ByName(Connection):
    """Finds its name in `socket_connect_timeout` seconds, by which redis-py bounds each address alone."""

    def _connect(self) -> socket.socket:
        name = self.host
        connect: Callable[[], socket.socket] = super()._connect
        problem: OSError | None = None
        for address in named(name).addresses(self.socket_connect_timeout or NAME_SECONDS):
            self.host = address
            try:
                line: socket.socket = connect()
                keep_known(line)
                return line
            except OSError as error:
                problem = error
            finally:
                # TLS asks whether the server may bear it.
                self.host = name
        raise problem or OSError(f"{name} has no address.")


class ByNameAndTLS(SSLConnection, ByName):
    """The same for rediss://."""


# By the scheme of an address; a socket in the file system has no name.
CLASSES = {"redis": ByName, "rediss": ByNameAndTLS, "redis+unix": UnixDomainSocketConnection}
