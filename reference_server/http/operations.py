"""How the server is: /health, /ready and /metrics."""

import asyncio
import importlib.metadata
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from aiohttp import web

from protocols.contract import Json
from reference_server.http.refusal import json_response
from reference_server.meter import Meter
from reference_server.mode import Mode
from reference_server.namespace import ProtocolNamespace
from reference_server.rules.space_commands import Census

MOUNT_POINT = "/"
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Uptime:
    """Since when the server has been running."""

    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    _since_s: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._since_s


class Operations:
    """Answers what those who operate the server ask."""

    def __init__(
        self,
        *,
        mode: Mode,
        namespaces: Sequence[ProtocolNamespace],
        dependencies: Mapping[str, Callable[[], Awaitable[bool]]],
        meter: Meter,
    ) -> None:
        """Take what is to be told of; `dependencies` by name, each says whether it answers."""
        self._mode, self._namespaces, self._meter = mode, namespaces, meter
        self._dependencies = dependencies
        self._space = next((space for space in namespaces if space.protocol.name == "space"), None)
        self._uptime = Uptime()
        meter.gauge(self._gauges)

    def routes(self) -> list[web.RouteDef]:
        """List what is served where."""
        return [
            web.get("/health", self.health, name="health"),
            web.get("/ready", self.ready, name="ready"),
            web.get("/metrics", self.metrics, name="metrics"),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        """200 while the process is up. `uptime` in seconds, `timestamp` in ms since the epoch."""
        return json_response(
            {
                "status": "ok",
                "uptime": round(self._uptime.seconds, 3),
                "timestamp": _now_ms(),
                "environment": self._mode.value,
                "connections": self._connections(),
                **{name: value for namespace in self._namespaces for name, value in namespace.health().items()},
            }
        )

    async def ready(self, _request: web.Request) -> web.Response:
        """200 when everything the server needs answers, 503 naming what does not: `dependencies` by name."""
        answering = await asyncio.gather(*(answers() for answers in self._dependencies.values()))
        dependencies: dict[str, Json] = {
            name: "ok" if answers else "no answer" for name, answers in zip(self._dependencies, answering, strict=True)
        }
        failing = [name for name, state in dependencies.items() if state != "ok"]
        status = "ok" if not failing else "unavailable"
        answer: dict[str, Json] = {"status": status, "timestamp": _now_ms(), "dependencies": dependencies}
        return json_response({**answer, "failing": failing} if failing else answer, 503 if failing else 200)

    async def metrics(self, request: web.Request) -> web.Response:
        """JSON as the contract has it; Prometheus' text where the client would rather have that."""
        if _prefers_text(request.headers.get("Accept", "")):
            return web.Response(
                body=self._meter.text(), headers={"Content-Type": _PROMETHEUS, "Cache-Control": "no-store"}
            )
        census = self._census()
        rooms = cast("Sequence[Mapping[str, Json]]", census["rooms"])
        return json_response(
            {
                "server": "socket.io",
                "version": importlib.metadata.version("socketio-rehearsal"),
                "timestamp": _now_ms(),
                "uptime": _uptime(self._uptime),
                "connections": {"total": self._connections(), "rooms": rooms, "roomCount": len(rooms)},
                "parties": {"count": census["parties"]},
                "process": {"memory": _memory()},
                "storage": _storage(),
            }
        )

    def _connections(self) -> int:
        return sum(len(namespace.sessions) for namespace in self._namespaces)

    def _census(self) -> Mapping[str, Json]:
        reply = self._space.command(Census()) if self._space is not None else None
        return reply.value if reply is not None else {"rooms": [], "parties": 0}

    def _gauges(self) -> dict[str, float]:
        census = self._census()
        return {
            "connections": self._connections(),
            "rooms": len(cast("Sequence[Json]", census["rooms"])),
            "parties": cast("int", census["parties"]),
            "uptime_seconds": self._uptime.seconds,
        }


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _uptime(uptime: Uptime) -> dict[str, Json]:
    seconds = int(uptime.seconds)
    days, rest = divmod(seconds, 86_400)
    formatted = f"{days}d {rest // 3600}h {rest % 3600 // 60}m {rest % 60}s"
    start = uptime.since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"seconds": seconds, "formatted": formatted, "startTime": start}


def _memory() -> dict[str, Json]:
    """Megabytes. Python has no heap of its own size: used heap is what is resident and backed by no file."""
    sizes = {"VmRSS": 0, "RssAnon": 0}  # kB
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in sizes:
            sizes[name] = int(value.split()[0])
    return {"rssMB": round(sizes["VmRSS"] / 1024, 1), "heapUsedMB": round(sizes["RssAnon"] / 1024, 1)}


def _storage() -> dict[str, Json]:
    """Gigabytes (2^30 bytes); the percentage as `df` has it, of what is not reserved."""
    usage = shutil.disk_usage(MOUNT_POINT)
    of = usage.used + usage.free
    return {
        "totalGB": round(usage.total / 2**30, 2),
        "usedGB": round(usage.used / 2**30, 2),
        "availableGB": round(usage.free / 2**30, 2),
        "usedPercent": round(100 * usage.used / of) if of else 0,
        "mountPoint": MOUNT_POINT,
    }


def _prefers_text(accept: str) -> bool:
    """Whether `Accept` names text/plain, with more weight than JSON, or with as much and before it."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights.setdefault(kind, _weight(parameters))
    text, json = weights.get("text/plain", 0.0), weights.get("application/json", 0.0)
    if text == json:
        kinds = list(weights)
        return text > 0 and kinds.index("text/plain") < kinds.index("application/json")
    return text > json


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
