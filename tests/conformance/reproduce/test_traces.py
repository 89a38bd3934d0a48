"""Traces hold nothing of the run that made them: they come back from a file whole, and no secret stands in a script."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import symptom as signs
from conformance.reproduce import codec
from conformance.reproduce.evidence import Evidence
from conformance.reproduce.language import MAX_LINES, packed
from conformance.reproduce.node import Node
from conformance.reproduce.prune import pruned
from conformance.reproduce.python import Python
from conformance.reproduce.record import record
from conformance.reproduce.script import script
from conformance.reproduce.trace import Bound, Picked, Run, Shown, Step, Trace
from conformance.symptom import REFUSED, Symptom
from protocols.contract import Json
from protocols.errors import UsageError
from simulators.endpoint import Endpoint
from simulators.history import Direction, History
from simulators.people import Given, Origin, Signed
from simulators.target import Target

RUN = "abc123"
TOKEN = "token-of-mina-7531"
SECRET = "a-secret-that-nobody-may-see"
ROOM = "room-9f8e7d6c"


def evidence(target: Target, origins: Mapping[str, Origin], auth: dict[str, Json]) -> Evidence:
    """Somebody comes with credentials, is given a room, and speaks there; somebody else only comes."""
    history = History()
    for who in ("ana", "eve"):
        endpoint = Endpoint(url=target.url, auth=auth if who == "ana" else None)
        history.append(who, Direction.STATE, "connected", endpoint=endpoint)
    history.append("ana", Direction.SENT, "open", [{"name": f"place-{RUN}-1", "note": b"\x00"}], ack_id=0)
    history.append("ana", Direction.RECEIVED, "open", [{"room": ROOM}], ack_id=0, is_ack=True)
    history.append("ana", Direction.SENT, "say", [{"room": ROOM, "text": "hello"}])
    history.append("ana", Direction.RECEIVED, "said", [{"room": ROOM, "text": "HELLO"}])
    return Evidence(
        target=target,
        records=list(history),
        asides=(),
        begun=(0, 1, 2, 4),
        refused=(),
        origins=origins,
        runs=(RUN,),
    )


def by_itself(symptom: Symptom, *, late: bool = False, after: bool = False) -> Trace:
    """Somebody asks, somebody else comes and asks as well, and a timer of the first tells of both, after a while."""
    history = History()
    for who in ("ana", "eve"):
        history.append(who, Direction.STATE, "connected", endpoint=Endpoint(url="http://127.0.0.1:9"))
    for who, question in (("ana", "q-1234567"), ("eve", "q-7654321")):
        history.append(who, Direction.SENT, "ask", [{"text": RUN}], ack_id=0)
        history.append(who, Direction.RECEIVED, "ask", [{"id": question}], ack_id=0, is_ack=True)
    if late:
        history.append("eve", Direction.SENT, "ask", [{"text": RUN}])
    told = history.append("eve", Direction.RECEIVED, "told", [{"id": "q-1234567"}])
    records = [*list(history)[:-1], replace(told, at_ns=told.at_ns + 3_000_000_000)]
    window = len(records) - (2 if late else 1)
    if after:
        asked = history.append("eve", Direction.SENT, "ask", [{"text": RUN}])
        records.append(replace(asked, at_ns=asked.at_ns + 4_000_000_000))
    return record(
        Evidence(
            target=Target.at("http://127.0.0.1:9", namespace="/"),
            records=records,
            asides=(),
            begun=(0, 1, 2, 4, window, *([len(records) - 1] if after else ())),
            refused=(),
            origins={},
            runs=(RUN,),
        ),
        [symptom],
    )


def trace(folder: Path, people: str = "", origins: Mapping[str, Origin] | None = None, token: Json = None) -> Trace:
    """A trace of that, at a target with such people."""
    file = folder / "target.toml"
    file.write_text(f'url = "http://127.0.0.1:9"\nnamespace = "/"\n{people}')
    due = Symptom.unheard("ana", "said", {"room": ROOM, "text": "hello"}, 1.0)
    return record(evidence(Target.load(file), origins or {}, {"token": token}), [due])


def test_what_the_server_made_is_picked_where_it_came_first(tmp_path: Path) -> None:
    whole = trace(tmp_path)

    [ack, said] = [step for step in whole.steps if step.deed == "emit"]
    assert ack.arguments == ({"name": Bound(("place-", Run(), "-1")), "note": b"\x00"},)
    [payload] = said.arguments
    assert isinstance(payload, dict)
    assert payload["room"] == Bound((Picked(2, "ana", "(ack)", 0, ("room",)),))
    assert whole.window == 3
    assert whole.symptoms[0].values == (payload["room"], "hello")


def test_who_only_comes_is_left_out(tmp_path: Path) -> None:
    assert [step.who for step in pruned(trace(tmp_path)).steps] == ["ana", "ana", "ana"]


def test_another_socket_of_the_same_user_is_left_where_it_is(tmp_path: Path) -> None:
    people = '[[people.users]]\nid = "mina"\nnickname = "Mina"\ntoken = "token-of-mina-7531"\n'
    of_mina: Origin = Given(user_id="mina")
    whole = trace(tmp_path, people, {TOKEN: of_mina}, TOKEN)
    again = replace(whole.steps[0], who="ana-again")
    assert whole.steps[1].deed == "connect"
    whole = replace(whole, steps=(whole.steps[0], again, *whole.steps[2:]))

    assert [step.who for step in pruned(whole).steps] == ["ana", "ana-again", "ana", "ana"]


@pytest.mark.parametrize("kind", [Python, Node])
def test_who_is_refused_and_hears_something_all_the_same_stays(kind: type[Python | Node], tmp_path: Path) -> None:
    whole = trace(tmp_path)
    refused = replace(whole.steps[1], heard=(("eve", REFUSED),))
    whole = replace(whole, steps=(whole.steps[0], refused, *whole.steps[2:]))
    for symptom, stays in ((Symptom.heard("eve", "said"), True), (Symptom.heard("eve", REFUSED), False)):
        shown = replace(whole, symptoms=(Shown(symptom, ()),))
        assert ('await knock("eve"' in script(shown, ["about"], kind)) is stays
        assert ('await connect("eve"' in script(shown, ["about"], kind)) is not stays
        assert 'await connect("ana"' in script(shown, ["about"], kind)


def test_what_comes_by_itself_may_come_of_anybody_and_takes_its_time() -> None:
    whole = by_itself(Symptom.heard("eve", "told"))
    [shown] = whole.symptoms

    assert pruned(whole).steps == whole.steps
    assert sum(step.matches[0] for step in whole.steps) == 0
    assert ("eve", "told") not in whole.steps[-1].heard
    assert shown.symptom.times == 1
    assert shown.symptom.within_s == pytest.approx(6.0, abs=0.5)


def test_the_time_is_waited_that_a_timer_takes_before_somebody_goes_on() -> None:
    steps = by_itself(Symptom.unheard("eve", "asked", {}, 1.0), after=True).steps

    assert [step.deed for step in steps] == ["connect", "connect", "emit", "emit", "wait", "emit"]
    assert steps[4].wait_s == pytest.approx(3.3, abs=0.3)


def test_who_said_what_comes_later_is_no_bystander() -> None:
    whole = by_itself(Symptom.heard("eve", "told"), late=True)

    assert [step.who for step in pruned(whole).steps] == ["ana", "eve", "ana", "eve", "eve"]
    whole = replace(whole, makers=frozenset())
    assert [step.who for step in pruned(whole).steps] == ["eve", "eve", "eve"]
    crowd = replace(
        whole, symptoms=tuple(replace(one, symptom=replace(one.symptom, is_of_all=True)) for one in whole.symptoms)
    )
    assert pruned(crowd).steps == whole.steps


@pytest.mark.parametrize(("is_missing", "kept"), [(True, 2), (False, 1)])
def test_who_goes_unheard_has_been_refused_something_before(*, is_missing: bool, kept: int, tmp_path: Path) -> None:
    whole = trace(tmp_path)
    refused = replace(whole.steps[3], is_refused=True)
    shown = replace(whole.symptoms[0], symptom=replace(whole.symptoms[0].symptom, is_missing=is_missing))
    whole = replace(whole, steps=(*whole.steps[:3], refused, refused, refused), window=5, symptoms=(shown,))

    assert [step.name for step in pruned(whole).steps].count("say") == kept


def test_who_hears_of_what_somebody_else_misses_is_no_bystander(tmp_path: Path) -> None:
    whole = trace(tmp_path)
    heard = replace(whole.steps[3], heard=(("eve", "said"),))

    assert "eve" not in {step.who for step in pruned(whole).steps}
    assert "eve" in {step.who for step in pruned(replace(whole, steps=(*whole.steps[:3], heard))).steps}


def test_what_was_heard_before_the_last_step_alone_counts_from_the_beginning() -> None:
    [shown] = by_itself(Symptom.heard("ana", "(ack)")).symptoms

    assert (shown.symptom.times, shown.symptom.is_ever) == (1, True)


def test_a_moment_is_told_by_the_same_one_whenever_it_is_said() -> None:
    history = History()
    history.append("ana", Direction.STATE, "connected", endpoint=Endpoint(url="http://127.0.0.1:9"))
    for name, moment in (("said", 1_796_000_000_000), ("later", 1_796_000_000_007)):
        history.append("ana", Direction.RECEIVED, name, [{"at": moment}])
        history.append("ana", Direction.SENT, "until", [{"end": 1_796_000_060_000}])
    found = Evidence(
        target=Target.at("http://127.0.0.1:9", namespace="/"),
        records=list(history),
        asides=(),
        begun=(0, 2, 4),
        refused=(),
        origins={},
        runs=(RUN,),
    )
    [_, first, second] = record(found, [Symptom.heard("ana", "later")]).steps

    assert first.arguments == second.arguments == ({"end": Bound((Picked(0, "ana", "said", 0, ("at",), 60_000),))},)


def test_an_id_that_the_server_makes_of_a_name_of_ours_is_the_servers(tmp_path: Path) -> None:
    history = History()
    history.append("ana", Direction.STATE, "connected", endpoint=Endpoint(url="http://127.0.0.1:9"))
    for name in ("say", "say-again"):
        history.append("ana", Direction.SENT, name, [{"room": f"room-{RUN}"}])
        history.append("ana", Direction.RECEIVED, "said", [{"id": f"room-{RUN}-0a1b2c3d4e", "by": f"guest-{RUN}-1"}])
    found = Evidence(
        target=Target.at("http://127.0.0.1:9", namespace="/"),
        records=list(history),
        asides=(),
        begun=(0, 1, 3),
        refused=(),
        origins={},
        runs=(RUN,),
    )
    tests = [signs.Test(("id",), "is", f"room-{RUN}-0a1b2c3d4e"), signs.Test(("by",), "is", f"guest-{RUN}-1")]
    [shown] = record(found, [Symptom.heard("ana", "said", *tests)]).symptoms

    assert shown.values == (Bound((Picked(1, "ana", "said", 0, ("id",)),)), Bound(("guest-", Run(), "-1")))


def test_a_trace_comes_back_from_its_file(tmp_path: Path) -> None:
    whole = pruned(trace(tmp_path))
    codec.write(whole, tmp_path / "one.json")
    again = codec.read(tmp_path / "one.json")
    codec.write(again, tmp_path / "two.json")

    assert again.steps == whole.steps
    assert [one.values for one in again.symptoms] == [one.values for one in whole.symptoms]
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": 99}', json.dumps({"schema": codec.SCHEMA}), json.dumps({"schema": 1, "steps": 7})]
)
def test_a_file_that_holds_no_replay_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "some.json"
    file.write_text(text)

    with pytest.raises(UsageError, match=r"some\.json"):
        codec.read(file)


@pytest.mark.parametrize("kind", [Python, Node])
def test_no_secret_of_a_target_file_stands_in_a_script(kind: type[Python | Node], tmp_path: Path) -> None:
    people = (
        f'[people.login.jwt]\nsecret = "{SECRET}"\nclaims = {{ sub = "{{id}}" }}\n'
        f'[[people.users]]\nid = "mina"\nnickname = "Mina"\ntoken = "{TOKEN}"\n'
    )
    signed: Origin = Signed(claims={"sub": "jun"}, prefix="", algorithm="HS256", expires_s=60, secret_env="APP_SECRET")
    for origins, token in (({TOKEN: Given(user_id="mina")}, TOKEN), ({"signed.by.us": signed}, "signed.by.us")):
        whole = pruned(trace(tmp_path, people, origins, token))
        text = script(whole, ["about"], kind)
        codec.write(whole, tmp_path / "replay.json")
        for written in (text, (tmp_path / "replay.json").read_text()):
            assert SECRET not in written
            assert token not in written
        assert "REHEARSAL_TOKEN_MINA" in text if token == TOKEN else "APP_SECRET" in text


def test_scripts_are_python_and_short(tmp_path: Path) -> None:
    text = script(pruned(trace(tmp_path)), ["about"], Python)

    compile(text, "script.py", "exec")
    assert len(text.splitlines()) <= MAX_LINES


def test_lines_are_packed_only_as_far_as_they_must() -> None:
    lines = ["    one()", "    for who in (1, 2):", "        two()", "        three()", "    four()", "    five()"]

    assert packed(lines, 6, "; ") == lines
    assert packed(lines, 5, "; ")[2] == "        two(); three()"
    packed_hard = packed(lines, 1, "; ")
    compile("def f():\n" + "\n".join(packed_hard), "packed.py", "exec")
    assert packed_hard[1] == "    for who in (1, 2): two(); three()"
    assert len(packed_hard) == 3


def test_a_loop_in_braces_is_one_line_where_it_must() -> None:
    lines = [
        "  one();",
        "  for (const a of b) {",
        "    for (const c of d) {",
        "      two();",
        "    }",
        "  }",
        "  three();",
    ]

    assert packed(lines, 5, " ")[2] == "    for (const c of d) { two(); }"
    assert packed(lines, 1, " ") == [*lines[:2], "    for (const c of d) { two(); }", *lines[5:]]


@pytest.mark.parametrize(
    ("number", "said"),
    [(7.0, "7"), (-3.0, "-3"), (0.5, "0.5"), (-0.0, "-0.0"), (1e300, "1e+300"), (2.0**53, "9007199254740992.0")],
)
def test_a_whole_number_has_no_point(number: float, said: str) -> None:
    assert Python({}).say(number) == Node({}).say(number) == said


@pytest.mark.parametrize("kind", [Python, Node])
def test_helpers_are_squeezed_before_what_is_done(kind: type[Python | Node], tmp_path: Path) -> None:
    whole = pruned(trace(tmp_path))
    [*_, said] = whole.steps
    other = replace(said, arguments=("something else",))
    text = script(replace(whole, steps=(*whole.steps, *[said, said, other] * 2), window=9), ["about"], kind)

    lines = text.splitlines()
    assert len(lines) <= MAX_LINES
    assert sum(line.lstrip().startswith("await say") for line in lines) == 7


def test_a_token_has_one_name(tmp_path: Path) -> None:
    signed: Origin = Signed(claims={"sub": "jun"}, prefix="", algorithm="HS256", expires_s=60, secret_env="APP_SECRET")
    whole = trace(tmp_path, origins={"signed.by.us": signed}, token="signed.by.us")
    [come, *_] = whole.steps
    assert isinstance(come.auth, dict)
    ask = Step(deed="http", who="(http)", name="GET", url="/rooms", headers={"Authorization": come.auth["token"]})
    text = script(replace(whole, steps=(come, ask, ask), window=3, symptoms=()), ["about"], Python)

    assert text.count('GOT["somebody"]') == 0
