"""Binary packets over a WebSocket whose counts, placeholders and attachments do not belong together."""

from typing import Final

from conformance.wire.malformed.input import End, Frames, inputs
from conformance.wire.raw import frame

_HOLE: Final = '{"_placeholder":true,"num":0}'

CASES: Final = (
    *inputs(
        "binary",
        End.CLOSES,
        "binary/3",
        {
            "orphan": b"orphan",
            "orphan-empty": b"",
            "one-too-many": (f'451-@["rehearsal",{_HOLE}]', b"x", b"orphan"),
            "text-instead": (f'451-@["rehearsal",{_HOLE}]', '42@["rehearsal"]'),
            "another-binary-event-instead": (f'451-@["rehearsal",{_HOLE}]', f'451-@["rehearsal",{_HOLE}]', b"x"),
            "uncounted": f'45@["rehearsal",{_HOLE}]',
            "count-negative": f'45-1-@["rehearsal",{_HOLE}]',
            "count-fraction": f'451.5-@["rehearsal",{_HOLE}]',
            "count-letters": f'45x-@["rehearsal",{_HOLE}]',
            "count-arabic-digit": f'45\u0661-@["rehearsal",{_HOLE}]',
            "count-empty": f'45-@["rehearsal",{_HOLE}]',
            "ack-uncounted": f"46@1[{_HOLE}]",
            **{
                f"number-{name}": (f'451-@["rehearsal",{{"_placeholder":true,"num":{number}}}]', b"x")
                for name, number in {
                    "negative": "-1",
                    "beyond": "1",
                    "far-beyond": "999999999",
                    "fraction": "0.5",
                    "string": '"0"',
                    "null": "null",
                    "true": "true",
                    "array": "[0]",
                }.items()
            },
            "number-missing": ('451-@["rehearsal",{"_placeholder":true}]', b"x"),
        },
    ),
    *inputs(
        "binary",
        End.CLOSES,
        "event/1",
        {
            "event-without-payload": ("451-@", b"x"),
            "event-empty": ("451-@[]", b"x"),
            "event-object": (f"451-@{_HOLE}", b"x"),
        },
    ),
    *inputs("binary", End.CLOSES, "packet/3", {"event-no-json": ("451-@[", b"x")}),
    *inputs(
        "binary",
        End.EITHER,
        "robust/1",
        {
            "ack-without-id": (f"461-@[{_HOLE}]", b"x"),
            "ack-object": ("461-@1{}", b"x"),
            "count-0": f'450-@["rehearsal",{_HOLE}]',
            "count-0-without-placeholder": '450-@["rehearsal"]',
            "count-11": f'4511-@["rehearsal",{_HOLE}]',
            "count-great": f'45999999999-@["rehearsal",{_HOLE}]',
            "count-of-forty-digits": f'45{"9" * 40}-@["rehearsal",{_HOLE}]',
            "count-leading-zero": (f'4501-@["rehearsal",{_HOLE}]', b"x"),
            "number-whole-fraction": ('451-@["rehearsal",{"_placeholder":true,"num":0.0}]', b"x"),
            "ack-unasked": (f"461-@1[{_HOLE}]", b"x"),
            "elsewhere": (f'451-/rehearsal-nowhere,["rehearsal",{_HOLE}]', b"x"),
            "name-is-binary": (f"451-@[{_HOLE}]", b"x"),
            "attachment-looks-like-a-packet": (f'451-@["rehearsal",{_HOLE}]', b'42["rehearsal"]'),
        },
    ),
    *inputs(
        "binary",
        End.SERVES,
        "packet/4",
        {
            "unknown-event": (f'451-@["rehearsal",{_HOLE}]', b"x"),
            "attachment-empty": (f'451-@["rehearsal",{_HOLE}]', b""),
            "the-same-twice": (f'451-@["rehearsal",{_HOLE},{_HOLE}]', b"x"),
            "what-only-looks-like-a-placeholder": (
                f'451-@["rehearsal",{_HOLE},{{"_placeholder":1,"num":0}},{{"_placeholder":"true"}}]',
                b"x",
            ),
            "attachment-in-fragments": (
                f'451-@["rehearsal",{_HOLE}]',
                Frames(frame(2, b"ab", fin=False) + frame(0, b"cd"), "binary 61 62, 63 64 in two frames"),
            ),
        },
    ),
)
