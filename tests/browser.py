"""A real browser that shows one page, spoken to by the protocol of its developer tools."""

import asyncio
import base64
import contextlib
import os
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp

BROWSER: Final = Path("/usr/bin/chromium")
WITHIN_S: Final = 60.0
_OPTIONS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)

_FAINT: Final = """
  (() => {
    const light = (colour) => {
      const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = (one) => {
      for (; one; one = one.parentElement) {
        const colour = getComputedStyle(one).backgroundColor;
        if (!colour.endsWith(", 0)")) return colour;
      }
    };
    const faint = [];
    for (const one of document.querySelectorAll("body *:not(svg *, script)")) {
      if (![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
      const [a, b] = [light(getComputedStyle(one).color), light(paper(one))].sort((x, y) => y - x);
      if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(one.className + ": " + one.textContent.trim().slice(0, 40));
    }
    return faint;
  })()
"""


class Tab:
    """One page, and all that it did: the requests it made, and what it complained of."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = Counter[str]()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Event()

    async def listen(self) -> None:
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said.get("result") or said)
                continue
            match said["method"]:
                case "Network.requestWillBeSent":
                    self.requests.append(said["params"]["request"]["url"])
                case (
                    "Runtime.consoleAPICalled"
                    | "Runtime.exceptionThrown"
                    | "Log.entryAdded"
                    | "Page.javascriptDialogOpening"
                ):
                    self.complaints.append(str(said["params"]))
                case "Page.loadEventFired":
                    self._loaded.set()

    async def call(self, method: str, **params: object) -> Any:
        self._numbers["call"] += 1
        number = self._numbers["call"]
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        return await asyncio.wait_for(answer, WITHIN_S)

    async def open(self, page: Path, fragment: str = "") -> None:
        """Show a page, and wait until it has loaded."""
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=page.as_uri() + fragment)
        await asyncio.wait_for(self._loaded.wait(), WITHIN_S)

    async def value(self, expression: str) -> Any:
        """Return what a JavaScript expression is, once it is."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def complained(self) -> None:
        """Wait for the first complaint, which may come a little after its cause."""
        async with asyncio.timeout(WITHIN_S):
            while not self.complaints:
                await self.value("new Promise(requestAnimationFrame)")

    async def prefer(self, scheme: str) -> None:
        """Let the system be light or dark."""
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def resize(self, width: int, height: int) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    async def faint(self) -> list[str]:
        """Return what cannot be read well, since its colour is too near that of what it stands on."""
        return [str(one) for one in await self.value(_FAINT)]

    async def width_needed(self, width: int) -> int:
        """Return how many pixels wide the page is in a window of this width."""
        await self.resize(width, 900)
        measured = "requestAnimationFrame(() => done(document.documentElement.scrollWidth))"
        return int(await self.value(f"new Promise((done) => {measured})"))

    async def picture(self) -> bytes:
        """Return what is seen, as PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])


@contextlib.asynccontextmanager
async def browser(profile: Path) -> AsyncIterator[Tab]:
    """Start a browser that knows nothing, and give its only tab."""
    command = [str(BROWSER), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    quiet = subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(await _address(session, profile), max_msg_size=0) as socket,
        ):
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            try:
                yield tab
            finally:
                listening.cancel()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _address(session: aiohttp.ClientSession, profile: Path) -> str:
    """Return where the tab is spoken to: the browser writes its port into its profile, and lists its tabs there."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            with contextlib.suppress(OSError, ValueError, IndexError, aiohttp.ClientError):
                port = int((profile / "DevToolsActivePort").read_text().splitlines()[0])
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    pages = [one for one in await answer.json() if one["type"] == "page"]
                    return str(pages[0]["webSocketDebuggerUrl"])
            await asyncio.sleep(0.05)
