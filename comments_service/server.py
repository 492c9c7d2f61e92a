"""The server: granian's workers around the application, with the care they need."""

from __future__ import annotations

import ctypes
import gc
import importlib
import logging
import logging.config
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from .errors import Unavailable

TARGET = "comments_service:create_app"
# What the target imports when it is called. By name: this layer does not import the web's.
APPLICATION = "comments_service.web.app"
# Of a worker's threads, those that no request with a body may take: reads go on whatever bodies do.
THREADS_FOR_READS = 8
# Docker kills ten seconds after SIGTERM: requests in flight have nearly all of that.
KILL_SECONDS = 8
# granian counts connections, idle ones too: few would let idle readers keep others out.
CONNECTIONS = 1024
FILES = 4 * CONNECTIONS
# Of a request's line and headers together, about as much as nginx takes: more is 431 before any Python runs.
LARGEST_HEAD = 32 * 1024
HOUR = 3600.0
# A start is a busy moment: the first hourly work leaves it to the workers.
SETTLING_SECONDS = 60.0
# Between the end of a keeper that died and its successor.
KEEPER_SECONDS = 1.0
KEEPER_START_SECONDS = 10.0
# The allocator of granian's part in Rust, and that of C, keep freed memory for each thread or for each of
# eight arenas. Two workers take 25 MB less without that, and answer as fast.
JEMALLOC = ("_RJEM_MALLOC_CONF", "narenas:2,tcache_max:4096,dirty_decay_ms:1000,muzzy_decay_ms:0")
M_ARENA_MAX, ARENAS = -8, 2
# Objects made until the collector looks through the youngest, and how often until the next older ones.
COLLECT_AFTER = 20_000, 20, 20
# Who has got the turn to write waits at most so long for the interpreter; five times that is the usual.
SWITCH_SECONDS = 0.001
KEEP = "import sys; from comments_service.server import keep_house; keep_house(*sys.argv[1:])"
PR_SET_PDEATHSIG = 1

# By name: this layer does not import the web's. It holds in every process that serve starts.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "comments_service.web.request_log.JsonLines"}},
    "handlers": {"console": {"class": "comments_service.web.request_log.Stderr", "formatter": "lines"}},
    "loggers": {
        "_granian": {"handlers": ["console"], "propagate": False},
        # It tells of every single 429, which the request's own line does too.
        "flask-limiter": {"level": "WARNING"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}

log = logging.getLogger(__name__)


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 2,
    threads: int = 32,
    kill_seconds: int = KILL_SECONDS,
    target: str = TARGET,
    hourly: Callable[[], None] | None = None,
    counts: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight then have `kill_seconds` to finish.

    `target` is `module:factory` of the application, made once in each worker. `hourly` is run after
    SETTLING_SECONDS and then every hour, in a process of its own; it must be a function of a module. With
    `counts` the workers share what they count. Raises Unavailable when the address is taken, and exits with
    status 1 when workers keep dying.
    """
    spare_memory()  # before granian is loaded
    allow_connections()
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import Server

    if threads <= THREADS_FOR_READS:
        raise ValueError(f"threads must be more than {THREADS_FOR_READS}")
    server = Server(
        target,
        address=free_address(host, port),
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=LARGEST_HEAD),
        websockets=False,
        workers=workers,
        blocking_threads=threads,
        backlog=CONNECTIONS * workers,
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        workers_kill_timeout=kill_seconds,
        log_level=LogLevels.error,
        log_dictconfig=LOGGING,
        log_access=False,
    )
    if hourly is not None:
        keeper = Keeper(hourly)
        server.on_startup(keeper.start)
        server.on_shutdown(keeper.stop)
    if target == TARGET:
        preload()
    with shared_folder() if counts else nullcontext() as folder:
        loader = partial(load, target, parent=os.getpid(), threads=threads, counts=folder)
        server.serve(target_loader=loader, wrap_loader=False)


@contextmanager
def shared_folder() -> Iterator[str | None]:
    """A folder for what workers count, as long as they serve; None where there is no room for one."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="comments-", ignore_cleanup_errors=True)
    except OSError as error:
        log.warning("Workers cannot share what they count: %s", error.strerror)
        yield None
        return
    with folder as name:
        yield name


def allow_connections() -> None:
    """Let each worker open as many files as all its connections need, if it may.

    1,024 is usual: with that, connections and files run out together, and granian asks again without pause.
    """
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def spare_memory() -> None:
    """Keep what many threads free in few places; for this process and those it starts."""
    os.environ.setdefault(*JEMALLOC)
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_ARENA_MAX, ARENAS)


def preload() -> None:
    """Import the application before workers are forked: they share what it takes, and start in half the time.

    Where workers are not forked it only costs the main process a moment.
    """
    importlib.import_module(APPLICATION)
    # What the collector never visits stays shared.
    gc.collect()
    gc.freeze()


def collect_seldom() -> None:
    """Never visit the application again in search of garbage, and visit the requests' less often.

    A post leaves nearly all it makes to the count of references; the search took a twentieth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def free_address(host: str, port: int) -> str:
    """The numeric address to listen on; raises Unavailable when it is taken or is none of this machine's.

    granian listens with SO_REUSEPORT, so a second server of the same user would silently share the port.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # Connections that are still closing do not count; a listener does.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # It does not listen: whoever connected in that moment would be let in, and then cut off.
            probe.bind(address)
    except OSError as error:
        raise Unavailable(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from error
    return str(address[0])


def load(target: str, *, parent: int, threads: int, counts: str | None = None) -> Any:
    """In a worker: tie it to its parent, make the application, and tell it what it has to know of the server:
    its gate how many threads there are, its metrics the folder where workers share their `counts`.
    """
    die_with(parent)
    # Until granian sets its own, a forked worker has the handler of its parent, which only takes a note:
    # SIGTERM would wait for the kill timeout.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Ctrl-C reaches everybody at the terminal, and then the parent sends SIGTERM. granian's handler waits for
    # ever when a second signal interrupts what it does about the first.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    module, _, factory = target.partition(":")
    app = getattr(importlib.import_module(module), factory)()
    collect_seldom()
    sys.setswitchinterval(SWITCH_SECONDS)
    gate = getattr(app, "extensions", {}).get("comments_gate")
    if gate is not None:
        gate.admit(threads - THREADS_FOR_READS)
    metrics = getattr(app, "extensions", {}).get("comments_metrics")
    if metrics is not None and counts is not None:
        metrics.share(counts)
    return app


def die_with(parent: int) -> None:
    """Have the kernel kill this process when `parent` dies: an orphan would keep the port."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # It may have died before the kernel was asked.
    if os.getppid() != parent:
        os._exit(1)


class Keeper:
    """One process beside the workers that runs `work` every hour, and is started again if it dies.

    Not a fork: that would inherit the pipes by which granian sees its workers end, and hold up its shutdown.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        named = f"{work.__module__}:{work.__name__}"
        self._words = [sys.executable, "-c", KEEP, named, str(os.getpid()), str(SETTLING_SECONDS)]
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._started = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        # The kernel ties the child to the thread that made it: this one waits for as long as the child lives.
        self._thread = threading.Thread(target=self._keep, daemon=True, name="keeper")

    def start(self) -> None:
        """Start the process, and return once it runs.

        A worker forked meanwhile would inherit the pipe on which the thread waits for it, and keep it there.
        """
        self._thread.start()
        self._started.wait(KEEPER_START_SECONDS)

    def stop(self) -> None:
        """End the process; what it was doing is a transaction that simply does not happen."""
        with self._lock:
            self._stopping.set()
            if self._process is not None:
                self._process.terminate()
        self._thread.join(timeout=1)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                if self._stopping.is_set():
                    return
                self._process = self._begun()
            self._started.set()
            if self._process is None:
                self._stopping.wait(KEEPER_SECONDS)
                continue
            code = self._process.wait()
            if not self._stopping.wait(KEEPER_SECONDS):
                log.warning("The process of the hourly work ended (%d) and is started again.", code)

    def _begun(self) -> subprocess.Popen[bytes] | None:
        try:
            return subprocess.Popen(self._words)  # noqa: S603 - our own words only
        except OSError as error:  # no memory, or no file that could be opened
            log.error("The process of the hourly work cannot be started: %s.", error.strerror or error)
            return None


def keep_house(work: str, parent: str, settling: str) -> None:
    """In the keeper's process: run `module:function` after `settling` seconds and then every hour, until
    `parent` dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(int(parent))
    pause = threading.Event()
    pause.wait(float(settling))  # before anything that takes long to import
    logging.config.dictConfig(LOGGING)
    module, _, name = work.partition(":")
    while True:
        try:
            getattr(importlib.import_module(module), name)()
        except Exception:
            log.exception("The hourly work failed; it is tried again in an hour.")
        pause.wait(HOUR)
