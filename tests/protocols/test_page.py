"""A page says all that the contract says, and keeps what people wrote above it."""

import re
from pathlib import Path

import pytest

from protocols import PROTOCOLS
from protocols.contract import Action
from protocols.page import MARK, page

SOURCES = Path(__file__).parents[2] / "spec" / "protocols"


@pytest.fixture(scope="module", params=sorted(PROTOCOLS))
def named(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param, page(SOURCES / f"{request.param}.yaml")


def test_everything_of_the_contract_is_told(named: tuple[str, str]) -> None:
    name, text = named
    protocol = PROTOCOLS[name]
    for operation in protocol.operations:
        heading = f"### `{operation.name}`" + (" from the server" if operation.action is Action.SEND else "")
        assert f"\n{heading}\n" in text
    for address, requirement in protocol.requirements.items():
        assert text.count(f"- **{address}** {requirement.level}: ") == 1
    for schema in protocol.schemas:
        assert f"\n### {schema}\n" in text
    for condition in protocol.conditions:
        assert f"\n| {condition} | " in text


def test_what_is_allowed_stands_there_letter_by_letter(named: tuple[str, str]) -> None:
    name, text = named
    for schema in PROTOCOLS[name].schemas.values():
        for value in schema.get("enum", ()):
            assert f"`{value}`" in text
        if pattern := schema.get("pattern"):
            assert f"like `{pattern.replace('|', chr(92) + '|')}`" in text


def test_every_event_is_explained(named: tuple[str, str]) -> None:
    _, text = named
    lines = text.splitlines()
    headings = [number for number, line in enumerate(lines) if line.startswith("### `")]
    assert all(len(lines[number + 2]) > 3 for number in headings)
    assert not any(line.endswith("| . |") for line in lines)


def test_who_tells_whom_is_drawn(named: tuple[str, str]) -> None:
    name, text = named
    drawings = re.findall(r"```mermaid\nsequenceDiagram\n(.*?)```", text, re.DOTALL)
    telling = [op for op in PROTOCOLS[name].inbound.values() if op.triggers]
    assert len(drawings) == len(telling)
    for drawing, operation in zip(drawings, telling, strict=True):
        lines = drawing.splitlines()
        assert f"    S->>R: {operation.name}" in lines
        participants = {match[1] for line in lines if (match := re.match(r"    participant (\w+) as ", line))}
        arrows = [match for line in lines if (match := re.match(r"    (\w+)-?->>(\w+): (.*)", line))]
        assert {party for arrow in arrows for party in (arrow[1], arrow[2])} == participants
        assert sum(arrow[1] == "R" and arrow[3] != "ack" for arrow in arrows) == len(operation.triggers)
        assert not re.search(r"[{};#]", drawing)


def test_every_link_leads_to_a_shape(named: tuple[str, str]) -> None:
    _, text = named
    anchors = {heading.lower() for heading in re.findall(r"^### (\w+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors


def test_what_people_wrote_is_kept() -> None:
    source = SOURCES / "space.yaml"
    first = page(source)
    written = first.replace(first.partition(MARK.format(name="space"))[0], "# Space\n\nBy hand.\n\n\n")
    again = page(source, written)
    assert again.startswith("# Space\n\nBy hand.\n\n" + MARK.format(name="space"))
    assert again.partition(MARK.format(name="space"))[2] == first.partition(MARK.format(name="space"))[2]
    assert page(source, again) == again
