"""What came is read as the contract has it."""

import pytest

from protocols import space
from simulators import wire
from simulators.received import Received

JUMPED = {"id": "me", "x": 1.5, "y": 2}


def received(*arguments: object, can_end_in_offset: bool) -> Received:
    packet = wire.Event.of("player:jumped", *arguments, namespace="/space")
    return Received("player:jumped", 1, packet, space.PROTOCOL, can_end_in_offset)


def test_an_offset_is_not_the_event_s() -> None:
    """A server that can recover sessions puts one behind each event, for its client to remember."""
    jumped = received(JUMPED, "Q8i2R8L", can_end_in_offset=True)
    assert jumped.event == space.PlayerJumped.model_validate(JUMPED)
    assert jumped.arguments == [JUMPED]
    assert received(JUMPED, can_end_in_offset=True).event == jumped.event  # what is volatile has none


@pytest.mark.parametrize(
    ("arguments", "can_end_in_offset"),
    [((JUMPED, "Q8i2R8L"), False), ((JUMPED, 7), True), ((JUMPED, "Q8i2R8L", "Q8i2R8M"), True), (("Q8i2R8L",), True)],
)
def test_all_else_that_is_too_much_is_wrong(arguments: tuple[object, ...], can_end_in_offset: bool) -> None:
    assert received(*arguments, can_end_in_offset=can_end_in_offset).violation is not None
