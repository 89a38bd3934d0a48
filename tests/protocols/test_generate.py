"""What follows from the contract is current, and the same wherever and however it is generated."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from protocols.generate import generate, outputs, stale

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "spec"
SPACE = SPEC / "protocols" / "space.yaml"


def test_everything_generated_is_current() -> None:
    assert stale(outputs(SPEC, ROOT / "protocols")) == []


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


def test_acks_nulls_lists_and_both_directions(tmp_path: Path) -> None:
    source = tmp_path / "talk.yaml"
    source.write_text(ACKED)
    module = tmp_path / "talk.py"
    module.write_text(generate(source))
    program = """
import talk
from protocols.contract import Action
say = talk.PROTOCOL.parse(Action.RECEIVE, "say", [{"text": "hi", "to": None, "tags": ["a"], "mood": "glad"}])
assert type(say) is talk.Say and say.to is None and list(say.tags) == ["a"], say
assert say.to_args() == [{"text": "hi", "to": None, "tags": ["a"], "mood": "glad"}]
assert type(talk.PROTOCOL.parse(Action.SEND, "say", [{"text": "hi", "to": "me"}])) is talk.Said
assert talk.PROTOCOL.parse(Action.RECEIVE, "hush", []) == talk.Hush()
operation = talk.PROTOCOL.inbound["say"]
assert operation.ack is talk.SayAck and operation.ack_required and operation.ack_timeout_ms == 2000
assert talk.PROTOCOL.parse_ack(operation, [{"ok": True}]) == talk.SayAck(ok=True)
print("fine")
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.stdout == "fine\n", ran.stderr
    typed = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"), str(module)],
        env={**environment, "MYPYPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert typed.returncode == 0, typed.stdout
