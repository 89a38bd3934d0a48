"""Frames that RFC 6455 does not know, or knows only in other places."""

from typing import Final

from conformance.wire.malformed.input import End, Frames, inputs
from conformance.wire.raw import deflated, frame

_TEXT: Final = b"3"

CASES: Final = (
    *inputs(
        "frame",
        End.CLOSES,
        "engine/4",
        {
            "opcode-3": Frames(frame(3, _TEXT), "a frame with opcode 3"),
            "opcode-11": Frames(frame(11, _TEXT), "a frame with opcode 11"),
            "rsv1": Frames(frame(1, deflated(_TEXT), rsv=4), "a compressed frame that was not negotiated"),
            "rsv2": Frames(frame(1, _TEXT, rsv=2), "a frame with RSV2"),
            "rsv3": Frames(frame(1, _TEXT, rsv=1), "a frame with RSV3"),
            "continuation-of-nothing": Frames(frame(0, _TEXT), "a continuation of nothing"),
            "text-amid-text": Frames(frame(1, b"4", fin=False) + frame(1, _TEXT), "a text frame amid a message"),
            "ping-of-126": Frames(frame(9, b"x" * 126), "a ping of 126 bytes"),
            "ping-in-fragments": Frames(frame(9, b"x", fin=False), "a ping that is to be continued"),
            "close-of-1": Frames(frame(8, b"x"), "a close frame of one byte"),
            "close-code-0": Frames(frame(8, b"\0\0"), "a close frame with code 0"),
            "close-code-1005": Frames(frame(8, (1005).to_bytes(2, "big")), "a close frame with code 1005"),
            "length-2-to-the-63": Frames(b"\x81\xff" + b"\xff" * 8, "a frame of 2^64 - 1 bytes"),
            "no-frame": Frames(b"GET / HTTP/1.1\r\n\r\n", "an HTTP request"),
        },
    ),
    *inputs(
        "frame",
        End.CLOSES,
        "engine/4",
        {"unmasked": Frames(frame(1, _TEXT, masked=False), "a frame without a mask")},
    ),
    *inputs(
        "frame",
        End.SERVES,
        "packet/4",
        {
            "ping": Frames(frame(9, b"rehearsal"), "a ping frame"),
            "pong-unasked": Frames(frame(10, b"rehearsal"), "a pong frame"),
            "in-two": Frames(frame(1, b"40/rehearsal-", fin=False) + frame(0, b"nowhere,"), "a message in two frames"),
            "one-byte-each": Frames(
                frame(1, b"4", fin=False)
                + b"".join(frame(0, bytes([one]), fin=False) for one in b"0/rehearsal-nowhere,")
                + frame(0, b""),
                "a message of one-byte frames",
            ),
            "a-character-cut": Frames(
                frame(1, b"40/\xe2\x82", fin=False) + frame(0, b"\xac,"), "a message cut within a character"
            ),
            "ping-amid-a-message": Frames(
                frame(1, b"40/rehearsal", fin=False) + frame(9, b"x") + frame(0, b"-nowhere,"), "a ping amid a message"
            ),
        },
    ),
)
