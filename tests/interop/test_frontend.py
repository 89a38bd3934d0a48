"""The front ends of examples/frontend do what they say: in Node, and in a browser where there is one."""

import base64
import contextlib
import functools
import hashlib
import http.server
import io
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from protocols import space
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.endpoint import Endpoint
from simulators.engine import Engine, SyncConnection

from .conftest import HERE

FRONTEND = HERE.parents[1] / "examples" / "frontend"
CLIENT = HERE / "node_modules" / "socket.io-client" / "dist" / "socket.io.min.js"
CDN = "https://cdn.jsdelivr.net/npm/socket.io-client@4.8.4/dist/socket.io.min.js"
READMES_SERVER = "http://127.0.0.1:3001"
BROWSER = Path("/usr/bin/chromium")
WITHIN_S = 60.0

# What a person would do in front of the page: walk when it is in, greet, and say what it read.
PERSON = """
<script type="module">
  const seen = async (test) => { while (!test()) await new Promise(requestAnimationFrame); };
  const say = (words) => {
    document.querySelector("input").value = words;
    document.querySelector("form").requestSubmit();
  };
  const lines = () => [...document.querySelectorAll("#talk li")].map((line) => line.textContent);
  await seen(() => document.querySelector("#map .me"));
  dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
  say("안녕하세요");
  await seen(() => lines().includes("Jun: 어서 오세요"));
  say([...document.querySelectorAll("#map span")].map((label) => label.textContent).sort().join(" and "));
</script>
"""


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name in the base class
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The origin of a web server for the page, which has the client beside it instead of from afar."""
    page = (FRONTEND / "index.html").read_text(encoding="utf-8")
    assert CDN in page
    (tmp_path / "index.html").write_text(page.replace(CDN, "/client.js") + PERSON, encoding="utf-8")
    shutil.copy(CLIENT, tmp_path / "client.js")
    handler = functools.partial(Silent, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def plaza(engine: Engine, settings: Settings) -> Iterator[tuple[str, SyncConnection]]:
    """A server, and Jun, who is in its plaza already."""
    with running(settings, log_stream=io.StringIO()) as url:
        jun = SyncConnection.open(engine, Endpoint(url=url), space.PROTOCOL, "jun")
        join = {"spaceId": "plaza", "playerId": "me", "nickname": "Jun", "avatarColor": "red"}
        jun.emit(space.JoinSpace.model_validate({**join, "sessionToken": "auth-jun-test"}))
        jun.expect(space.RoomJoined, within_s=WITHIN_S)
        yield url, jun
        jun.close()


@contextlib.contextmanager
def browser(address: str, profile: Path) -> Iterator[None]:
    """A browser that shows one page."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    command = [str(BROWSER), *options, "--remote-debugging-port=0", f"--user-data-dir={profile}", address]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_the_script(engine: Engine, node: str, tmp_path: Path) -> None:
    shutil.copy(FRONTEND / "session.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    with plaza(engine, Settings(port=0, protocols=("space",))) as (url, jun):
        command = [node, str(tmp_path / "session.mjs"), url, "Mina"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            mina = jun.expect(space.PlayerJoined, {"nickname": "Mina"}, within_s=WITHIN_S)
            jun.expect(space.PlayerMoved, {"id": mina.id, "x": 12.5, "y": 3, "direction": "left"}, within_s=WITHIN_S)
            jun.expect(space.ChatMessageEvent, {"senderId": mina.id, "content": "안녕하세요"}, within_s=WITHIN_S)
            jun.emit(space.ChatMessageRequest(content="어서 오세요"))
            jun.expect(space.PlayerLeft, {"id": mina.id}, within_s=WITHIN_S)
            printed, errors = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, errors) == (0, "")
    assert printed.splitlines() == [f"2 here, I am {mina.id}", "Mina: 안녕하세요", "Jun: 어서 오세요"]


def test_the_example_of_the_readme_as_pasted(engine: Engine, node: str, tmp_path: Path) -> None:
    readme = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")
    (pasted,) = re.findall(r"^```js\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    assert READMES_SERVER in pasted
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    with plaza(engine, Settings(port=0, protocols=("space",))) as (url, jun):
        script = tmp_path / "pasted.mjs"
        script.write_text(pasted.replace(READMES_SERVER, url), encoding="utf-8")
        ended = subprocess.run([node, script], check=False, capture_output=True, text=True, timeout=WITHIN_S)
        mina = jun.expect(space.PlayerJoined, {"nickname": "Mina"}, within_s=WITHIN_S)
        jun.expect(space.PlayerMoved, {"id": mina.id}, within_s=WITHIN_S)
        jun.expect(space.PlayerLeft, {"id": mina.id}, within_s=WITHIN_S)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [f"2 here, I am {mina.id}", "Mina: 안녕하세요"]


def test_the_page_loads_the_pinned_client_and_nothing_else(node: str) -> None:
    page = (FRONTEND / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'(?:src|href)="([^"]+)"', page) == [CDN]
    digest = base64.b64encode(hashlib.sha384(CLIENT.read_bytes()).digest()).decode()
    assert f'integrity="sha384-{digest}"' in page


@pytest.mark.skipif(not BROWSER.exists(), reason=f"no browser at {BROWSER}; on Debian: apt-get install chromium")
def test_the_page_in_a_browser(engine: Engine, node: str, site: str, tmp_path: Path) -> None:
    settings = Settings(port=0, protocols=("space",), origins=(site,))
    with plaza(engine, settings) as (url, jun):
        address = f"{site}/index.html?{urlencode({'server': url, 'nickname': 'Mina'})}"
        with browser(address, tmp_path / "profile"):
            mina = jun.expect(space.PlayerJoined, {"nickname": "Mina"}, within_s=WITHIN_S)
            jun.expect(space.PlayerMoved, {"id": mina.id, "x": 1, "direction": "right"}, within_s=WITHIN_S)
            jun.expect(space.ChatMessageEvent, {"senderId": mina.id, "content": "안녕하세요"}, within_s=WITHIN_S)
            jun.emit(space.ChatMessageRequest(content="어서 오세요"))
            jun.expect(space.ChatMessageEvent, {"content": "Jun and Mina"}, within_s=WITHIN_S)
        jun.expect(space.PlayerLeft, {"id": mina.id}, within_s=WITHIN_S)
