"""Load from one process: wrk when it is here, else a client of our own on asyncio."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlsplit

CONNECTIONS = 32
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
WRK = shutil.which("wrk")


@dataclass(frozen=True)
class Load:
    """What one round brought: answers per second, the latencies, and CPU seconds of the server an answer."""

    rate: float
    p50: float
    p99: float
    cpu: float


def drive(
    url: str,
    headers: Mapping[str, str],
    seconds: float,
    cpu: Callable[[], float],
    connections: int = CONNECTIONS,
) -> Load:
    """Ask for `url` without pause for so long. Raises RuntimeError when any answer is neither 2xx nor 304."""
    before, started = cpu(), time.perf_counter()
    run = _by_wrk if WRK else _by_ourselves
    answers, p50, p99 = run(url, headers, seconds, connections)
    lasted = time.perf_counter() - started
    # wrk's own start and end are a few milliseconds.
    return Load(answers / min(lasted, seconds * 1.05), p50, p99, (cpu() - before) / max(answers, 1))


def generator() -> str:
    """What makes the load."""
    return "wrk" if WRK else "asyncio client"


def _by_wrk(
    url: str, headers: Mapping[str, str], seconds: float, connections: int
) -> tuple[int, float, float]:
    assert WRK is not None
    words = [WRK, "--latency", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
    words += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    done = subprocess.run([*words, url], capture_output=True, text=True, check=True, timeout=seconds + 30)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"{url}: {done.stdout}")
    answers = re.search(r"(\d+) requests in", done.stdout)
    assert answers is not None, done.stdout
    return int(answers[1]), _percentile(done.stdout, 50), _percentile(done.stdout, 99)


def _percentile(text: str, percent: int) -> float:
    found = re.search(rf"^\s*{percent}%\s+([\d.]+)(us|ms|s|m)\s*$", text, re.MULTILINE)
    assert found is not None, text
    return float(found[1]) * UNITS[found[2]]


def _by_ourselves(
    url: str, headers: Mapping[str, str], seconds: float, connections: int
) -> tuple[int, float, float]:
    return asyncio.run(_ask(url, headers, seconds, connections))


async def _ask(
    url: str, headers: Mapping[str, str], seconds: float, connections: int
) -> tuple[int, float, float]:
    parts = urlsplit(url)
    lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    request, until = ("\r\n".join(lines) + "\r\n\r\n").encode(), time.perf_counter() + seconds
    asking = [_ask_on(str(parts.hostname), int(parts.port or 80), request, until) for _ in range(connections)]
    times = sorted(chain.from_iterable(await asyncio.gather(*asking)))
    return len(times), times[len(times) // 2], times[len(times) * 99 // 100]


async def _ask_on(host: str, port: int, request: bytes, until: float) -> list[float]:
    reader, writer = await asyncio.open_connection(host, port)
    times = []
    while (started := time.perf_counter()) < until:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if head[9:12] not in (b"200", b"304"):
            raise RuntimeError(head.decode("latin-1"))
        length = re.search(rb"content-length: (\d+)", head)
        if length is not None and head[9:12] == b"200":
            await reader.readexactly(int(length[1]))
        times.append(time.perf_counter() - started)
    writer.close()
    await writer.wait_closed()
    return times
