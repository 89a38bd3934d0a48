"""An independent parser reads our contract, and sees the operations that we see."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from asyncapi_python_codegen.parser import extract_all_operations

from protocols import PROTOCOLS
from protocols.contract import Operation

from .derived import derive

SPEC = Path(__file__).parents[2] / "spec" / "asyncapi.yaml"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("derived") / "asyncapi.yaml"
    document = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(derive(document), sort_keys=False), encoding="utf-8")
    return dict(extract_all_operations(path))


@pytest.fixture(scope="module")
def ours() -> dict[str, Operation]:
    return {f"{name}.{op.id}": op for name, protocol in PROTOCOLS.items() for op in protocol.operations}


def test_it_sees_the_same_operations(theirs: dict[str, Any], ours: dict[str, Operation]) -> None:
    assert theirs.keys() == ours.keys()
    assert len(theirs) >= 30


def test_it_sees_who_emits_what_and_what_it_is_called(theirs: dict[str, Any], ours: dict[str, Operation]) -> None:
    def seen(operation: Any) -> tuple[str, str, list[str]]:
        return operation.action, operation.channel.address, [message.name for message in operation.messages]

    assert {key: seen(operation) for key, operation in theirs.items()} == {
        key: (operation.action.value, operation.name, [operation.name]) for key, operation in ours.items()
    }


def test_it_sees_which_events_have_a_reply(theirs: dict[str, Any], ours: dict[str, Operation]) -> None:
    assert {key for key, operation in theirs.items() if operation.reply is not None} == {
        key for key, operation in ours.items() if operation.ack is not None
    }


def test_it_sees_which_events_have_a_payload(theirs: dict[str, Any], ours: dict[str, Operation]) -> None:
    without = {key for key, operation in theirs.items() if operation.messages[0].payload is None}
    assert without == {key for key, operation in ours.items() if operation.schema is None}
