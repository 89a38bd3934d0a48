"""What follows from the contract is current, and the same wherever and however it is generated."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from protocols.errors import SpecError
from protocols.generate import HEADER, generate, outputs, stale
from protocols.lint.schemas import OUR_NAMES

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "spec"
SPACE = SPEC / "protocols" / "space.yaml"


def test_everything_generated_is_current() -> None:
    assert stale(outputs(SPEC, ROOT / "protocols", ROOT / "docs" / "protocols")) == []


def test_what_is_missing_or_differs_is_stale(tmp_path: Path) -> None:
    same, other, missing = tmp_path / "same", tmp_path / "other", tmp_path / "missing"
    same.write_text("text")
    other.write_text("something else")

    assert stale({same: "text", other: "text", missing: "text"}) == [other, missing]


@pytest.mark.parametrize("seed", ["1", "2"])
def test_hash_seed_and_folder_do_not_matter(seed: str, tmp_path: Path) -> None:
    program = f"import pathlib, protocols.generate as g; print(g.generate(pathlib.Path({str(SPACE)!r})), end='')"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == (ROOT / "protocols" / "space.py").read_text("utf-8")


@pytest.mark.parametrize("missing", ["datamodel_code_generator", "ruff"])
def test_what_generating_needs_is_named(missing: str, tmp_path: Path) -> None:
    (tmp_path / missing).mkdir()
    (tmp_path / missing / "__init__.py").write_text(f"raise ImportError('No module named {missing}')")
    program = f"""
import pathlib
from protocols.errors import UsageError
from protocols.generate import generate
try:
    generate(pathlib.Path({str(SPACE)!r}))
except UsageError as error:
    print(error)
"""
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "pip install 'socketio-rehearsal[generate]'" in done.stdout


ACKED = """
asyncapi: 3.1.0
info: {title: talk, version: 1.0.0, description: Talk that is answered.}
channels:
  talk:
    address: /talk
    messages:
      Say: {$ref: '#/components/messages/Say'}
      Said: {$ref: '#/components/messages/Said'}
      Hush: {$ref: '#/components/messages/Hush'}
    x-conditions: {}
  talkAcks:
    address: null
    messages: {SayAck: {$ref: '#/components/messages/SayAck'}}
operations:
  onSay:
    action: receive
    channel: {$ref: '#/channels/talk'}
    messages: [{$ref: '#/channels/talk/messages/Say'}]
    reply:
      channel: {$ref: '#/channels/talkAcks'}
      messages: [{$ref: '#/channels/talkAcks/messages/SayAck'}]
    x-ack: {required: true, timeout-ms: 2000}
  onHush: {action: receive, channel: {$ref: '#/channels/talk'}, messages: [{$ref: '#/channels/talk/messages/Hush'}]}
  emitSaid: {action: send, channel: {$ref: '#/channels/talk'}, messages: [{$ref: '#/channels/talk/messages/Said'}]}
components:
  messages:
    Say: {name: say, payload: {$ref: '#/components/schemas/Say'}}
    Said: {name: say, payload: {$ref: '#/components/schemas/Say'}}
    Hush: {name: hush, x-no-payload: true}
    SayAck: {name: say, payload: {$ref: '#/components/schemas/Answer'}}
  schemas:
    Say:
      type: object
      description: Something said.
      additionalProperties: false
      required: [text, to]
      properties:
        text: {type: string, maxLength: 9}
        to: {type: [string, 'null'], maxLength: 9}
        tags: {type: array, maxItems: 3, items: {type: string, maxLength: 9}}
        mood: {$ref: '#/components/schemas/Mood'}
    Mood: {type: string, enum: [glad, sad]}
    Answer:
      type: object
      description: Whether it was heard.
      additionalProperties: false
      required: [ok]
      properties: {ok: {type: boolean}}
"""


def imported(source: str, folder: Path, program: str) -> None:
    """Generate the module `talk`, import it in a program that has to end well, and check its types."""
    (folder / "talk.yaml").write_text(source)
    module = folder / "talk.py"
    module.write_text(generate(folder / "talk.yaml"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", f"import talk\nfrom protocols.contract import *\n{program}\nprint('fine')"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "fine\n", ran.stderr
    typed = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"), str(module)],
        env={**environment, "MYPYPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert typed.returncode == 0, typed.stdout


def test_acks_nulls_lists_and_both_directions(tmp_path: Path) -> None:
    imported(
        ACKED,
        tmp_path,
        """
say = talk.PROTOCOL.parse(Action.RECEIVE, "say", [{"text": "hi", "to": None, "tags": ["a"], "mood": "glad"}])
assert type(say) is talk.Say and say.to is None and list(say.tags) == ["a"], say
assert say.to_args() == [{"text": "hi", "to": None, "tags": ["a"], "mood": "glad"}]
assert type(talk.PROTOCOL.parse(Action.SEND, "say", [{"text": "hi", "to": "me"}])) is talk.Said
assert talk.PROTOCOL.parse(Action.RECEIVE, "hush", []) == talk.Hush()
operation = talk.PROTOCOL.inbound["say"]
assert operation.ack is talk.SayAck and operation.ack_required and operation.ack_timeout_ms == 2000
assert talk.PROTOCOL.parse_ack(operation, [{"ok": True}]) == talk.SayAck(ok=True)
assert talk.PROTOCOL.handshake is None and talk.PROTOCOL.connect == () == talk.PROTOCOL.disconnected
""",
    )


GATED = """
asyncapi: 3.1.0
info: {title: talk, version: 1.0.0, description: Talk among those who are known.}
channels:
  talk:
    address: /talk
    messages:
      Join: {$ref: '#/components/messages/Join'}
      Beat: {$ref: '#/components/messages/Beat'}
      Tell: {$ref: '#/components/messages/Tell'}
      Told: {$ref: '#/components/messages/Told'}
      Mood: {$ref: '#/components/messages/Mood'}
    x-conditions: {known: the sender has been here}
    x-handshake:
      claims: {$ref: '#/components/schemas/TalkClaims'}
      header: true
      missing: Who are you?
      expired: Too late
      invalid: No
    x-connect:
    - {operation: emitMood, to: namespace, where: {value: online}, within-ms: 1000, requirement: mood/1}
    x-disconnect:
    - operation: emitMood
      to: others
      room: '{sender.rooms}'
      when: [not known]
      where: {value: away}
      within-ms: 1000
      level: SHOULD
      requirement: mood/1
  talkAcks:
    address: null
    messages: {JoinAck: {$ref: '#/components/messages/JoinAck'}, BeatAck: {$ref: '#/components/messages/BeatAck'}}
operations:
  onJoin:
    action: receive
    channel: {$ref: '#/channels/talk'}
    messages: [{$ref: '#/channels/talk/messages/Join'}]
    reply:
      channel: {$ref: '#/channels/talkAcks'}
      messages: [{$ref: '#/channels/talkAcks/messages/JoinAck'}]
    x-ack: {required: true, timeout-ms: 2000, where: {value: '{payload.value}'}, requirement: mood/1}
    x-errors: [{when: [known], ack: true, code: E3001, where: {value: no}, requirement: mood/1}]
    x-requirements: [{id: mood/1, level: MUST, text: All know.}]
  onBeat:
    action: receive
    channel: {$ref: '#/channels/talk'}
    messages: [{$ref: '#/channels/talk/messages/Beat'}]
    reply:
      channel: {$ref: '#/channels/talkAcks'}
      messages: [{$ref: '#/channels/talkAcks/messages/BeatAck'}]
    x-ack: {required: false, timeout-ms: 2000}
    x-errors: [{when: [invalid], event: emitMood, code: E3001, where: {value: away}}]
  onTell: {action: receive, channel: {$ref: '#/channels/talk'}, messages: [{$ref: '#/channels/talk/messages/Tell'}]}
  emitTold: {action: send, channel: {$ref: '#/channels/talk'}, messages: [{$ref: '#/channels/talk/messages/Told'}]}
  emitMood: {action: send, channel: {$ref: '#/channels/talk'}, messages: [{$ref: '#/channels/talk/messages/Mood'}]}
components:
  messages:
    Join: {name: join, payload: {$ref: '#/components/schemas/RoomId'}}
    Beat: {name: beat, payload: {$ref: '#/components/schemas/Beat'}}
    Tell: {name: tell, payload: {$ref: '#/components/schemas/Tell'}}
    Told: {name: told, payload: {$ref: '#/components/schemas/Tell'}}
    Mood: {name: mood, payload: {$ref: '#/components/schemas/MoodName'}}
    JoinAck: {name: join, payload: {$ref: '#/components/schemas/RoomId'}}
    BeatAck: {name: beat, payload: {$ref: '#/components/schemas/Counted'}}
  schemas:
    RoomId: {type: string, maxLength: 9}
    MoodName: {type: string, enum: [online, away]}
    Counted: {type: number}
    Beat: {type: object, description: A heartbeat., additionalProperties: false}
    Tell:
      type: object
      description: Something said.
      additionalProperties: true
      required: [id, at]
      properties:
        id: {type: string, format: uuid, description: Which one., title: Id}
        at: {type: string, format: date-time}
        page: {type: string, format: uri, maxLength: 99}
        mail: {type: string, format: email, maxLength: 99}
        kind: {type: string, enum: [TEXT, IMAGE], default: TEXT}
        more: {$ref: '#/components/schemas/More'}
    More: {type: object, description: Whatever else., additionalProperties: true}
    TalkClaims:
      type: object
      description: Who it is.
      additionalProperties: true
      required: [sub]
      properties: {sub: {type: string, maxLength: 64}}
"""


def test_scalars_empty_and_open_objects_and_who_may_come_in(tmp_path: Path) -> None:
    imported(
        GATED,
        tmp_path,
        """
from protocols.errors import InvalidPayload
P = talk.PROTOCOL
assert P.schemas["Tell"]["properties"]["id"] == {"type": "string", "format": "uuid"}
assert P.schemas["Tell"]["properties"]["kind"] == {"type": "string", "enum": ["TEXT", "IMAGE"]}
join = P.parse(Action.RECEIVE, "join", ["c1"])
assert join == talk.Join(value="c1") and join.to_args() == ["c1"] and join.to_json() == {"value": "c1"}
assert talk.Mood(value="away").to_args() == ["away"]
ack = P.parse_ack(P.inbound["join"], ["c1"])
assert ack == talk.JoinAck(value="c1") and ack.to_args() == ["c1"]
for wrong in ([], [None], [{"value": "c1"}], ["0123456789"], ["\\ud800"], ["c1", "c2"]):
    try:
        P.parse(Action.RECEIVE, "join", wrong)
    except InvalidPayload as error:
        assert error.faults
    else:
        raise AssertionError(wrong)
try:
    P.parse_ack(P.inbound["beat"], [10**400])
except InvalidPayload as error:
    assert [fault.pointer for fault in error.faults] == [""]
else:
    raise AssertionError("no double is that large")
assert P.parse(Action.RECEIVE, "beat", [{}]).to_args() == [{}]
told = {"id": "B1F7D5C6-0f5e-4d2e-8a43-5b2f6b1f7d5c", "at": "2026-11-21T09:00:00.000Z", "odd": [1], "more": {"x": {}}}
told |= {"page": "https://example.org", "mail": "mina@example.org"}
for action, name in (("receive", "tell"), ("send", "told")):
    assert P.parse(Action(action), name, [told]).to_json() == {**told, "kind": "TEXT"}
for field in ("id", "at", "page", "mail"):
    assert [(f.pointer, f.keyword) for f in P.faults("Tell", {**told, field: "?"})] == [(f"/{field}", "format")], field
assert P.handshake == Handshake(
    claims="TalkClaims", header=True, missing="Who are you?", expired="Too late", invalid="No"
)
assert P.faults("TalkClaims", {"sub": "mina", "iat": 1}) == [] and P.faults("TalkClaims", {"iat": 1})
[coming], [going] = P.connect, P.disconnected
assert (coming.to, coming.where, coming.requirement) == (Audience.NAMESPACE, {"value": "online"}, "talk/mood/1")
assert (going.room, going.level, P.disconnect) == ("{sender.rooms}", Level.SHOULD, "")
operation = P.inbound["join"]
assert (operation.ack_where, operation.ack_requirement) == ({"value": "{payload.value}"}, "talk/mood/1")
assert operation.refusals == (
    Refusal(
        operation="", by_ack=True, code="E3001", when=(Condition(name="known"),), where={"value": "no"},
        requirement="talk/mood/1",
    ),
)
assert P.inbound["beat"].refusals[0].operation == "emitMood" and not P.inbound["beat"].refusals[0].by_ack
""",
    )


def test_no_class_may_take_a_name_that_the_module_uses_itself() -> None:
    tree = ast.parse(HEADER.format(title="x", description="x", name="x"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    assert {alias.name for node in imports for alias in node.names} | {"Inbound", "Outbound"} == OUR_NAMES


def test_a_scalar_cannot_have_the_name_of_its_message(tmp_path: Path) -> None:
    (tmp_path / "talk.yaml").write_text(GATED.replace("MoodName", "Mood"))
    with pytest.raises(SpecError, match="Mood"):
        generate(tmp_path / "talk.yaml")
