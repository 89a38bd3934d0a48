"""The `locust` command against a real server: headless, in several processes, with the web page, and in trouble."""

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reference_server.serve import running
from reference_server.settings import Settings
from tests.free_port import free_port

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
EXAMPLE = LOCUSTFILE.parents[1] / "examples" / "target.toml"
WITHIN_S = 60.0
# The process that runs these tests has Locust as a library, which must not reach the command.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LOCUST_SKIP_MONKEY_PATCH"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(Settings(port=0), log_stream=io.StringIO()) as url:
        yield url


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *options]


def locust(cwd: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, and every process of it."""
    arguments = command("--headless", *options)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        arguments,
        cwd=cwd,
        env={**ENVIRONMENT, **environment},
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def rows(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    with path.open(newline="") as file:
        return {(row["Type"], row["Name"]): row for row in csv.DictReader(file)}


def check_rows(found: dict[tuple[str, str], dict[str, str]], users: int) -> None:
    """Say whether the statistics are those of this many users who had a few seconds."""
    count = {key: int(row["Request Count"]) for key, row in found.items()}
    assert count["connect", "websocket"] >= users, "everybody came, and some guests came again"
    assert count["ack", "join:space"] == count["deliver", "room:joined"] == count["connect", "websocket"]
    assert count["deliver", "chat:message"] >= count["ack", "chat:message"] > 0
    moves = count["deliver", "player:moved"]
    assert users * 10 < moves < users * 20 * 5 * 10, "5 moves a second at most, heard by fewer than 20 others"
    assert count["", "Aggregated"] == sum(count.values()) - count["", "Aggregated"]
    for key, row in found.items():
        assert row["Failure Count"] == "0", (key, row)
        if key[0] == "across":
            continue  # counted, not timed
        least, middle, most = (float(row[f"{name} Response Time"]) for name in ("Min", "Median", "Max"))
        assert 0 < least <= middle <= most < 10_000, (key, row)
        assert float(row["100%"]) == pytest.approx(most, rel=0.005, abs=1), (key, row)
    assert float(found["deliver", "player:moved"]["Average Response Time"]) > 0


def test_headless(url: str, tmp_path: Path) -> None:
    ended = locust(tmp_path, "--host", url, "-u", "12", "-r", "12", "-t", "6s", "--csv", "figures")
    assert ended.returncode == 0, ended.stderr
    found = rows(tmp_path / "figures_stats.csv")
    check_rows(found, 12)


def test_a_master_and_two_workers_whose_people_share_a_place(url: str, tmp_path: Path) -> None:
    """The workers are told everything by their master, and hold their people to what the other's people do."""
    (tmp_path / "target.toml").write_text(f'url = "{url}"\nnamespace = "/space"\nscopes = ["plaza"]\n')
    port = str(free_port())
    workers = subprocess.Popen(
        command("--worker", "--processes", "2", "--master-port", port),
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        master = ("--master", "--expect-workers", "2", "--master-bind-port", port, "--csv", "figures")
        ended = locust(tmp_path, *master, "--target", "target.toml", "-u", "24", "-r", "24", "-t", "10s", "PlayerUser")
        workers.wait(WITHIN_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(workers.pid, signal.SIGKILL)
        workers.wait()
    assert ended.returncode == 0, ended.stderr
    found = rows(tmp_path / "figures_stats.csv")
    check_rows(found, 24)
    assert int(found["connect", "websocket"]["Request Count"]) == 24
    assert int(found["across", "player:moved"]["Request Count"]) > 0


def test_who_is_named_comes_and_another_protocol_s_people_too(url: str, tmp_path: Path) -> None:
    users = ("TalkerUser", "VisitorUser", "HubHecklerUser", "MessengerUser", "TabletUser", "OwnerUser", "AdminUser")
    ended = locust(tmp_path, "--host", url, "-u", "21", "-r", "21", "-t", "5s", "--csv", "figures", *users)
    assert ended.returncode == 0, ended.stderr
    found = rows(tmp_path / "figures_stats.csv")
    for key in (("deliver", "message_sent"), ("ack", "message:send")):
        assert int(found[key]["Request Count"]) > 0, key
    assert int(found["connect", "websocket"]["Request Count"]) >= 21
    assert {row["Failure Count"] for row in found.values()} == {"0"}


def test_the_usual_people_of_a_protocol(url: str, tmp_path: Path) -> None:
    options = ("--host", url, "--protocol", "gateway", "-u", "10", "-r", "10", "-t", "4s", "--csv", "f", "--otel")
    ended = locust(
        tmp_path,
        *options,
        OTEL_METRICS_EXPORTER="console",
        OTEL_TRACES_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
    )
    assert ended.returncode == 0, ended.stderr
    assert '"name": "rehearsal.load.duration"' in ended.stdout, "and OpenTelemetry was told"
    found = rows(tmp_path / "f_stats.csv")
    assert int(found["ack", "joinRoom"]["Request Count"]) >= 10
    assert int(found["deliver", "newMessage"]["Request Count"]) > 0
    assert not [name for _, name in found if name.startswith("player:")]


def test_a_target_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    ended = locust(tmp_path, "--host", f"http://127.0.0.1:{free_port()}", "-u", "2", "-r", "2", "-t", "2s")
    assert ended.returncode == 1, ended.stderr
    assert "connect websocket" in ended.stderr
    assert "cannot be reached" in ended.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "name the target: --host http://127.0.0.1:3001, or --target FILE"),
        (("--target", "nowhere.toml"), "nowhere.toml"),
        (("--target", str(EXAMPLE), "TalkerUser"), "is about space, and these users speak hub"),
    ],
)
def test_a_target_that_cannot_be_is_one_clear_line(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    ended = locust(tmp_path, *options, "-u", "1", "-t", "20s")
    assert ended.returncode == 2, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_target_file_says_how_to_reach_it(url: str, tmp_path: Path) -> None:
    (tmp_path / "target.toml").write_text(f'url = "{url}"\nnamespace = "/space"\ntransport = "polling"\n')
    ended = locust(tmp_path, "--target", "target.toml", "-u", "3", "-r", "3", "-t", "6s", "--csv", "figures")
    assert ended.returncode == 0, ended.stderr
    found = rows(tmp_path / "figures_stats.csv")
    assert int(found["connect", "polling"]["Request Count"]) >= 3
    assert int(found["deliver", "room:joined"]["Request Count"]) >= 3


def test_the_web_page_begins_shows_and_ends_a_test(url: str, tmp_path: Path) -> None:
    with web_page("--host", url, cwd=tmp_path) as page:
        started = ask(f"{page}/swarm", {"user_count": "6", "spawn_rate": "6", "host": url})
        assert started["success"], started
        stats = until(page, lambda found: found["user_count"] == 6 and moves(found) > 20)
        assert stats["fail_ratio"] == 0
        assert next(row for row in stats["stats"] if row["name"] == "player:moved")["max_response_time"] > 0
        scraped = {family.name: family for family in text_string_to_metric_families(read(f"{page}/metrics"))}
        assert scraped["rehearsal_load_users"].samples[0].value == 6
        delivered = {one.labels["heard"] for one in scraped["rehearsal_load_deliveries"].samples if one.value}
        assert "player:moved" in delivered
        ask(f"{page}/stop", {})
        until(page, lambda found: found["state"] == "stopped")
        ask(f"{page}/swarm", {"user_count": "2", "spawn_rate": "2", "host": url})
        again = until(page, lambda found: found["state"] == "running" and moves(found) > 2)
        assert again["fail_ratio"] == 0, "a second test begins anew"


@contextlib.contextmanager
def web_page(*options: str, cwd: Path) -> Iterator[str]:
    port = free_port()
    arguments = command("--web-host", "127.0.0.1", "--web-port", str(port), *options)
    with subprocess.Popen(arguments, cwd=cwd, env=ENVIRONMENT, stderr=subprocess.DEVNULL) as process:
        page = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: answers(page))
            yield page
        finally:
            process.terminate()
            process.wait(WITHIN_S)
    assert process.returncode == 0


def answers(page: str) -> bool:
    try:
        with urllib.request.urlopen(page, timeout=5) as response:
            return b"Locust" in response.read()
    except urllib.error.URLError:
        return False


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


def ask(address: str, form: dict[str, str] | None = None) -> Any:
    data = None if form is None else urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(address, data, timeout=WITHIN_S) as response:
        return json.load(response)


def moves(stats: Any) -> int:
    return sum(row["num_requests"] for row in stats["stats"] if row["name"] == "player:moved")


def until(page: str, holds: Callable[[Any], bool]) -> Any:
    found: list[Any] = []

    def look() -> bool:
        found.append(ask(f"{page}/stats/requests"))
        return holds(found[-1])

    wait_for(look)
    return found[-1]


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)
