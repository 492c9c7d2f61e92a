"""Connections to Redis that are made within `socket_connect_timeout`, however many addresses its name has."""

from __future__ import annotations

from collections.abc import Callable
from socket import socket

from redis import Connection, SSLConnection, UnixDomainSocketConnection

from .connecting import in_time, keep_known


class InTime(Connection):
    """Raises TimeoutError when it is not connected in time; redis-py says then that Redis timed out.

    Once made, it is kept known to what stands between.
    """

    def _connect(self) -> socket:
        connect: Callable[[], socket] = super()._connect
        made = in_time(connect, self.socket_connect_timeout)
        keep_known(made)
        return made


class InTimeByTLS(InTime, SSLConnection):
    """The same, the handshake included."""


# By the scheme of an address; a socket in the file system has no name to look up.
CLASSES = {"redis": InTime, "rediss": InTimeByTLS, "redis+unix": UnixDomainSocketConnection}
