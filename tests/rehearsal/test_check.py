"""`rehearsal check` on servers that are right, and on one that is wrong in one thing."""

import json
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conformance.suite import suite_of
from conformance.tally import worst
from protocols import PROTOCOLS
from protocols.errors import UsageError
from rehearsal.check import Request, each, split_url
from rehearsal.target_options import TargetOptions

from .command import Running, rehearsal


def test_a_correct_server_passes(whole: str) -> None:
    ended = rehearsal("check", whole, "space/chat", "space/http", "--budget", "1s")

    assert ended.code == 0, ended.out
    assert "\nPASSED: " in ended.out
    assert "✗" not in ended.out.replace("✗ failed", "")


def test_a_broken_rule_fails_with_requirement_conversation_and_command(gossip: str, tmp_path: Path) -> None:
    options = ("--seed", "4", "--report", str(tmp_path / "new"), "--junit", str(tmp_path / "new" / "junit.xml"))
    ended = rehearsal("check", gossip, "space/whisper:send/valid", *options)

    assert ended.code == 1
    assert "FAILED space/whisper/1 MUST  room-isolation  met by space/whisper:send/valid" in ended.out
    assert "A whisper is heard by its target, and by nobody else." in ended.out
    report: Any = json.loads((tmp_path / "new" / "report.json").read_text("utf-8"))
    (defect,) = report["reports"][0]["defects"]
    assert defect["requirement"] == "space/whisper/1"
    assert 2 <= len(defect["conversation"]) <= 8
    assert defect["conversation"][-1].startswith("! ")
    text = (tmp_path / "new" / "report.txt").read_text("utf-8")
    assert f"  repeat    {defect['repeat']}" in text
    junit = ElementTree.parse(tmp_path / "new" / "junit.xml")
    failed = {one.get("name") for one in junit.iter("testcase") if one.find("failure") is not None}
    assert "space/whisper:send/valid/plain" in failed

    again = rehearsal(*shlex.split(defect["repeat"])[1:])
    assert again.code == 1
    assert "FAILED space/whisper/1 MUST  room-isolation  met by space/whisper:send/valid" in again.out


def test_a_known_failure_does_not_fail_the_run(gossip: str, tmp_path: Path) -> None:
    (tmp_path / "target.toml").write_text(f'url = "{gossip}"\nknown_failures = ["space/whisper/1"]\n')
    ended = rehearsal("check", "--target", "target.toml", "space/whisper:send/valid", cwd=tmp_path)

    assert ended.code == 0, ended.out
    assert "! space/whisper/1 MUST A whisper is heard by its target, and by nobody else. (known)" in ended.out
    assert "repeat    rehearsal check space/whisper:send/valid/plain --seed" in ended.out
    assert "--target target.toml" in ended.out


def test_what_is_broken_today_fails_no_run_that_knows_of_it(gossip: str, tmp_path: Path) -> None:
    words = ("check", gossip, "space/whisper:send/valid")
    first = rehearsal(*words, "--write-baseline", "known.toml", cwd=tmp_path)
    second = rehearsal(*words, "--baseline", "known.toml", cwd=tmp_path)

    assert (first.code, second.code) == (1, 0), second.out
    assert '"space/whisper/1" = ["room-isolation"]' in (tmp_path / "known.toml").read_text("utf-8").splitlines()
    assert "WARNED space/whisper/1" in second.out


def test_an_unknown_known_failure_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "target.toml").write_text('url = "http://127.0.0.1:9"\nknown_failures = ["space/whisper/9"]\n')
    ended = rehearsal("check", "--target", "target.toml", cwd=tmp_path)

    assert ended.code == 2
    assert "space has no requirement 'space/whisper/9'" in ended.err


def test_ctrl_c_reports_what_was_found_so_far(whole: str) -> None:
    with Running("check", whole, "--budget", "60s", "--verbose") as check:
        check.line_with("• 2/")
        ended = check.interrupt()

    assert ended.code == 2
    assert "COULD NOT TELL (interrupted: " in ended.out
    assert "Traceback" not in ended.err


def test_the_list_needs_no_server_and_has_every_requirement_and_case() -> None:
    ended = rehearsal("check", "--list")
    lines = ended.out.splitlines()

    assert ended.code == 0
    for suite in map(suite_of, PROTOCOLS):
        for requirement in suite.protocol.requirements.values():
            assert f"{requirement.address} {requirement.level}  {requirement.text}" in lines
        assert {f"    {case.address}" for case in suite.cases()} <= set(lines)
        for reason in suite.untested.values():
            assert f"    not tested: {reason}" in lines


def test_a_server_with_none_of_the_namespaces_has_to_be_named(alone: str) -> None:
    ended = rehearsal("check", alone, "--budget", "1s")

    assert ended.code == 2
    assert "say what it speaks at /: --protocol NAME" in ended.err
    assert ended.err.count("\n") == 1


def test_a_run_ends_as_its_worst_protocol_does() -> None:
    assert [worst(codes) for codes in ((0, 0), (0, 2), (2, 1), (1, 0), ())] == [0, 2, 1, 1, 2]


def test_the_time_is_shared_and_each_protocol_gets_its_own_addresses() -> None:
    request = Request(where=TargetOptions(url="http://h:1"), addresses=("hub/send", "space/chat/1"), budget_s=60)
    hub, space = each(request, request.where.protocols(request.addresses))
    assert (hub.where.protocol, hub.addresses, hub.options.budget_s) == ("hub", ("hub/send",), 30)
    assert (space.where.protocol, space.addresses, space.options.budget_s) == ("space", ("space/chat/1",), 30)


def test_the_command_that_repeats_a_case_says_what_matters() -> None:
    request = Request(
        where=TargetOptions(url="http://h:1", file=Path("my target.toml"), namespace="/x", transport="polling"),
        strict=True,
    )

    assert request.command("space/join:space/valid") == (
        f"rehearsal check http://h:1 space/join:space/valid --seed {request.options.seed} "
        "--target 'my target.toml' --namespace /x --transport polling --strict"
    )


def test_what_is_said_beside_a_file_outweighs_it(tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    file.write_text('url = "http://a:1"\nnamespace = "/a"\ntransport = "polling"\n')
    target = TargetOptions(url="http://b:2", file=file, namespace="/b").target()

    assert (target.url, target.namespace, target.transport) == ("http://b:2", "/b", "polling")


def test_the_first_word_is_the_url() -> None:
    assert split_url(["http://h:1", "space/join"], needs_url=True) == ("http://h:1", ("space/join",))
    assert split_url(["space/join"], needs_url=False) == (None, ("space/join",))
    with pytest.raises(UsageError, match="'space/join' is no URL"):
        split_url(["space/join"], needs_url=True)
