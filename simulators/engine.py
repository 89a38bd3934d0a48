"""The loop that all connections live in, in one real thread, and its blocking face for those who do not await."""

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from protocols import contract
from simulators.connection import Connection
from simulators.endpoint import Endpoint
from simulators.history import History
from simulators.received import Answer, E, Received, Where

T = TypeVar("T")


class Engine:
    """An asyncio loop, uvloop's where there is one, in a thread of its own; times are taken in that thread.

    Under gevent, as in Locust, that thread is a real one, and only the greenlet waits that asks for a result.
    """

    def __init__(self) -> None:
        self._loop = _new_loop()
        self._stopped = _new_signal()
        self._closed = False
        _start_thread(self._run)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> "Job[T]":
        """Start a coroutine in the loop and go on."""
        if self._closed:
            coroutine.close()
            raise RuntimeError("the engine is closed")
        job = Job(coroutine)
        self._loop.call_soon_threadsafe(job.start)
        return job

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop, wait for it, and return its result or raise its error."""
        return self.spawn(coroutine).result()

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the loop, wait for it, and return its result or raise its error."""

        async def run() -> T:
            return function()

        return self.submit(run())

    def close(self) -> None:
        """Cancel what runs in the loop, which cuts the connections there, and end the thread; twice does no harm."""
        if not self._closed:
            self._closed = True
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._stopped.wait()

    def _run(self) -> None:
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.run_forever()
            self._loop.run_until_complete(_cancel_all())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            try:
                self._loop.close()
            finally:
                self._stopped.set()  # whatever happens to the loop, somebody waits for its end


class Job(Generic[T]):
    """A coroutine that an engine runs."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[T]
        self._done = _new_signal()

    def start(self) -> None:
        """Begin; only the engine calls this, in its loop."""
        self._task = asyncio.get_running_loop().create_task(self._coroutine)
        self._task.add_done_callback(self._end)

    def _end(self, task: "asyncio.Task[T]") -> None:
        if not task.cancelled():
            task.exception()  # is raised by `result`; where an interrupted caller never asks, it is nobody's
        self._done.set()

    def result(self) -> T:
        """Wait for the end, and return the result or raise the error."""
        self._done.wait()
        return self._task.result()


class SyncConnection:
    """A `Connection` whose methods block; the same names, the same errors. Made by `open`."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self._engine = engine
        self.connection = connection
        """The connection itself, for code that runs in the engine's loop."""

    @classmethod
    def open(
        cls,
        engine: Engine,
        endpoint: Endpoint,
        protocol: contract.Protocol,
        actor: str,
        history: History | None = None,
        *,
        patience_s: float = 5.0,
        on_event: Callable[[Received], None] | None = None,
    ) -> Self:
        """Connect as `Connection.open` does."""
        opening = Connection.open(endpoint, protocol, actor, history, patience_s=patience_s, on_event=on_event)
        return cls(engine, engine.submit(opening))

    @property
    def sid(self) -> str:
        """The id that the server gave to this connection in its namespace."""
        return self.connection.sid

    @property
    def closed(self) -> str | None:
        """Why the connection ended; None while it lives."""
        return self.connection.closed

    def emit(self, event: contract.Event) -> int:
        """Send an event and return when, in `time.monotonic_ns()`."""
        return self._engine.call(lambda: self.connection.emit(event))

    def emit_raw(self, name: str, *arguments: object) -> int:
        """Send any name with any JSON values and bytes."""
        return self._engine.call(lambda: self.connection.emit_raw(name, *arguments))

    def send_raw(self, data: str | bytes) -> None:
        """Send a text or binary WebSocket message, or the body of a POST, as it is."""
        self._engine.call(lambda: self.connection.send_raw(data))

    def answer(self, received: Received, *arguments: object) -> None:
        """Acknowledge an event that came with an id."""
        self._engine.call(lambda: self.connection.answer(received, *arguments))

    def call(self, event: contract.Event, *, within_s: float) -> Answer:
        """Send an event and return its ack."""
        return self._engine.submit(self.connection.call(event, within_s=within_s))

    def call_raw(self, name: str, *arguments: object, within_s: float) -> Answer:
        """Send any event and return its ack."""
        return self._engine.submit(self.connection.call_raw(name, *arguments, within_s=within_s))

    def expect(self, event_type: type[E], where: Where[E] = None, *, within_s: float) -> E:
        """Return the first event of this type that is meant, and consume it."""
        return self._engine.submit(self.connection.expect(event_type, where, within_s=within_s))

    def heard(self) -> list[Received]:
        """Return the events that came and were not consumed, oldest first."""
        return self._engine.call(self.connection.heard)

    def drain(self) -> list[Received]:
        """Consume and return them."""
        return self._engine.call(self.connection.drain)

    def fence(self, *, within_s: float) -> None:
        """Wait until everything that the target had sent before it read this has been heard."""
        self._engine.submit(self.connection.fence(within_s=within_s))

    def fall_silent(self) -> None:
        """Answer no more pings."""
        self._engine.call(self.connection.fall_silent)

    def abort(self) -> None:
        """Cut the TCP connection without a word."""
        self._engine.call(self.connection.abort)

    def close(self) -> None:
        """Leave the namespace and end the connection politely."""
        self._engine.submit(self.connection.close())

    def wait_closed(self, within_s: float) -> str:
        """Return why the connection ended; raises NotHeard if it lives on."""
        return self._engine.submit(self.connection.wait_closed(within_s))


class _Signal(Protocol):
    """What one thread sets and another waits for."""

    def set(self) -> None: ...
    def wait(self) -> object: ...


class _GreenletSignal:
    """A signal that the loop's thread may set while greenlets of this thread wait and others run on.

    gevent's own locks are not made for being released from another thread; its async watchers are.
    """

    def __init__(self) -> None:
        import gevent.event  # only where somebody uses gevent already

        self._event = gevent.event.Event()
        self._watcher = gevent.get_hub().loop.async_()
        self._watcher.start(self._event.set)

    def set(self) -> None:
        self._watcher.send()

    def wait(self) -> object:
        self._event.wait()
        self._watcher.close()
        return None


def _under_gevent() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def _new_signal() -> _Signal:
    return _GreenletSignal() if _under_gevent() else threading.Event()


def _start_thread(run: Callable[[], None]) -> None:
    if _under_gevent():
        sys.modules["gevent.monkey"].get_original("_thread", "start_new_thread")(run, ())
    else:
        threading.Thread(target=run, name="rehearsal-engine", daemon=True).start()


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # there is none on Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # transports that were cut say goodbye to the loop in its next turn
